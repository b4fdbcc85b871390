"""A network that takes its time, and so reorders datagrams."""

from collections.abc import Callable
from random import Random

from opentcf.sip.outbox import Send
from opentcf.transport.interface import Sender

Later = Callable[[float, Callable[[Send], None], Send], object]
"""Run a function with an order after some seconds: `loop.call_later`, or what a test puts in its place."""


class Delay:
    """Holds each datagram for a random time of `low` to `high` seconds; what a stream carries is not held."""

    def __init__(self, inner: Sender, low: float, high: float, random: Random, later: Later) -> None:
        self._inner = inner
        self._low = low
        self._high = high
        self._random = random
        self._later = later

    def send(self, order: Send) -> None:
        """Pass the order on in a while."""
        if order.flow.transport == "udp":
            self._later(self._random.uniform(self._low, self._high), self._inner.send, order)
        else:
            self._inner.send(order)
