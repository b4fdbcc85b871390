"""The two sides of a transport."""

from typing import Protocol

from opentcf.sip.outbox import Flow, Send

Local = tuple[str, int]
"""The local address that a message came to or left from."""


class ListenError(Exception):
    """A local address cannot be listened on. One line for a person."""


class Sender(Protocol):
    """Where orders go."""

    def send(self, order: Send) -> None:
        """Send now or when it becomes possible. Never raises: what cannot be sent is reported as `failed`."""
        ...


class Reports(Protocol):
    """What a transport has to say. All calls come from the event loop's thread and must not block.

    What a `received` message gives cause to send has been ordered before callbacks run that were scheduled
    (`call_soon`) after the call returned.
    """

    def received(self, data: bytes, flow: Flow, local: Local) -> None:
        """One datagram, or one message out of a stream."""
        ...

    def sent(self, data: bytes, flow: Flow, local: Local) -> None:
        """A message was handed to the kernel or to an open stream."""
        ...

    def failed(self, order: Send, error: str) -> None:
        """An order that was not sent, and why."""
        ...

    def proved(self, flow: Flow, names: tuple[str, ...]) -> None:
        """A TLS stream is up; `names` are the DNS names that the other side's verified certificate bears."""
        ...

    def closed(self, flow: Flow) -> None:
        """A stream went away."""
        ...


def reason(error: BaseException) -> str:
    """An I/O error in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:1].lower() + str(text).splitlines()[0][1:]
