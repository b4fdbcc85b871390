"""Two baresip softphones in different core networks, each a visitor elsewhere: their calls pass four TCFs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.baresip import Baresip
from tests.interop.network import Network
from tests.interop.programs import need, wait_until
from tests.interop.sipp import Message, Phone

pytestmark = pytest.mark.interop
PairMaker = Callable[..., tuple[Baresip, Baresip]]


@pytest.fixture
def pair(network: Network, tmp_path: Path) -> Iterator[PairMaker]:
    """A caller of core 1 at core 3 and a called user of core 2 at core 4, both registered."""
    need("baresip")
    phones: list[Baresip] = []

    def make(*, answer: str = "auto", transport: str = "udp") -> tuple[Baresip, Baresip]:
        phones.append(Baresip(tmp_path, network[1].user(), network[3], transport=transport))
        phones.append(Baresip(tmp_path, network[2].user(), network[4], transport=transport, answer=answer))
        return phones[-2], phones[-1]

    yield make
    for phone in phones:
        phone.stop()


def legs(network: Network) -> list[int]:
    """How many calls each node has."""
    return [len(core.items("calls")) for core in network.cores]


def establish(caller: Baresip, called: Baresip) -> None:
    caller.do("dial", f"sip:{called.user.aor}")
    caller.wait("CALL_ESTABLISHED")
    called.wait("CALL_ESTABLISHED")


def quiet(network: Network) -> None:
    for core in network.cores:
        core.wait_quiet()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("who", ["caller", "called user"])
def test_call_over_four_nodes_and_hang_up(
    network: Network, pair: PairMaker, transport: str, who: str
) -> None:
    caller, called = pair(transport=transport)
    establish(caller, called)
    assert legs(network) == [1, 1, 1, 1]
    assert called.wait("CALL_ESTABLISHED")["peeruri"] == f"sip:{caller.user.aor}"
    (caller if who == "caller" else called).do("hangup")
    caller.wait("CALL_CLOSED")
    called.wait("CALL_CLOSED")
    quiet(network)


def test_audio_flows_between_the_phones(network: Network, pair: PairMaker) -> None:
    caller, called = pair()
    establish(caller, called)
    caller.wait("CALL_RTPESTAB")
    called.wait("CALL_RTPESTAB")
    caller.do("hangup")
    called.wait("CALL_CLOSED")


VIDEO = "module vp8.so\nmodule fakevideo.so\nvideo_source fakevideo,nil\nvideo_display fakevideo,nil"


@pytest.fixture
def filmed(network: Network, tmp_path: Path) -> Iterator[tuple[Baresip, Baresip]]:
    """The same with cameras."""
    need("baresip")
    made = [
        Baresip(tmp_path, network[which].user(), network[which + 2], more=VIDEO, video=True)
        for which in (1, 2)
    ]
    yield made[0], made[1]
    for phone in made:
        phone.stop()


def flowing(phone: Baresip) -> set[str]:
    """The streams that it receives."""
    return {event["param"] for event in phone.seen("CALL_RTPESTAB")}


def test_a_video_call_over_four_nodes(network: Network, filmed: tuple[Baresip, Baresip]) -> None:
    """Both streams of both descriptions pass, and pictures flow as sound does."""
    caller, called = filmed
    establish(caller, called)
    wait_until(lambda: flowing(caller) == flowing(called) == {"audio", "video"}, "both streams flow")
    assert legs(network) == [1, 1, 1, 1]
    caller.do("hangup")
    called.wait("CALL_CLOSED")
    quiet(network)


def test_hold_and_resume(network: Network, pair: PairMaker) -> None:
    caller, called = pair()
    establish(caller, called)
    caller.do("hold")
    called.program.wait_for(r"^a=sendonly")
    called.program.wait_for(r"^a=recvonly")
    caller.program.wait_for(r"^a=recvonly")
    caller.do("resume")
    offers: list[dict[str, Any]] = wait_until(
        lambda: [event for event in called.seen("CALL_REMOTE_SDP") if event["param"] == "offer"][2:],
        "the offer to resume",
    )
    assert offers
    called.program.wait_for(r"^a=sendrecv(?:.|\n)*^a=sendonly(?:.|\n)*^a=sendrecv(?:.|\n)*^a=sendrecv")
    assert legs(network) == [1, 1, 1, 1]
    caller.do("hangup")
    called.wait("CALL_CLOSED")
    quiet(network)


def test_both_hold_one_after_the_other(network: Network, pair: PairMaker) -> None:
    caller, called = pair()
    establish(caller, called)
    caller.do("hold")
    called.program.wait_for(r"^a=sendonly")
    caller.program.wait_for(r"^a=recvonly")
    called.do("hold")
    caller.program.wait_for(r"^a=(inactive|sendonly)\s+(?:.|\n)*^a=(inactive|recvonly)")
    called.do("hangup")
    caller.wait("CALL_CLOSED")
    quiet(network)


def test_baresip_takes_another_codec(network: Network, pair: PairMaker, phone: Callable[..., Phone]) -> None:
    """It cannot ask for one itself: sipp holds, then resumes with μ-law alone, over four nodes."""
    need("sipp")
    _, called = pair(answer="manual")
    caller = phone(network[1].user(), network[3])
    caller.register()
    calling = caller.call("call_and_change_media", called.user)
    called.wait("CALL_INCOMING")
    called.do("accept")
    calling.finish()
    answers = [message for message in calling.received("SIP/2.0 200") if message.body.strip()]
    assert [payload_types(answer) for answer in answers] == [["8", "0"], ["8", "0"], ["0"]]
    assert "a=recvonly" in answers[1].body
    assert "a=sendrecv" in answers[2].body
    called.program.wait_for(r"Set audio encoder: PCMA(?:.|\n)*Set audio encoder: PCMU")
    called.wait("CALL_CLOSED")
    quiet(network)


def payload_types(message: Message) -> list[str]:
    """What the audio stream of a description may be coded in."""
    line = next(line for line in message.body.splitlines() if line.startswith("m=audio "))
    return [number for number in line.split()[3:] if int(number) < 96]


def test_called_phone_rings_and_answers(network: Network, pair: PairMaker) -> None:
    caller, called = pair(answer="manual")
    caller.do("dial", f"sip:{called.user.aor}")
    called.wait("CALL_INCOMING")
    caller.wait("CALL_RINGING")
    called.do("accept")
    caller.wait("CALL_ESTABLISHED")
    caller.do("hangup")
    called.wait("CALL_CLOSED")
    quiet(network)


def test_caller_gives_up_while_it_rings(network: Network, pair: PairMaker) -> None:
    caller, called = pair(answer="manual")
    caller.do("dial", f"sip:{called.user.aor}")
    called.wait("CALL_INCOMING")
    caller.wait("CALL_RINGING")
    caller.do("hangup")
    called.wait("CALL_CLOSED")
    quiet(network)


def test_called_phone_rejects(network: Network, pair: PairMaker) -> None:
    caller, called = pair(answer="manual")
    caller.do("dial", f"sip:{called.user.aor}")
    called.wait("CALL_INCOMING")
    called.do("hangup")
    assert caller.wait("CALL_CLOSED")["param"].startswith("486")
    quiet(network)
