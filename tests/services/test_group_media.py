"""Media change in a running group call (媒体变更, profile 3, 4.7): talker → G → V-TCFs → members, stream by stream."""

import pytest
from tests.services.group_world import AUDIO, GroupWorld, ext

from opentcf.model.call import CallSetup, CallType

AT = {"1001": 1, "1002": 1, "2001": 2, "2002": 2, "3001": 3}
BOTH = CallSetup(CallType.GROUP_AUDIO_VIDEO)
VIDEO = b"m=video"


class Pictures(GroupWorld):
    """A group in a call."""

    def __init__(self, caller: str = "1001", **more: object) -> None:
        super().__init__(at=AT, **more)  # type: ignore[arg-type]
        self.caller = caller
        self.dial(caller)
        self.run(1.0)
        self.clear()

    def become(self, number: str, setup: CallSetup = BOTH, direction: str = "sendrecv") -> None:
        self.ua(number).become(self.its(number), setup, direction, self.now)
        self.touch(self.ua(number))
        self.run(1.0)

    def failures(self, number: str) -> list[int]:
        return [event.status for event in self.ua(number).events if event.name == "failed"]

    def seen(self) -> dict[str, tuple[str, ...]]:
        """The streams that each terminal has."""
        return {number: self.its(number).streams for number in AT}


@pytest.mark.parametrize("caller", ["1001", "2001"], ids=["at the master", "elsewhere"])
def test_the_talker_adds_and_removes_video(caller: str):
    """TC2-C 视频下推媒体变更."""
    w = Pictures(caller)
    w.become(caller)
    assert set(w.seen().values()) == {("audio", "video")}
    assert w.talking() == [caller]
    for source, target in (("core1", "core3"), ("core3", "3001")):
        assert "calltype=5" in ext(w.last("INVITE", source, target))
        assert w.count("INVITE", source, target) == 1
    w.become(caller, AUDIO)
    assert set(w.seen().values()) == {("audio", "")}
    assert "calltype=4" in ext(w.last("INVITE", "core1", "core3"))
    w.let_go(caller)
    w.run(1.0)
    w.press("3001")
    w.run(1.0)
    assert w.floor() == ("3001", [])
    assert w.talking() == ["3001"]
    w.leave(caller)


def test_who_comes_late_gets_the_media_of_now():
    w = Pictures("2001")
    w.become("2001")
    w.attach("4001", 4)
    w.run(1.0)
    assert w.its("4001").streams == ("audio", "video")
    assert "calltype=5" in ext(w.last("INVITE", "core1", "core4"))


def test_who_neither_talks_nor_called_may_not():
    for number in ("1002", "2002"):
        w = Pictures("1001")
        w.become(number)
        assert w.failures(number) == [403]
        assert w.seen()["3001"] == ("audio",)
        w.press(number)
        w.run(1.0)
        assert w.floor() == ("1001", [number]), "the slot is free again"


def test_the_originator_may_while_another_talks():
    w = Pictures("2001")
    w.let_go("2001")
    w.run(1.0)
    w.press("1002")
    w.run(1.0)
    w.become("2001", direction="recvonly")
    assert set(w.seen().values()) == {("audio", "video")}
    assert w.talking() == ["1002"]


def test_a_source_that_halts_its_video_halts_it_for_all():
    w = Pictures("2001")
    w.become("2001")
    w.offer("2001", BOTH, (b"(H264/90000\r\na=)sendrecv", rb"\1inactive"))
    for target in ("core3", "core1"):
        offer = w.last("INVITE", "core1" if target == "core3" else "core2", target).body
        assert offer.partition(VIDEO)[2].endswith(b"a=inactive\r\n")
        assert b"a=inactive" not in offer.partition(VIDEO)[0]


def test_nothing_usable_is_488_and_the_call_goes_on():
    """TC2-C 488."""
    w = Pictures("2001")
    w.offer("2001", AUDIO, (rb"m=audio \d+", b"m=audio 0"))
    assert w.failures("2001") == [488]
    w.become("2001")
    assert w.seen()["3001"] == ("audio", "video")


