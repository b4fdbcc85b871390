"""Who talked and who waited, as the messages of a call tell it."""

from typing import Any, NamedTuple

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Alert, Param, Token, Wire
from opentcf.sip.message import Message, Request

TALKS, WAITS = "talks", "waits"


class _Span(NamedTuple):
    user: str
    kind: str
    begin: float
    end: float | None


class FloorLane:
    """Hears the messages in their order. A user who is named on several hops is one user."""

    def __init__(self) -> None:
        self._wire = Wire()
        self._open: dict[str, _Span] = {}
        self._done: list[_Span] = []
        self._asked: dict[tuple[str, int], str] = {}

    def hear(self, message: Message, time: float) -> None:
        """What a message says of the floor."""
        ext = extension.read(message, self._wire)
        if isinstance(message, Request):
            if message.method == "BYE":
                return
            if ext is not None:
                self._request(message, ext, time)
        elif ext is not None and message.cseq()[1] == "INVITE":
            self._answer(message, ext, time)

    def spans(self) -> list[dict[str, Any]]:
        """All of them by their beginning; `end` is null where it goes on."""
        return [span._asdict() for span in sorted((*self._done, *self._open.values()), key=lambda s: s.begin)]

    # --- inside

    def _request(self, request: Request, ext: Extension, time: float) -> None:
        user = _number(ext.get(Param.UDN))
        if request.method == "INFO" and ext.token is Token.INFO:
            self._information(self._wire.member(Alert, ext.get(Param.ALERT_TYPE) or ""), user, time)
        elif request.method == "INVITE" and ext.token is Token.REQUEST:
            self._asked[request.call_id(), request.cseq()[0]] = user or _number(request.from_().uri.user)
        elif request.method == "INVITE" and ext.token is Token.ACCEPT:
            self._talks(user, time)
        elif request.method == "INVITE" and ext.token is Token.RELEASE_FLOOR:
            self._ends(user or _number(request.from_().uri.user), time)

    def _information(self, alert: Alert | None, user: str, time: float) -> None:
        if alert is Alert.TAKEN:
            self._talks(user, time)
        elif alert is Alert.QUEUE:
            self._waits(user, time)
        elif alert is Alert.IDLE:
            for talker in [span.user for span in self._open.values() if span.kind == TALKS]:
                self._ends(talker, time)
        elif alert is Alert.LEFT:
            self._ends(user, time)

    def _answer(self, message: Message, ext: Extension, time: float) -> None:
        user = _number(ext.get(Param.UDN)) or self._asked.get((message.call_id(), message.cseq()[0]), "")
        if ext.token is Token.ACCEPT:
            self._talks(user, time)
        elif ext.token is Token.WAITING:
            self._waits(user, time)

    def _talks(self, user: str, time: float) -> None:
        now = self._open.get(user)
        if not user or (now is not None and now.kind == TALKS):
            return
        for talker in [span.user for span in self._open.values() if span.kind == TALKS]:
            self._ends(talker, time)
        self._ends(user, time)
        self._open[user] = _Span(user, TALKS, time, None)

    def _waits(self, user: str, time: float) -> None:
        if user and user not in self._open:
            self._open[user] = _Span(user, WAITS, time, None)

    def _ends(self, user: str, time: float) -> None:
        span = self._open.pop(user, None)
        if span is not None:
            self._done.append(span._replace(end=time))


def _number(text: str | None) -> str:
    return (text or "").partition("@")[0]
