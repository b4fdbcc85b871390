"""A wire-tap."""

from typing import NamedTuple

from opentcf.sip.outbox import Flow, Send
from opentcf.transport.interface import Local, Reports


class Captured(NamedTuple):
    """One message; `incoming` as seen from the node."""

    incoming: bool
    data: bytes
    flow: Flow
    local: Local


class Capture:
    """Keeps every message that came or went, in `messages`, and passes all reports on."""

    def __init__(self, inner: Reports) -> None:
        self.messages: list[Captured] = []
        self._inner = inner

    def received(self, data: bytes, flow: Flow, local: Local) -> None:
        """Keep and pass on."""
        self.messages.append(Captured(True, data, flow, local))
        self._inner.received(data, flow, local)

    def sent(self, data: bytes, flow: Flow, local: Local) -> None:
        """Keep and pass on."""
        self.messages.append(Captured(False, data, flow, local))
        self._inner.sent(data, flow, local)

    def failed(self, order: Send, error: str) -> None:
        """Pass on."""
        self._inner.failed(order, error)

    def proved(self, flow: Flow, names: tuple[str, ...]) -> None:
        """Pass on."""
        self._inner.proved(flow, names)

    def closed(self, flow: Flow) -> None:
        """Pass on."""
        self._inner.closed(flow)
