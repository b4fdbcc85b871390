"""Everything that the SIP layer can be asked about a message, in one go."""

from collections.abc import Callable, Iterator

from opentcf.sip import sdp
from opentcf.sip.digest import Challenge, Credentials, choose, credentials_for, verify
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal
from opentcf.sip.headers import NameAddr, Via, seconds
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.parse import Unanswerable, parse
from opentcf.sip.sdp import Sdp
from opentcf.sip.session_timer import SessionExpires

ADDRESSES = ("Contact", "Route", "Record-Route", "P-Asserted-Identity", "Reply-To", "Refer-To")
TOKENS = ("Allow", "Supported", "Require", "Proxy-Require", "Recv-Info", "Accept")
NUMBERS = {"Max-Forwards": 256, "RSeq": 2**32}
SECONDS = ("Expires", "Min-Expires", "Min-SE")

Verdict = int | str | None
"""OK, or the status of the refusal, or None for what is dropped."""
OK = "ok"


def questions(message: Message) -> Iterator[Callable[[], object]]:
    """Every lazy decoder there is, for the fields that the message has."""
    yield from (message.via, message.from_, message.to, message.from_tag, message.to_tag)
    yield from (message.call_id, message.cseq, message.content_type)
    headers = message.headers
    if isinstance(message, Request):
        yield message.target
    if headers.lines("Contact") != ["*"]:
        yield message.contact
    yield lambda: [Via.parse(line) for line in headers.elements("Via")]
    for name in ADDRESSES:
        if headers.lines(name) != ["*"]:
            yield lambda name=name: [NameAddr.parse(element) for element in headers.elements(name)]  # type: ignore[misc]
    for name in TOKENS:
        yield lambda name=name: message.tokens(name)  # type: ignore[misc]
    for name, limit in NUMBERS.items():
        yield lambda name=name, limit=limit: decimal(headers.get(name) or "0", limit, name)  # type: ignore[misc]
    for name in SECONDS:
        yield lambda name=name: seconds(headers.get(name), name)  # type: ignore[misc]
    yield lambda: SessionExpires.read(message)
    yield lambda: credentials_for(headers, "Authorization", "core1.example")
    if message.content_type() == "application/sdp":
        yield lambda: Sdp.parse(message.body)


def more_questions(message: Message) -> Iterator[Callable[[], object]]:
    """Decoders of values that need not be well-formed for a message to be served."""
    headers = message.headers
    for line in headers.lines("Authorization"):
        yield lambda line=line: verify(Credentials.parse(line), "0" * 64, "INVITE")  # type: ignore[misc]
    for line in headers.lines("WWW-Authenticate"):
        yield lambda line=line: Challenge.parse(line)  # type: ignore[misc]
    yield lambda: choose(headers.lines("WWW-Authenticate"))
    yield lambda: seconds(headers.get("Retry-After"), "Retry-After")
    for name in headers.fields:
        yield lambda name=name: headers.elements(name)  # type: ignore[misc]
    yield lambda: Sdp.parse(message.body).with_direction(sdp.INACTIVE).next_version().render()
    yield lambda: sdp.answer(
        Sdp.parse(message.body), host="::1", ports=(4, 6), session_id=1, version=1, direction=sdp.SENDRECV
    )
    yield lambda: sdp.direction_of(message.body)
    yield lambda: sdp.same_description(message.body, message.body + b" ")


def verdict(data: bytes, *, stream: bool = False) -> Verdict:
    """What becomes of a message as far as SIP alone decides. A bad response is dropped, never answered."""
    try:
        message = parse(data, stream=stream)
    except Unanswerable:
        return None
    except RemoteError as error:
        return error.status
    try:
        for question in questions(message):
            question()
    except RemoteError as error:
        return None if isinstance(message, Response) else error.status
    return OK
