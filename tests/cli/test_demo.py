"""The demonstration, as it is run. Nothing else in the tests uses its addresses, 127.0.1.1 to 127.0.4.1."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import pytest
from rich.cells import cell_len
from tests.cli.process import opentcf
from tests.interop.capture import Capture
from tests.interop.programs import is_installed, need

from opentcf.api.names import Named
from opentcf.cli.demo.day import DAY
from opentcf.cli.demo.feed import Feed, Line
from opentcf.cli.demo.ladder import Ladder, columns
from opentcf.cli.demo.network import CORES, HTTP_PORT, TC2_PORT, Network, configuration, host
from opentcf.cli.demo.play import everything
from opentcf.runtime.config import load_config


class Performance(NamedTuple):
    """The whole demonstration, run once. `capture`: what was on the wire, where tshark is at hand."""

    finished: subprocess.CompletedProcess[str]
    capture: Capture | None


@pytest.fixture(scope="module")
def performance(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    hosts = " or ".join(f"host {host(core)}" for core in CORES)
    capture = Capture(tmp_path_factory.mktemp("demo"), hosts) if is_installed("tshark") else None
    finished = subprocess.run(
        [sys.executable, "-m", "opentcf.cli", "demo", "--once", "--no-web"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    if capture is not None:
        capture.end()
    return Performance(finished, capture)


@pytest.mark.slow
def test_every_procedure_passes(performance: Performance):
    finished = performance.finished
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("✓ passed") == 2 * len(everything()), "below each ladder, and in the table"
    assert f"{len(everything())} of {len(everything())} passed" in finished.stdout
    assert "◀" in finished.stdout
    assert nobody_listens()


@pytest.mark.slow
@pytest.mark.interop
def test_tshark_has_nothing_to_complain_of(performance: Performance):
    """No malformed packet, no SIP or SDP expert error or warning in all that was said."""
    need("tshark")
    capture = performance.capture
    assert capture is not None
    methods = {row[0] for row in capture.read("sip.Method", "sip.Method")}
    assert methods >= {"REGISTER", "OPTIONS", "INVITE", "ACK", "BYE", "CANCEL"}
    for core in CORES:
        assert capture.read(f"sip && ip.src == {host(core)} && sdp", "frame.number")
    assert capture.complaints() == []


def test_one_procedure_as_json():
    finished = opentcf("demo", "--once", "--no-web", "--json", "--only", "register-home")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows = [json.loads(line) for line in finished.stdout.splitlines()]
    messages = [(row["source"], row["target"], row["message"]) for row in rows if row["type"] == "message"]
    assert messages == [
        ("1001", "TCF 1", "REGISTER"),
        ("TCF 1", "1001", "401"),
        ("1001", "TCF 1", "REGISTER"),
        ("TCF 1", "1001", "200"),
    ]
    result = next(row for row in rows if row["type"] == "result")
    assert (result["key"], result["verdict"], result["messages"]) == ("register-home", "passed", 4)
    assert rows[-1] == {"type": "summary", "passed": 1, "failed": 0}


class Page:
    """Somebody at the page of a running demonstration."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=20.0)

    def do(self, verb: str, number: str = "", text: str = "") -> tuple[int, str]:
        answer = self.client.post("/do", json={"verb": verb, "number": number, "text": text})
        return answer.status_code, answer.json()["wrong"]

    def until(self, name: str) -> None:
        """Read the stream, which tells all from the beginning, until the radio has heard that."""
        with self.client.stream("GET", "/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("data:") and name in {e["name"] for e in json.loads(line[5:])["log"]}:
                    return


def test_somebody_joins_in_on_the_page():
    command = [sys.executable, "-m", "opentcf.cli", "demo", "--json", "--only", "register-home"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        try:
            page = Page(first["url"])
            assert "Hold to talk" in page.client.get("/").text
            page.until("registered")
            assert page.do("text", "3200", "hello") == (200, "")
            page.until("message")
            assert page.do("press") == (400, "there is no call to talk in")
            assert page.do("group") == (200, "")
            page.until("granted")
            assert page.do("hang_up") == (200, "")
            page.until("ended")
            assert page.do("fly")[0] == 400
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
    assert process.returncode == 130
    assert nobody_listens()


def test_the_day_is_made_of_procedures_that_there_are():
    known = {procedure.key for procedure in everything()}
    assert [key for chapter in DAY for key in chapter.keys if key not in known] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_no_process_behind(number):
    with demonstration("--json", "--only", "register-home") as process:
        assert process.stdout
        assert any('"result"' in line for line in process.stdout)
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(30) == 130
    assert nobody_listens()


def test_a_taken_port_is_named_in_one_line():
    with taken(socket.SOCK_DGRAM, host(4), TC2_PORT):
        finished = opentcf("demo", "--once")
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr.startswith("opentcf: udp:127.0.4.1:5060: address already in use")
    assert finished.stderr.count("\n") == 1


def test_a_procedure_that_does_not_exist():
    finished = opentcf("demo", "--only", "cancle")
    assert finished.returncode == 2
    assert finished.stderr == "opentcf: there is no procedure 'cancle'; did you mean 'cancel'?\n"


@pytest.mark.parametrize("core", CORES)
def test_its_configurations_are_valid(core, tmp_path):
    path = tmp_path / "core.toml"
    path.write_text(configuration(core), "utf-8")
    settings = load_config(path).settings
    assert len(settings.peers) == 3
    assert [subscriber.role.value for subscriber in settings.subscribers].count("dispatcher") == 1


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("procedure", everything(), ids=lambda procedure: procedure.key)
def test_a_ladder_fits_its_screen(procedure, width):
    ladder = Ladder(procedure, width)
    for source in columns(procedure):
        for target in columns(procedure):
            if source != target:
                named = Named("REGISTER", "a rather long explanation of what it is", "终端注销", None)
                drawn = ladder.message(Line(12.5, source, target, named, False, False, True), 0.0)
                assert drawn is not None
                assert cell_len(drawn.plain) <= width
                assert drawn.plain.startswith(" 12.500 ")
    assert all(cell_len(line.plain.rstrip()) <= width for line in ladder.head())


def test_an_arrow_points_at_its_target():
    procedure = next(procedure for procedure in everything() if procedure.key == "call-4")
    assert columns(procedure) == ["2001", 1, 2, 3, 4, "3001"]
    ladder = Ladder(procedure, 80)
    invite = ladder.message(
        Line(0.0, 1, 3, Named("INVITE", "private call", "单呼", None), False, False, False), 0.0
    )
    assert invite is not None
    assert invite.plain == "  0.000    │     │──────────▶│     │     │    INVITE   private call 单呼"
    lost = ladder.message(Line(0.0, 3, 2, Named("200", "alive", "心跳响应", True), False, True, False), 0.0)
    assert lost is not None
    assert "│     │     │✕╌╌╌╌│" in lost.plain


class Traced:
    """A node whose trace has one message, and that takes its time to say so."""

    core, alive = 1, True

    async def get(self, path: str, after: int) -> dict:
        await asyncio.sleep(0)
        lines = ["OPTIONS sip:a SIP/2.0", "Via: SIP/2.0/UDP b;branch=z9hG4bKx", "Max-Forwards: 70"]
        lines += ["From: <sip:b>;tag=1", "To: <sip:a>", "Call-ID: c", "CSeq: 1 OPTIONS"]
        entry = {"number": 1, "time": 1.0, "direction": "out", "side": "tc2", "remote": "127.0.2.1:5060"}
        return {"items": [] if after else [{**entry, "head": "\r\n".join(lines), "body": ""}], "next": None}


def test_two_polls_at_once_read_a_message_once(tmp_path):
    network = Network(tmp_path)
    network.nodes = {1: Traced()}  # type: ignore[dict-item]

    async def twice() -> list:
        feed = Feed(network)
        await asyncio.gather(feed.poll(), feed.poll())
        return feed.ready(everything=True)

    assert len(asyncio.run(twice())) == 1


@contextmanager
def demonstration(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "opentcf.cli", "demo", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def taken(kind: socket.SocketKind, address: str, port: int) -> Iterator[None]:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind((address, port))
        yield


def nobody_listens() -> bool:
    """Can every address of the four be had?"""
    for core in CORES:
        with taken(socket.SOCK_DGRAM, host(core), TC2_PORT), socket.socket() as probe:
            if probe.connect_ex((host(core), HTTP_PORT)) == 0:
                return False
    return True
