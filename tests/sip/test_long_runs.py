"""Long runs of anything are read in linear time: with a square in it this file would not end within the time limit."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.sip.samples import REQUESTS

from opentcf.sip.digest import Credentials
from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.grammar import parameters, split_outside_quotes
from opentcf.sip.headers import NameAddr, Via, cseq, tag_of
from opentcf.sip.parse import parse
from opentcf.sip.sdp import Sdp, direction_of
from opentcf.sip.uri import Uri

LENGTH = 200_000
pytestmark = pytest.mark.no_cover  # what is the same a hundred thousand times needs no tracing
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
    "direction": (lambda text: direction_of(text.encode()), ["", "\nm=", "\nm=a 0 "]),
}


@pytest.mark.parametrize(
    "run", [" ", "\t", "a", ";", "=", '"', "\\", "<", ":", ",", "[", "%41", "-.", "\n", "\nm="]
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