def test_a_listener_may_describe_himself_anew_but_not_the_call():
    w = Pictures("2001")
    w.offer("3001", AUDIO, (b"AVP 8", b"AVP 8 99\r\na=rtpmap:99 opus/48000/2"))
    answer = w.last("200 INVITE", "core3", "3001").body
    assert b"RTP/AVP 8\r\n" in answer, "the call has no other codec"
    assert b"a=sendonly" in answer
    w.offer("3001", AUDIO, (b"AVP 8", b"AVP 99"), (b"8 PCMA/8000", b"99 opus/48000/2"))
    assert w.failures("3001") == [488], "no codec is left"
    assert w.count("INVITE", "core3", "core1") == 0


def test_a_member_who_refuses_keeps_what_he_has():
    w = Pictures("2001")
    refuse = lambda source, data: data.replace(b"200 OK", b"488 No") if VIDEO in data else data  # noqa: E731
    w.garble = lambda source, data: refuse(source, data) if source == "3001" else data
    w.become("2001")
    assert w.count("488 INVITE", "3001") == 0, "he meant 200, the link says 488"
    assert w.its("1002").streams == ("audio", "video")
    w.press("3001")
    w.run(1.0)
    w.clear()
    w.let_go("2001")
    w.run(1.0)
    assert w.floor() == ("3001", [])
    assert VIDEO not in w.last("INVITE pttaccept", "core3", "3001").body.replace(b"m=video 0", b"")


def test_cancel_of_a_change_leaves_the_call_as_it_was():
    w = Pictures("2001")
    w.part("core2", "core1")
    w.become("2001")
    w.ua("2001")._calls.cancel(w.its("2001"))
    w.touch(w.ua("2001"))
    w.run(0.2)
    assert "optype=pttcall" in ext(w.last("487 INVITE", "core2", "2001"))
    w.cut.clear()
    w.run(5.0)
    assert w.its("2001").state.value == "up"
    assert len(set(w.seen().values()) - {("audio", "video")}) <= 1


@pytest.mark.parametrize("kind", [CallType.PRIVATE_VIDEO, CallType.VIDEO_PUSH])
def test_a_type_that_a_group_call_cannot_become_is_488(kind: CallType):
    """As a push, T2 and T4 would not hold for it."""
    w = Pictures("2001")
    w.become("2001", CallSetup(kind))
    assert w.failures("2001") == [488]


def test_two_changes_at_once_leave_all_with_the_same():
    """The originator and the talker, behind two V-TCFs: G takes one after the other."""
    w = Pictures("2001", delay=(0.01, 0.03))
    w.let_go("2001")
    w.run(1.0)
    w.press("3001")
    w.run(1.0)
    for number, setup in (("2001", BOTH), ("3001", CallSetup(CallType.VIDEO_MULTICAST))):
        w.ua(number).become(w.its(number), setup, "sendrecv", w.now)
        w.touch(w.ua(number))
    w.run(10.0)
    assert len({streams.count("video") for streams in w.seen().values()}) == 1
    assert w.talking() == ["3001"]
    assert w.floor() == ("3001", [])


def test_the_media_outlive_restarts():
    w = Pictures("2001")
    w.become("2001")
    for number in (1, 3):
        w.crash(number)
        w.run(0.3)
        w.restart(number)
        w.run(3.0)
    w.attach("4001", 4)
    assert w.its("4001").streams == ("audio", "video")
    assert w.seen()["3001"] == ("audio", "video")


def test_a_change_that_a_restart_of_the_master_cut_off_is_offered_again():
    w = Pictures("2001")
    w.part("core1", "core3")
    w.become("2001")
    assert w.seen()["3001"] == ("audio",)
    w.crash(1)
    w.run(0.3)
    w.restart(1)
    w.cut.clear()
    w.run(5.0)
    assert w.seen()["3001"] == ("audio", "video")


def test_a_v_tcf_that_answers_after_the_change_is_offered_it():
    w = GroupWorld(at=AT)
    w.part("core1", "core3")
    w.dial("1001")
    w.run(1.0)
    w.ua("1001").become(w.its("1001"), BOTH, "sendrecv", w.now)
    w.touch(w.ua("1001"))
    w.run(1.0)
    w.cut.clear()
    w.run(5.0)
    assert w.its("3001").streams == ("audio", "video")
