"""Linphone, the partner whose digest is SHA-256: every request of its calls is challenged so, and with nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.linphone import Linphone
from tests.interop.network import Network, build

pytestmark = pytest.mark.interop
RUNNING = "to LinphoneCallStreamsRunning"


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Two core networks that offer SHA-256 alone."""
    network = build(tmp_path_factory.mktemp("modern"), 2)
    for core in network.cores:
        core.digest = ["SHA-256"]
    try:
        network.start()
        yield network
    finally:
        network.stop()


@pytest.fixture
def pair(modern: Network, tmp_path: Path) -> Iterator[tuple[Linphone, Linphone]]:
    """A caller at home in core 1, and a user of core 2 who visits core 1."""
    phones: list[Linphone] = []
    try:
        phones.append(Linphone(tmp_path, modern[1].user(), modern[1]))
        phones.append(Linphone(tmp_path, modern[2].user(), modern[1]))
        yield phones[0], phones[1]
    finally:
        for phone in phones:
            phone.stop()


def establish(caller: Linphone, called: Linphone) -> None:
    caller.do(f"call sip:{called.user.aor}")
    caller.wait(RUNNING)
    called.wait(RUNNING)


def test_register_call_and_hang_up_with_sha_256(modern: Network, pair: tuple[Linphone, Linphone]) -> None:
    caller, called = pair
    assert modern[1].visited(caller.user) == modern[2].visited(called.user) == "core1.example"
    establish(caller, called)
    assert [len(core.items("calls")) for core in modern.cores] == [2, 1], (
        "by the home of the called user and back"
    )
    called.do("terminate")
    caller.wait("LinphoneCallEnd")
    for core in modern.cores:
        core.wait_quiet()
    proof = re.compile(r"^Authorization:.*algorithm=SHA-256", re.MULTILINE)
    proved = {entry["head"].split(" ")[0] for entry in modern[1].trace("d") if proof.search(entry["head"])}
    assert proved >= {"REGISTER", "INVITE", "BYE"}


def test_hold_and_resume_with_another_codec(modern: Network, pair: tuple[Linphone, Linphone]) -> None:
    """Linphone asks for the change itself: of its codecs only A-law is left when it resumes."""
    caller, called = pair
    establish(caller, called)
    caller.do("pause")
    called.wait("to LinphoneCallPausedByRemote")
    caller.wait(r"to LinphoneCallPaused\b")
    caller.do("codec disable all")
    caller.do("codec enable 4")
    caller.program.wait_for(r"4: PCMA \(8000\) enabled")
    caller.do("resume")
    caller.wait(RUNNING, 2)
    called.wait(RUNNING, 2)
    caller.do("terminate")
    called.wait("LinphoneCallEnd")
    for core in modern.cores:
        core.wait_quiet()
    offers = [
        re.findall(r"^m=audio \d+ RTP/AVP (\S+)", entry["body"], re.MULTILINE)
        for entry in modern[1].trace("d")
        if entry["head"].startswith(f"INVITE sip:{called.user.number}@") and entry["direction"] == "out"
    ]
    assert [offer[0] for offer in offers[-3:]] == ["96", "96", "8"]
