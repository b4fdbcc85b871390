"""`opentcf trace` beside two real nodes: Ann of core 1 has called Bob of core 2."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree  # noqa: TID251 - what is drawn has to be well-formed

import pytest
from tests.cli.process import opentcf
from tests.interop.network import Network, User, build
from tests.interop.radio import Radio
from tests.transport.conftest import certificates
from tests.tshark import complaints, tshark

__all__ = ["certificates"]
DECODE = ("-d", "tcp.port==5061,sip")
ANN, BOB = User("1001", "core1.example"), User("2001", "core2.example")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Network]:
    """They speak TLS to each other. Core 1 knows where the API of core 2 is, core 2 nothing of that of core 1."""
    network = build(tmp_path_factory.mktemp("trace"), 2, transport="tls", certificates=certificates)
    network[1].peers = [
        replace(peer, more=f'console = "http://{network[2].host}:8060"') for peer in network[1].peers
    ]
    try:
        network.start()
        yield network
    finally:
        network.stop()


@pytest.fixture(scope="module")
def call(two: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The OnlineCallID of the call."""
    folder = tmp_path_factory.mktemp("radios")
    ann, bob = Radio(folder, two[1], ANN), Radio(folder, two[2], BOB)
    for radio in (ann, bob):
        radio.type("register")
        radio.hear("registered")
    ann.type(f"call {BOB.aor}")
    ann.hear("up")
    found = [row["id"] for row in two[1].items("calls")]
    assert len(found) == 1
    yield found[0]
    for radio in (ann, bob):
        radio.type("quit")
        radio.program.stop()


def url(network: Network, number: int) -> tuple[str, str]:
    return "--url", f"http://{network[number].host}:8060"


def test_the_ladder_of_a_call_goes_over_both_nodes(two: Network, call: str) -> None:
    shown = opentcf("trace", *url(two, 1), "--call", call, "--no-color")
    head, *lines = shown.stdout.splitlines()
    assert head.split() == ["1001", "core1", "core2", "2001"]
    invites = [line for line in lines if line.endswith("INVITE   private call 单呼 SDP")]
    assert len(invites) == 3
    assert [line.index("▶") for line in invites] == sorted(line.index("▶") for line in invites)
    assert any(line.endswith("200      answered 应答 SDP") for line in lines)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_everything_leaves_heartbeats_out_unless_they_are_wanted(two: Network, call: str) -> None:
    plain = opentcf("trace", *url(two, 1), "--peer", "core2.example", "--no-color").stdout
    whole = opentcf("trace", *url(two, 1), "--heartbeats", "--no-color").stdout
    assert "REGISTER" in plain
    assert "1001" not in plain.splitlines()[0]
    assert "心跳检测" not in plain
    assert "心跳检测" in whole


def test_json(two: Network, call: str) -> None:
    told = json.loads(opentcf("trace", *url(two, 1), "--call", call, "--json").stdout)
    assert told["failed"] == {}
    assert {item["source"] for item in told["items"]} == {"1001", "core1.example", "core2.example", "2001"}


def test_whose_trace_is_missing_is_said(two: Network, call: str) -> None:
    shown = opentcf("trace", *url(two, 2), "--call", call)
    assert shown.returncode == 0
    assert shown.stderr == (
        "opentcf: the trace of core1.example is missing: its [[peer]] names no console, so it was not asked\n"
    )


def test_svg_html_and_mermaid(two: Network, call: str, tmp_path: Path) -> None:
    for ending in ("svg", "html", "mmd"):
        saved = opentcf("trace", *url(two, 1), "--call", call, "--save", tmp_path / f"call.{ending}")
        assert saved.returncode == 0, saved.stderr
    svg = ElementTree.parse(tmp_path / "call.svg").getroot()
    labels = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert labels.count("INVITE private call 单呼 ·SDP") == 3
    assert "var(" not in (tmp_path / "call.svg").read_text()
    page = (tmp_path / "call.html").read_text()
    assert page.count("<details") == len(re.findall(r'href="#m\d+"', page)) > 8
    assert "OnlineCallID" in page
    diagram = (tmp_path / "call.mmd").read_text().splitlines()
    assert diagram[:3] == [
        "sequenceDiagram", "  actor p0 as 1001", "  participant p1 as core1.example"
    ]  # fmt: skip
    assert re.fullmatch(r"  p0->>p1: INVITE private call 单呼 \(0\.000 s\)", diagram[5])


@pytest.mark.interop
def test_a_capture_of_both_nodes(two: Network, call: str, tmp_path: Path) -> None:
    file = tmp_path / "call.pcapng"
    assert opentcf("trace", *url(two, 1), "--call", call, "--save", file).returncode == 0
    fields = ("frame.interface_name", "ip.src", "ip.dst", "frame.comment")
    rows = tshark(file, "sip.Method == INVITE", *fields, more=DECODE)
    ends = [row[:3] for row in rows]
    assert [row[3] for row in rows] == [
        f"OnlineCallID {call}{inside}" for inside in ("", "; decrypted from TLS", "")
    ]
    ann, bob = ends[0][1], ends[2][2]
    assert ends == [
        ["core1.example", ann, two[1].host],
        ["core1.example", two[1].host, two[2].host],
        ["core2.example", two[2].host, bob],
    ]
    assert complaints(file, DECODE) == []


@pytest.mark.parametrize("ending", ["html", "pcapng"])
def test_no_secret_is_in_a_file(two: Network, call: str, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"all.{ending}"
    assert opentcf("trace", *url(two, 1), "--save", file).returncode == 0
    data = file.read_bytes()
    assert b"Authorization: Digest" in data
    assert not re.search(rb'response=(&quot;|")?[0-9a-f]', data)


def test_it_follows_until_interrupted(two: Network, call: str) -> None:
    command = [sys.executable, "-m", "opentcf.cli", "trace", *url(two, 1), "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            seen: list[str] = []
            while "answered" not in seen:
                seen.append(json.loads(process.stdout.readline())["english"])
            two[1].post(f"/api/v1/calls/{call}/release")
            while "released" not in seen:
                seen.append(json.loads(process.stdout.readline())["english"])
        finally:
            process.terminate()
    assert seen.count("answered") == 3


def test_what_cannot_be_done(two: Network, tmp_path: Path) -> None:
    wrong = opentcf("trace", "--save", tmp_path / "x.doc")
    assert (wrong.returncode, wrong.stderr) == (
        2, f"opentcf: --save {tmp_path}/x.doc: the name has to end in .svg, .html, .mmd, .pcapng\n",
    )  # fmt: skip
    assert opentcf("trace", "--save", tmp_path / "x.svg", "--follow").returncode == 2
    for more in ((), ("--save", tmp_path / "x.svg")):
        unknown = opentcf("trace", *url(two, 1), "--call", "nobody", *more)
        assert unknown.returncode == 1
        assert unknown.stderr.startswith("opentcf: no message of the call nobody is in the traces")
    assert not (tmp_path / "x.svg").exists()
    away = opentcf("trace", *url(two, 1), "--save", tmp_path / "none" / "x.svg")
    assert away.returncode == 1
    assert "no such file or directory" in away.stderr
