"""A network that doubles datagrams."""

from random import Random

from opentcf.sip.outbox import Send
from opentcf.transport.interface import Sender


class Duplicate:
    """Sends each datagram twice with the chance `rate`."""

    def __init__(self, inner: Sender, rate: float, random: Random) -> None:
        self._inner = inner
        self._rate = rate
        self._random = random

    def send(self, order: Send) -> None:
        """Pass the order on once or twice."""
        self._inner.send(order)
        if order.flow.transport == "udp" and self._random.random() < self._rate:
            self._inner.send(order)
