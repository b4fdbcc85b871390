"""MESSAGEs of a terminal: short data and the control operations of a dispatcher."""

from opentcf.btrunc import data as wire_data
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.extension import Extension, Params
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.cause import Result
from opentcf.model.short_data import MessageType
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Request
from opentcf.sip.transaction import Outcome
from opentcf.terminal.event import Event, Page


def uri_of(to: str, domain: str) -> str:
    """Where `2001`, or `2001@core2.example`, or a whole URI is reached."""
    if to.startswith(("sip:", "tel:")):
        return to
    return f"sip:{to}" if "@" in to else f"sip:{to}@{domain}"


def short_data(wire: Wire, msgid: str, *, group: bool) -> Params:
    """The parameters of short data."""
    kind = MessageType.GROUP if group else MessageType.USER
    return ((Param.MESSAGE_TYPE, wire.code(kind)), (Param.MESSAGE_ID, msgid))


def fill(request: Request, extension: str, wire: Wire, body: bytes, kind: str) -> None:
    """Put extension, body and content type into a MESSAGE."""
    if extension:
        request.headers.set(wire.extension, extension)
    if body or kind:
        request.headers.set("Content-Type", kind or wire_data.BINARY)
    request.body = body


def received(request: Request, ext: Extension | None, wire: Wire) -> Event:
    """A MESSAGE came. In one to a group From is the group, P-Asserted-Identity who wrote it."""
    lines = request.headers.elements("P-Asserted-Identity")
    from_ = _who(request.headers.get("From") or "")
    is_data = ext is None or ext.token is Token.MESSAGE
    said = _short_data(ext, wire) if is_data else wire_data.ShortData(None, "")
    page = Page(
        sender=_who(lines[0]) if lines else from_,
        msgid=said.id,
        group=from_ if said.kind is MessageType.GROUP else "",
        body=request.body,
        content_type=request.content_type(),
        extension=ext,
    )
    return Event("message", None, 0, wire_data.text_of(request), page)


def result(outcome: Outcome, key: str, wire: Wire, why: str) -> Event:
    """What became of one of ours; `why` is said where the answer bears no result."""
    response = outcome.response
    ext = wire_extension.read(response, wire) if response is not None else None
    name = "delivered" if outcome.status < 300 else "refused"
    said = wire.member(Result, ext.get(Param.RESULT) or "") if ext is not None else None
    text = why if said is None else said.name.lower()
    return Event(name, None, outcome.status, text, Page(key=key, msgid=key, extension=ext))


def _short_data(ext: Extension | None, wire: Wire) -> wire_data.ShortData:
    try:
        return wire_data.read(ext, wire)
    except RemoteError:
        return wire_data.ShortData(None, "")


def _who(text: str) -> str:
    uri = NameAddr.parse(text).uri
    return f"{uri.user}@{uri.host}"
