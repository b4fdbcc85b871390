"""Long runs of anything are read in linear time: with a square in it this file would not end within the time limit."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.sip.samples import REQUESTS

from opentcf.btrunc import extension
from opentcf.btrunc.urgency import Urgency
from opentcf.btrunc.wire import Wire
from opentcf.runtime.mask import Mask
from opentcf.runtime.trace import Trace
from opentcf.sip.digest import Credentials
from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.grammar import parameters, split_outside_quotes
from opentcf.sip.headers import NameAddr, Via, cseq, tag_of
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.overload import Feedback
from opentcf.sip.parse import parse
from opentcf.sip.sdp import Sdp, direction_of
from opentcf.sip.uri import Uri

LENGTH = 200_000
pytestmark = pytest.mark.no_cover  # what is the same a hundred thousand times needs no tracing
WIRE = Wire()
URGENCY = Urgency((WIRE,))
FLOW = Flow("d", "udp", "192.0.2.1", 5060)


def read_extension(text: str) -> None:
    message = Request("INFO", "sip:a")
    message.headers.set("Ptt-Extension", text)
    extension.read(message, WIRE)


def answer_offer(text: str) -> None:
    """What a Via says of overload control."""
    response = Response(200)
    response.headers.set("Via", text)
    Feedback().fill(response)


def rank(text: str) -> None:
    head = f"INVITE sip:a SIP/2.0\r\n{text}\r\nSubject: emergency tag\r\n\r\n".encode()
    URGENCY.rank(head, ())


def show(text: str) -> None:
    """As the trace reads a message, and shows it."""
    trace = Trace(10 * LENGTH)
    data = f"INFO sip:a SIP/2.0\r\n{text}\r\nSubject: onlinecallid\r\n\r\n".encode()
    trace.add(True, data, FLOW, ("192.0.2.2", 5060))
    list(trace.call("1"))
    Mask()(text)


READERS: dict[str, tuple[Callable[[str], object], list[str]]] = {
    "parameters": (parameters, ["", "a", "a=", "a=[", 'a="', "a=b", ";"]),
    "credentials": (
        Credentials.parse,
        ["", "Digest", "Digest ", "Digest a", "Digest a=", 'Digest a="', "Digest a=b"],
    ),
    "address": (NameAddr.parse, ["", "a", '"', '"a"', "<", "<sip:a@b>", "<sip:a@b>;a=", "sip:a@b"]),
    "tag": (tag_of, ["", '"', "a", "<", "<sip:a@b>", "<sip:a@b>;tag=", "sip:a@b;tag="]),
    "via": (
        Via.parse,
        ["", "SIP", "SIP/", "SIP/2.0/UDP", "SIP/2.0/UDP a", "SIP/2.0/UDP a:", "SIP/2.0/UDP a;b="],
    ),
    "cseq": (cseq, ["", "1", "1 a"]),
    "uri": (Uri.parse, ["", "sip:", "sip:a@", "sip:a@b;", "sip:a@b?", "sip:a:", "tel:", "tel:+", "sip:["]),
    "list": (lambda text: split_outside_quotes(text, ","), ["", '"', "<"]),
    "sdp": (lambda text: Sdp.parse(text.encode()), ["", "v=0\no=", "v=0\no=a 1 1 a a a\nm="]),
    "extension": (
        read_extension,
        [
            "",
            "pttcall;UDN",
            "pttcall;UDN=",
            "pttcall;UDN=1",
            "pttcall;UDN=1,",
            "pttcall;a,UDN=",
            'pttvideoforward;UDN="1",utype',
        ],
    ),
    "overload": (
        answer_offer,
        [
            "",
            "SIP/2.0/UDP a;oc",
            "SIP/2.0/UDP a;oc;b",
            "SIP/2.0/UDP a;oc;oc-algo=",
            'SIP/2.0/UDP a;oc;oc-algo="',
        ],
    ),
    "rank": (
        rank,
        [
            "To:",
            "To: a;",
            "To: a;tag",
            "t: a;\r\n ",
            "Ptt-Extension:",
            "Ptt-Extension: a;",
            "Ptt-Extension: a;emergency",
            "Ptt-Extension: a;emergency=",
            "Ptt-Extension: a;emergency=1",
            "Ptt-Extension: pttheartbeat",
        ],
    ),
    "show": (
        show,
        ["", "i:", "Call-ID:", "a;onlinecallid", "a;onlinecallid=", "password", 'response="', "sip:a:"],
    ),
    "direction": (lambda text: direction_of(text.encode()), ["", "\nm=", "\nm=a 0 "]),
}


@pytest.mark.parametrize(
    "run",
    [
        " ",
        "\t",
        "a",
        ";",
        "=",
        '"',
        "\\",
        "<",
        ":",
        ",",
        "[",
        "%41",
        "-.",
        "\n",
        "\nm=",
        "\r\n ",
        "\r\nt:",
        "; ",
    ],
)
@pytest.mark.parametrize("name", READERS)
def test_fields(name, run):
    reader, beginnings = READERS[name]
    for beginning in beginnings:
        for end in ('"', "x!"):
            with suppress(RemoteError):
                reader(beginning + run * (LENGTH // len(run)) + end)


@pytest.mark.parametrize(
    "run", [b" ", b"\r\n", b"\r\n ", b"\r\nl", b"\r\nl:", b"\r\nl ", b"\r\na:b", b"\\", b"\0", b"\xff"]
)
def test_messages(run):
    for beginning in (b"", b"A sip:b SIP/2.0\r\n", REQUESTS["info"][:-4], REQUESTS["info"][:-4] + b"\r\nX: "):
        for end in (b"", b"\r\n\r\n", b"\r\n x\r\n\r\n"):
            data = beginning + run * (LENGTH // len(run)) + end
            with suppress(RemoteError):
                parse(data)
            with suppress(RemoteError):
                Framer(LENGTH * 2).feed(data)
