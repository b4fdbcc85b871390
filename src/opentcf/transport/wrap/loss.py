"""A network that loses datagrams."""

from random import Random

from opentcf.sip.outbox import Send
from opentcf.transport.interface import Sender


class Loss:
    """Loses each datagram with the chance `rate`; streams lose nothing."""

    def __init__(self, inner: Sender, rate: float, random: Random) -> None:
        self._inner = inner
        self._rate = rate
        self._random = random

    def send(self, order: Send) -> None:
        """Pass the order on, or forget it."""
        if order.flow.transport != "udp" or self._random.random() >= self._rate:
            self._inner.send(order)
