"""The dissector for Wireshark, as the real tshark runs it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from scripts import wireshark
from tests.tshark import tshark

from opentcf.api.explain import PARAMS
from opentcf.api.names import TOKENS
from opentcf.btrunc import extension
from opentcf.btrunc.wire import ALIASES, Body, Param, Token, Wire
from opentcf.runtime.pcapng import Capture, Packet
from opentcf.sip.message import Request
from opentcf.sip.render import render

ROOT = Path(__file__).parent.parent.parent
PLUGIN = ("-X", f"lua_script:{wireshark.SCRIPT}")
ENDS = ("127.0.1.1", 5060), ("127.0.2.1", 5060)


def captured(path: Path, *values: str, transport: str = "udp", body: str = "", content: str = "") -> Path:
    """A message for each value of the header field."""
    packets = []
    for number, value in enumerate(values):
        data = message(number, value, body, content)
        packets.append(Packet(1.0 + number, False, transport, *ENDS, data))
    return written(path, packets)


def message(number: int, value: str, body: str = "", content: str = "") -> bytes:
    request = Request("MESSAGE", "sip:2001@core2.example")
    for name, line in (
        ("Via", f"SIP/2.0/UDP 127.0.1.1;branch=z9hG4bK-{number}"), ("Max-Forwards", "70"),
        ("From", "<sip:1001@core1.example>;tag=a"), ("To", "<sip:2001@core2.example>"),
        ("Call-ID", f"c{number}"), ("CSeq", f"{number + 1} MESSAGE"), ("Ptt-Extension", value),
    ):  # fmt: skip
        request.headers.set(name, line)
    if body:
        request.headers.set("Content-Type", content)
        request.body = body.encode()
    return render(request)


def written(path: Path, packets: list[Packet]) -> Path:
    capture = Capture(["core1.example"])
    path.write_bytes(capture.head() + b"".join(map(capture.blocks, packets)))
    return path


def read(file: Path, filter_: str, *fields: str, more: tuple[str, ...] = ()) -> list[list[str]]:
    return tshark(file, filter_, *fields, more=(*PLUGIN, *more))


def test_its_tables_are_those_of_the_code():
    assert wireshark.SCRIPT.read_text("utf-8") == wireshark.script(), "run `python -m scripts.wireshark`"


def test_every_attribute_of_the_schemas_has_a_name():
    found = set[str]()
    for schema in (ROOT / "docs" / "schemas").glob("*.xsd"):
        found |= set(re.findall(r'<xs:attribute name="(\w+)"', schema.read_text("utf-8")))
    assert found
    assert found <= wireshark.ATTRIBUTES.keys()
    assert wireshark.BODIES.keys() == set(Body)


@pytest.mark.interop
def test_every_operation_is_named_in_both_languages(tmp_path):
    wire = Wire()
    file = captured(tmp_path / "tokens.pcapng", *wire.tokens.values(), *ALIASES)
    fields = ("btrunc.token", "btrunc.operation", "btrunc.operation.zh")
    expected = [[wire.tokens[token], *TOKENS[token]] for token in Token]
    expected += [[alias, *TOKENS[token]] for alias, token in ALIASES.items()]
    assert read(file, "btrunc", *fields) == expected


@pytest.mark.interop
def test_every_parameter_is_a_field(tmp_path):
    wire = Wire()
    values = {param: "7" if param in wireshark.NUMBERS else f"a {param.value};,x" for param in Param}
    field = extension.render(wire, Token.CALL, *values.items(), ("news", "1"))
    file = captured(tmp_path / "params.pcapng", field)
    (row,) = read(file, "btrunc", *(f"btrunc.{wireshark.field(param)}" for param in Param), "btrunc.other")
    assert row == [*values.values(), "news=1"]
    english = {words for words, _ in PARAMS.values()}
    assert len(english) == len(PARAMS)


@pytest.mark.interop
@pytest.mark.parametrize(
    ("filter_", "numbers"),
    [
        ('btrunc.operation == "floor request"', ["1"]),
        ('btrunc.operation.zh == "话权授权"', ["2"]),
        ("btrunc.duration >= 30", ["2"]),
        ('btrunc.call_id == "abc"', ["1", "2", "3"]),
        ("btrunc.user_type && btrunc.udn == 2001", ["4"]),
        ("btrunc.unreadable", ["5"]),
    ],
)
def test_filters(tmp_path, filter_, numbers):
    file = captured(
        tmp_path / "calls.pcapng",
        "pttrequest;OnlineCallID=abc", "pttaccept;OnlineCallID=abc;duration=30;grant=1",
        'PTTRELEASE ; onlinecallid = "abc"', "pttVideoForward;UDN=2001,utype=1", "pttinfo;grant=many",
    )  # fmt: skip
    assert [row[0] for row in read(file, filter_, "frame.number")] == numbers


@pytest.mark.interop
def test_a_peer_may_spell_in_his_own_way(tmp_path):
    file = captured(tmp_path / "peer.pcapng", "xcall;Group=8001")
    options = ("-o", "btrunc.spelling:token.call=xcall, param.gdn=Group")
    assert read(file, "btrunc", "btrunc.operation", "btrunc.gdn", more=options) == [["call set-up", "8001"]]


@pytest.mark.interop
def test_several_messages_in_one_stream(tmp_path):
    """Two in one segment, and one over two segments."""
    whole = b"".join(message(number, f"pttinfo;grant={number}") for number in range(3))
    packets = [
        Packet(1.0 + n, False, "tcp", *ENDS, whole[a:b])
        for n, (a, b) in enumerate(pairwise((0, 600, 10_000)))
    ]
    file = written(tmp_path / "tcp.pcapng", packets)
    assert ",".join(row[0] for row in read(file, "btrunc", "btrunc.grant")) == "0,1,2"


@pytest.mark.interop
def test_bodies(tmp_path):
    body = (
        '<?xml version="1.0"?>\n<pttuecallinfo version="3" state="full"><ue udn="1001@core1.example">'
        '<call id="abc" type="4" state="up" role="talker" with="8001@core1.example" more="a&amp;b"/>'
        "</ue></pttuecallinfo>"
    )
    content = Wire().bodies[Body.USER_CALL_INFO]
    file = captured(tmp_path / "body.pcapng", "pttsubscribe", body=body, content=content)
    fields = (
        "btrunc.body",
        "btrunc.body.element",
        "btrunc.body.udn",
        "btrunc.body.with",
        "btrunc.body.other",
    )
    assert read(file, 'btrunc.body.role == "talker"', *fields) == [
        [
            "call status of users",
            "pttuecallinfo,ue,call",
            "1001@core1.example",
            "8001@core1.example",
            "more=a&b",
        ]
    ]


@pytest.mark.interop
def test_the_captures_of_the_manual():
    """Calls that were really played: nothing in them is unknown."""
    folder = ROOT / "docs" / "procedures"
    texts: list[str] = []
    for name in ("floor", "regroup", "events"):
        fields = ("token", "operation", "other", "unreadable", "body.other", "body.text")
        rows = read(folder / f"{name}.pcapng", "btrunc", *(f"btrunc.{field}" for field in fields))
        assert any(row[0] for row in rows)
        assert [row for row in rows if any(row[2:5]) or bool(row[0]) != bool(row[1])] == []
        texts += [row[5] for row in rows]
    assert "1001@core1.example,255,2001@core2.example,255" in texts
