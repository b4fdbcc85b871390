"""Parse and render: microseconds of CPU for a message, beside sipmessage and sippy.

Everybody parses the start line, the branch of the topmost Via, both tags, Call-ID, CSeq and Contact, and renders the
message that was parsed.
"""

from collections.abc import Callable
from statistics import median
from time import process_time

from opentcf.sip.parse import parse
from opentcf.sip.render import render

ROUNDS, TIMES = 3, 2000
INVITE = (
    "INVITE sip:10001@core1.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnashds8;rport\r\n"
    "Max-Forwards: 69\r\n"
    "From: <sip:7001@a.example>;tag=1928301774\r\n"
    "To: <sip:10001@core1.example>{tag}\r\n"
    "Call-ID: a84b4c76e66710@192.0.2.1\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Contact: <sip:7001@192.0.2.1:5060>\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO\r\n"
    "Supported: timer\r\n"
    "P-Asserted-Identity: <sip:7001@a.example>\r\n"
    'Ptt-Extension: pttcall;calltype=1;callerUDN="7001@a.example";OnlineCallID=abc-1\r\n'
    "Content-Type: application/sdp\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
)
DATA = (INVITE.format(tag=";tag=x9", length=len(SDP)) + SDP).encode()


def measure() -> dict[str, tuple[float, float] | str]:
    """Per program: microseconds to parse and to render an INVITE with SDP, or why there are none."""
    found: dict[str, tuple[float, float] | str] = {}
    for name, pair in (("OpenTCF", _opentcf), ("sipmessage", _sipmessage), ("sippy", _sippy)):
        try:
            parsing, rendering = pair()
            parsing(), rendering()
        except ImportError as error:
            found[name] = f"not installed: {error}"
        else:
            found[name] = (_time(parsing), _time(rendering))
    return found


def _time(deed: Callable[[], object]) -> float:
    def once() -> float:
        before = process_time()
        for _ in range(TIMES):
            deed()
        return (process_time() - before) / TIMES * 1e6

    return median(once() for _ in range(ROUNDS))


def _opentcf() -> tuple[Callable[[], object], Callable[[], object]]:
    def parsing() -> object:
        message = parse(DATA)
        contact = message.contact()
        return (
            message.via().branch,
            message.from_tag(),
            message.to_tag(),
            message.call_id(),
            message.cseq(),
            contact.uri if contact else None,
        )

    message = parse(DATA)
    return parsing, lambda: render(message)


def _sipmessage() -> tuple[Callable[[], object], Callable[[], object]]:
    from sipmessage import Message  # noqa: PLC0415 - may be absent

    def parsing() -> object:
        message = Message.parse(DATA)
        return (
            message.via[0].parameters.get("branch"),
            message.from_address.parameters.get("tag"),
            message.to_address.parameters.get("tag"),
            message.call_id,
            message.cseq,
            message.contact[0].uri,
        )

    message = Message.parse(DATA)
    return parsing, lambda: bytes(message)


def _sippy() -> tuple[Callable[[], object], Callable[[], object]]:
    from sippy.SipRequest import SipRequest  # noqa: PLC0415 - may be absent

    text = DATA.decode()

    def parsing() -> object:
        message = SipRequest(text)
        return (
            message.getHFBody("via").getBranch(),
            message.getHFBody("from").getTag(),
            message.getHFBody("to").getTag(),
            str(message.getHFBody("call-id")),
            message.getHFBody("cseq").getCSeq(),
            message.getHFBody("contact").getUrl(),
        )

    message = SipRequest(text)
    return parsing, lambda: str(message).encode()
