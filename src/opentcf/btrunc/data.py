"""Short data (实时短数据): `pttmsg`, its identity and the bodies that it may have."""

import hashlib
from typing import NamedTuple

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.numbers import Aor
from opentcf.model.short_data import MessageType
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import parameters
from opentcf.sip.message import Message, Request

TEXT, BINARY = "text/plain", "application/octet-stream"
ACCEPT = f"{TEXT}, {BINARY}"
UTF_8 = "utf-8"
CHARSETS = {"utf-8": UTF_8, "us-ascii": UTF_8, "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}
"""Charset parameter → codec; GB18030 is a superset of GBK and GB 2312."""
LONGEST_ID = 128


class ShortData(NamedTuple):
    """What a `pttmsg` says. `kind` is None when it does not; `id` is empty when it has none."""

    kind: MessageType | None
    id: str


def read(ext: Extension | None, wire: Wire) -> ShortData:
    """RemoteError 488 for a kind that nobody knows, 400 for an identity that is too long."""
    code = ext.get(Param.MESSAGE_TYPE) if ext is not None else None
    kind = wire.member(MessageType, code) if code is not None else None
    if code is not None and kind is None:
        raise RemoteError(488, f"the message type {code[:20]!r} is not known")
    identity = (ext.get(Param.MESSAGE_ID) if ext is not None else None) or ""
    if len(identity) > LONGEST_ID:
        raise RemoteError(400, f"the message identity is longer than {LONGEST_ID} characters")
    return ShortData(kind, identity)


def named(ext: Extension | None, domain: str) -> list[Aor]:
    """The members that a group's master names; `domain` is that of To."""
    values = [value or "" for name, value in ext.params if name is Param.UDN] if ext is not None else []
    return [extension.identity(value, domain) for value in values]


def write(
    message: Message, wire: Wire, kind: MessageType, identity: str, *more: tuple[Param | str, str | None]
) -> None:
    """Put the extension into a MESSAGE."""
    own = ((Param.MESSAGE_TYPE, wire.code(kind)), (Param.MESSAGE_ID, identity))
    extension.write(message, wire, Token.MESSAGE, *own, *more)


def made_identity(request: Request) -> str:
    """The identity of a message that came without: the same for every copy of it, also after a restart."""
    seed = f"{request.call_id()} {request.from_tag()} {request.cseq()[0]}"
    return hashlib.sha256(seed.encode()).hexdigest()[:16]


def check_body(message: Message) -> None:
    """415 unless it is text in a charset that we know, or octets; 400 when the text is not of its charset."""
    kind = message.content_type()
    if kind == BINARY:
        return
    codec = _codec(message) if kind == TEXT else None
    if codec is None:
        shown = (message.headers.get("Content-Type") or "nothing")[:60]
        raise RemoteError(415, f"{shown!r} is not accepted", (("Accept", ACCEPT),))
    try:
        message.body.decode(codec)
    except UnicodeDecodeError:
        raise RemoteError(400, f"the text is not {codec.upper()}") from None


def text_of(message: Message) -> str:
    """What a person reads; octets in hexadecimal."""
    if message.content_type() == BINARY:
        return message.body.hex(" ")
    return message.body.decode(_codec(message) or UTF_8, "replace")


def encode(text: str, charset: str = UTF_8) -> tuple[str, bytes]:
    """Content type and body of a text; `charset` is one of CHARSETS."""
    return f"{TEXT};charset={charset.upper()}", text.encode(CHARSETS[charset.lower()])


def _codec(message: Message) -> str | None:
    raw = message.headers.get("Content-Type") or ""
    _, semicolon, tail = raw.partition(";")
    charset = parameters(semicolon + tail).get("charset") if semicolon else None
    return CHARSETS.get(charset.strip('"').lower()) if charset else UTF_8
