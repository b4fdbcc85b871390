"""What must hold at every moment of a world, whatever is lost: a look at what is sent, and at what waits.

Unlike "it is quiet in the end", these find a fault that something else makes good a little later.
"""

from collections.abc import Iterator

from opentcf.node.node import Node
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.parse import MAX_HEADER, parse
from opentcf.sip.transaction import State

SLACK = 1.0
"""A timer fires at the next event."""
NOTED = 200
"""An answer repeats a Via of the greatest length, with what RFC 3261 §18.2.1, RFC 3581 and RFC 7339 add to it."""
OPEN = (State.CALLING, State.PROCEEDING)


class Lookout:
    """Sees every message when it is sent."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], dict[int, str]] = {}
        self._cancelled: dict[str, float] = {}

    def sent(self, data: bytes, now: float) -> str:
        """Remember a message; what is wrong with it, or nothing."""
        try:
            message = parse(data, stream=False, max_header=MAX_HEADER + NOTED)
        except RemoteError as error:
            return f"sent a message that is malformed: {error.text}"
        if not isinstance(message, Request) or message.method == "ACK":
            return ""
        branch = message.via().branch or ""
        if message.method == "CANCEL":
            self._cancelled.setdefault(branch, now)
            return ""
        return self._number(message, branch)

    def _number(self, request: Request, branch: str) -> str:
        """CSeq grows within a dialog, over restarts too (RFC 3261 §12.2.1.1)."""
        number, method = request.cseq()
        used = self._numbers.setdefault((request.call_id(), request.from_tag() or ""), {})
        if used.get(number) == branch:
            return ""
        if used and number <= max(used):
            return f"{method} has CSeq {number} after {max(used)} in call {request.call_id()}"
        used[number] = branch
        return ""

    def overdue(self, node: Node, now: float) -> Iterator[str]:
        """INVITEs that wait for longer than they may: Tring + 5 s, and 64·T1 when they were cancelled (profile 5.1).

        A restart takes up waiting anew.
        """
        timers = node.settings.timers
        for txn in node._layer._clients.values():
            if "INVITE" not in txn.key or txn.state not in OPEN:
                continue
            cancelled = self._cancelled.get(txn.branch)
            if cancelled is not None and now - max(cancelled, txn.began) > 64 * timers.sip_t1 + SLACK:
                yield f"cancelled {now - cancelled:.0f} s ago and still waiting: {txn}"
            elif now - txn.began > timers.tring + 5.0 + 64 * timers.sip_t1 + SLACK:
                yield f"waiting for {now - txn.began:.0f} s: {txn}"
