"""Video forward (profile 3, 4.7): targets of any core, one result each, and every way in which it ends."""

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import aor, ext, fire

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.terminal import Behaviour, CallState, control

PUSH = CallSetup(CallType.VIDEO_PUSH)
GROUP = Aor("8001", "core1.example")
AT = {"1001": 2, "4001": 3, "2001": 1, "3002": 3, "1002": 1}


class Forwarding(ControlWorld):
    """1001 (at core 2) pushes video to 4001 (at core 3)."""

    def __init__(self, boss: str = "3005", at: int = 2, setup: CallSetup = PUSH) -> None:
        members = fire("2002", "4002", "1003")
        super().__init__(members, at={**AT, boss: at, "2002": 2, "4002": 4, "1003": 1})
        self.boss = boss
        self.source = self.call(self.ua("1001"), "4001", setup)
        self.run(2.0)
        assert self.source.state is CallState.UP

    def forward(self, *goals: str, by_user: bool = False, who: str = "", party: str = "1001") -> None:
        wanted = tuple(Goal(GROUP if n == "8001" else aor(n), n == "8001") for n in goals)
        source = Source("1001" if by_user else self.source.id, by_user)
        self.dispatch(who or self.boss, control.forward(aor(party), source, wanted, Wire()))
        self.run(3.0)

    def terminate(self, video_id: str = "") -> None:
        self.dispatch(self.boss, control.terminate(aor("1001"), video_id or self.source.id))
        self.run(3.0)

    def heard_of_targets(self) -> list[str]:
        """The reports that reached the dispatcher."""
        return sorted(event.text for event in self.ua(self.boss).events if event.name == "forwarded")

    def watching(self) -> set[str]:
        return self.in_call() - {"1001", "4001"}

    def assert_over(self) -> None:
        self.hang_up(self.ua("1001"), self.source)
        super().assert_over()
        for core in self.running():
            assert not core.store.get("video_forward"), core.name
            assert core.node is not None
            assert not list(core.node._ctx.directory._engaged)


@pytest.mark.parametrize(("boss", "at"), [("1005", 1), ("2005", 2), ("3005", 4), ("1005", 3)])
@pytest.mark.parametrize("party", ["1001", "4001"])
def test_users_of_every_core_are_called_and_each_is_reported(boss: str, at: int, party: str):
    """TC2-C 视频转发, TC2-C 视频转发终止."""
    w = Forwarding(boss, at)
    w.forward("2001", "3002", "1002", party=party)
    assert w.result(boss)[0] == 200
    assert w.watching() == {"2001", "3002", "1002"}
    assert w.heard_of_targets() == [f"{aor(n)}: success" for n in ("1002", "2001", "3002")]
    invite = w.last("INVITE pttcall sendonly", target="2001")
    assert "calltype=23" in ext(invite)
    assert 'callerUDN="1001@core1.example"' in ext(invite)
    assert b"m=video" in invite.body
    assert b"m=audio" not in invite.body
    w.terminate()
    assert w.result(boss)[0] == 200
    assert w.watching() == set()
    assert w.source.state is CallState.UP
    w.assert_over()


def test_every_kind_of_result_is_told_once():
    """TC2-C 视频转发结果上报."""
    w = Forwarding()
    w.ua("2001").behaviour = Behaviour.DECLINE
    w.ua("1002").behaviour = Behaviour.IGNORE
    w.forward("2001", "1002", "3002", "4004", "2999")
    w.run(90.0)
    assert w.heard_of_targets() == [
        "1002@core1.example: timeout",
        "2001@core2.example: refused",
        "2999@core2.example: unknown",
        "3002@core3.example: success",
        "4004@core4.example: unreachable",
    ]
    w.assert_over()


def test_by_the_number_of_the_source_and_the_end_of_the_source_ends_all():
    w = Forwarding()
    w.forward("2001", "3002", by_user=True)
    assert w.watching() == {"2001", "3002"}
    w.assert_over()
    assert len(w.heard_of_targets()) == 2


def test_a_target_that_hangs_up_leaves_the_others():
    w = Forwarding()
    w.forward("2001", "3002")
    w.leave("2001")
    w.run(2.0)
    assert w.watching() == {"3002"}
    w.assert_over()


def test_a_group_of_the_controlling_core_is_called():
    w = Forwarding()
    w.forward("8001", "3002")
    assert w.watching() == {"2002", "4002", "1003", "3002"}
    assert w.heard_of_targets() == ["3002@core3.example: success", "8001@core1.example: success"]
    assert "CalledType=2" in ext(w.last("INVITE pttcall", "core1", "core4"))
    w.press("2002")
    w.run(1.0)
    assert not w.its("2002").talking, "members only receive"
    w.terminate()
    assert w.watching() == set()
    w.assert_over()


def test_a_forward_to_a_group_whose_master_is_the_dispatchers_home_is_ended_there_where_its_source_is():
    w = Forwarding("1005", 1)
    source = w.call(w.ua("2001"), "3002", PUSH)
    w.run(2.0)
    w.dispatch(w.boss, control.forward(aor("2001"), Source(source.id, False), (Goal(GROUP, True),), Wire()))
    w.run(3.0)
    w.dispatch(w.boss, control.terminate(aor("2001"), source.id))
    w.run(3.0)
    assert w.result(w.boss)[0] == 200
    assert not {"2002", "4002", "1003"} & w.in_call()
    assert source.state is CallState.UP
    w.hang_up(w.ua("2001"), source)
    w.run(2.0)
    w.assert_over()


def test_a_group_of_another_core_is_called():
    w = Forwarding()
    source = w.call(w.ua("2001"), "1002", PUSH)
    w.run(2.0)
    goal = (Goal(GROUP, True),)
    w.dispatch(w.boss, control.forward(aor("2001"), Source(source.id, False), goal, Wire()))
    w.run(3.0)
    assert w.heard_of_targets() == ["8001@core1.example: success"]
    assert {"2002", "4002", "1003"} <= w.in_call()
    w.hang_up(w.ua("2001"), source)
    w.run(2.0)
    assert not {"2002", "4002", "1003"} & w.in_call()
    w.assert_over()


def test_a_groups_video_is_forwarded():
    w = Forwarding()
    w.hang_up(w.ua("1001"), w.source)
    call = w.dial("2002", CallSetup(CallType.GROUP_AUDIO_VIDEO))
    w.run(3.0)
    w.dispatch(w.boss, control.forward(GROUP, Source(call.id, False), (Goal(aor("2001"), False),), Wire()))
    w.run(3.0)
    assert w.heard_of_targets() == ["2001@core2.example: success"]
    w.leave("2002")
    for number in ("4002", "1003"):
        w.leave(number)
    w.run(40.0)
    assert w.in_call() == set()


@pytest.mark.parametrize("core", [1, 2, 3, 4])
def test_it_goes_on_over_a_restart(core: int):
    w = Forwarding()
    w.forward("2001", "3002", "8001")
    w.crash(core)
    w.restart(core)
    w.run(3.0)
    assert {"2001", "3002"} <= w.watching()
    assert len(w.heard_of_targets()) == 3
    w.terminate()
    w.run(5.0)
    assert w.watching() == set()
    w.assert_over()


def test_an_order_given_twice_calls_once():
    w = Forwarding()
    order = control.forward(aor("1001"), Source(w.source.id, False), (Goal(aor("2001"), False),), Wire())
    for _ in range(2):
        w.ua(w.boss).page(order.uri, order.token, (*order.params, ("msgid", "m1")), w.now)
        w.touch(w.ua(w.boss))
        w.run(3.0)
    assert w.heard_of_targets() == ["2001@core2.example: success"]
    assert len(w.ua("2001").calls) == 1
    w.assert_over()


def test_a_call_without_video_is_488_and_an_unknown_one_481():
    w = Forwarding(setup=CallSetup())
    w.forward("2001")
    assert w.result(w.boss)[0] == 488
    w.source.id = "nothing"
    w.forward("2001")
    assert w.result(w.boss)[0] == 481
    w.terminate()
    assert w.result(w.boss)[0] == 481
    assert w.watching() == set()


@pytest.mark.parametrize("who", ["1002", "3002"])
def test_a_terminal_may_not(who: str):
    w = Forwarding()
    w.forward("2001", who=who)
    assert w.result(who)[0] == 403
    log = w.node(int(who[0]))._ctx.audit_log.after(0, 99)
    assert [(e.who, e.action, e.result[:3]) for e in log if "@" in e.who] == [
        (str(aor(who)), "video forward", "403")
    ]
    assert w.watching() == set()


def test_the_targets_are_offered_what_the_source_shows_now():
    """媒体变更 of the source: another codec, for users and groups."""
    w = Forwarding()
    w.forward("2001", "3002", "8001")
    w.offer("1001", PUSH, (b"96 H264", b"97 VP8"), (b"AVP 96", b"AVP 97"))
    w.run(1.0)
    for number in ("2001", "3002", "2002", "4002", "1003"):
        assert b"VP8" in w.its(number).remote_sdp, number
        assert b"H264" not in w.its(number).remote_sdp, number
    w.terminate()
    assert w.watching() == set()
    w.assert_over()


def test_a_target_that_a_restart_kept_from_hearing_of_new_media_is_offered_them_again():
    w = Forwarding()
    w.forward("3002")
    w.lose = lambda source, target, data: (
        (source, target) == ("core1", "core3") and data.startswith(b"INVITE")
    )
    w.offer("1001", PUSH, (b"96 H264", b"97 VP8"), (b"AVP 96", b"AVP 97"))
    w.crash(1)
    w.restart(1)
    w.lose = lambda source, target, data: False
    w.run(60.0)
    assert "3002" in w.watching()
    assert b"VP8" in w.its("3002").remote_sdp
    w.terminate()
    w.assert_over()


def test_a_source_that_shows_nothing_any_more_ends_what_is_forwarded():
    w = Forwarding(setup=CallSetup(CallType.PRIVATE_AUDIO_VIDEO))
    w.forward("2001", "8001")
    assert w.watching() == {"2001", "2002", "4002", "1003"}
    for number in ("1001", "4001"):
        w.ua(number).become(w.its(number), CallSetup(CallType.PRIVATE_AUDIO), "sendrecv", w.now)
        w.touch(w.ua(number))
        w.run(2.0)
    assert w.source.state is CallState.UP
    assert w.watching() == set()
    w.assert_over()
