"""Call records, as the core hands them to its shell."""

import random
from dataclasses import replace

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import GroupWorld, aor, fire
from tests.services.test_video_forward import Forwarding
from tests.world import World

from opentcf.btrunc.wire import Token
from opentcf.model.account import CallRecord
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.terminal import Behaviour, Terminal

AT = {"1001": 2, "1002": 1, "2001": 3}


def recorded(world: World) -> None:
    """All TCFs keep records from now on."""
    for core in world.cores.values():
        core.settings = replace(core.settings, records=True)
        world.command(core.number, "reload", settings=core.settings)
    world.run(0.1)


def records(world: World, core: int, kind: str) -> list[CallRecord]:
    rows = sorted(world.cores[core].store.get("call_record", {}).items())
    return [record for _, row in rows if (record := read(row)).kind == kind]


def read(row) -> CallRecord:
    assert row["v"] == 1
    return CallRecord(**{name: value for name, value in row.items() if name != "v"})


def open_accounts(world: World) -> list[str]:
    return [key for core in world.cores.values() for key in core.store.get("account", {})]


@pytest.fixture
def two() -> tuple[World, Terminal, Terminal]:
    """1001 at core 1, 2001 at core 2."""
    w = World(nodes=2)
    recorded(w)
    uas = w.terminal("1001", 1), w.terminal("2001", 2, Behaviour.RING)
    for ua in uas:
        w.register(ua)
    w.run(2.0)
    return w, *uas


def test_a_private_call_is_a_record_at_each_tcf_and_one_of_each_leg(two):
    w, ann, bob = two
    w.call(ann, "2001")
    w.run(3.0)
    w.answer(bob)
    w.run(60.0)
    w.hang_up(bob)
    w.settle()
    (one,), (other,) = records(w, 1, "call"), records(w, 2, "call")
    assert one.call == other.call != ""
    assert (one.type, one.caller, one.called) == ("private_audio", "1001@core1.example", "2001@core2.example")
    assert (one.role, other.role) == ("caller's V, caller's H", "called H, called V")
    assert (one.cause, one.released_by, one.code) == ("normal", "2001@core2.example", None)
    assert one.answer is not None
    assert 3.0 < one.answer - one.start < 3.5
    assert 59.5 < one.end - one.answer < 60.5
    uplink, bob_leg = sorted(records(w, 2, "leg"), key=lambda leg: leg.direction)
    assert [(leg.party, leg.peer, leg.direction, leg.released_by) for leg in (bob_leg, uplink)] == [
        ("2001@core2.example", "", "out", "2001@core2.example"),
        ("1001@core1.example", "core1.example", "in", "core2.example"),
    ]
    assert uplink.end == bob_leg.end == other.end
    assert open_accounts(w) == []


def test_a_call_that_is_not_answered(two):
    w, ann, bob = two
    w.call(ann, "2001")
    w.run(3.0)
    w.reject(bob, status=486)
    w.settle()
    (call,) = records(w, 1, "call")
    assert (call.answer, call.released_by) == (None, "2001@core2.example")
    assert call.code == 486
    assert [leg.code for leg in records(w, 1, "leg")] == [486, 486]
    assert {leg.released_by for leg in records(w, 2, "leg")} == {"2001@core2.example", "core2.example"}
    w.call(ann, "2001")
    w.run(3.0)
    w.hang_up(ann)
    w.settle()
    assert records(w, 1, "call")[1].released_by == "1001@core1.example"
    assert [leg.code for leg in records(w, 1, "leg")][2:] == [487, 487]
    assert open_accounts(w) == []


def test_a_restart_in_the_middle_loses_nothing(two):
    w, ann, bob = two
    w.call(ann, "2001")
    w.run(3.0)
    w.answer(bob)
    w.run(10.0)
    w.crash(1)
    w.restart(1)
    w.run(10.0)
    w.hang_up(ann)
    w.settle()
    (call,) = records(w, 1, "call")
    assert call.answer is not None
    assert 19.0 < call.end - call.answer < 21.0
    assert len(records(w, 1, "leg")) == 2


def test_what_the_restart_itself_ends_is_recorded(two):
    w, ann, _ = two
    w.call(ann, "2001")
    w.run(3.0)
    w.crash(1)
    w.restart(1)
    w.settle()
    (call,) = records(w, 1, "call")
    assert (call.answer, call.cause) == (None, "peer_down")
    assert open_accounts(w) == []


def test_a_group_call_tells_who_talked_how_long():
    w = GroupWorld(fire(*AT, hang_time=5.0), at=AT)
    recorded(w)
    w.dial("1001")
    w.run(10.0)
    w.let_go("1001")
    w.run(1.0)
    w.press("2001")
    w.run(4.0)
    w.let_go("2001")
    w.run(1.0)
    w.press("1001")
    w.run(2.0)
    w.let_go("1001")
    w.assert_over()
    calls = records(w, 1, "call")
    master = next(call for call in calls if call.role == "master")
    assert (master.type, master.called, master.talks) == ("group_audio", "8001@core1.example", 3)
    spent = dict(one.split("=") for one in master.talkers.split())
    assert 11.9 < float(spent["1001@core1.example"]) < 12.2
    assert 3.9 < float(spent["2001@core2.example"]) < 4.2
    assert master.released_by == "core1.example"
    assert {call.call for core in (1, 2, 3) for call in records(w, core, "call")} == {master.call}
    (ann,) = [leg for leg in records(w, 2, "leg") if leg.party == "1001@core1.example"]
    assert (ann.role, ann.peer, ann.talks) == ("visited", "", 2)
    assert 11.8 < ann.talk_seconds < 12.2
    assert open_accounts(w) == []


def test_who_leaves_a_group_call_ends_his_leg_only():
    w = GroupWorld(fire(*AT, hang_time=5.0), at=AT)
    recorded(w)
    w.dial("1001")
    w.run(2.0)
    w.leave("2001")
    w.run(1.0)
    (leg,) = [one for one in records(w, 3, "leg") if one.party == "2001@core2.example"]
    assert (leg.cause, leg.released_by) == ("normal", "2001@core2.example")
    assert [one.peer for one in records(w, 1, "leg")] == ["core3.example"]
    assert records(w, 1, "call") == []


def test_who_comes_back_has_on_each_leg_what_he_said_on_it():
    at = {**AT, "2002": 3}
    w = GroupWorld(fire(*at, hang_time=5.0), at=at)
    recorded(w)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.press("2001")
    w.run(5.0)
    w.leave("2001")
    w.run(1.0)
    w.dial("2001")
    w.run(2.0)
    w.let_go("2001")
    w.assert_over()
    legs = [leg for leg in records(w, 3, "leg") if leg.party == "2001@core2.example"]
    assert [leg.talks for leg in legs] == [1, 1]
    assert [round(leg.talk_seconds) for leg in legs] == [5, 2]


def test_a_group_call_goes_on_over_a_restart_of_its_master():
    w = GroupWorld(fire(*AT, hang_time=5.0), at=AT)
    recorded(w)
    w.dial("1001")
    w.run(5.0)
    w.crash(1)
    w.restart(1)
    w.run(5.0)
    w.let_go("1001")
    w.assert_over()
    (master,) = [call for call in records(w, 1, "call") if call.role == "master"]
    assert 9.9 < float(master.talkers.partition("=")[2]) < 10.3
    assert open_accounts(w) == []


@pytest.mark.parametrize("crashes", [(), (1, 2, 3)])
def test_an_emergency_that_was_ended_was_one(crashes):
    w = GroupWorld(fire(*AT, hang_time=5.0), at=AT)
    recorded(w)
    w.dial("1001")
    w.run(2.0)
    w.let_go("1001")
    w.press("2001", emergency=True)
    w.run(2.0)
    w.ua("2001").calm(w.its("2001"), w.now)
    w.touch(w.ua("2001"))
    w.run(2.0)
    for core in crashes:
        w.crash(core)
        w.restart(core)
    w.run(2.0)
    w.let_go("2001")
    w.assert_over()
    assert [call.emergency for core in (1, 2, 3) for call in records(w, core, "call")] == [True] * 4
    assert [leg.emergency for core in (1, 2, 3) for leg in records(w, core, "leg")] == [True] * 7


@pytest.mark.parametrize("crashes", [(), (1,), (3,)])
def test_who_waited_for_the_floor_of_a_group(crashes):
    at = {**AT, "2002": 3}
    w = GroupWorld(fire(*at, hang_time=5.0), at=at)
    recorded(w)
    w.dial("1001")
    w.run(2.0)
    w.press("2001")
    w.press("1002")
    w.run(3.0)
    for core in crashes:
        w.crash(core)
        w.restart(core)
        w.run(3.0)
    w.let_go("1002")
    w.run(1.0)
    w.let_go("1001")
    w.run(2.0)
    w.let_go("2001")
    w.assert_over()
    wait = 7 if crashes else 4
    master = next(call for call in records(w, 1, "call") if call.role == "master")
    assert (master.talks, master.waits, round(master.wait_seconds)) == (2, 2, 2 * wait - 1)
    (leg,) = [leg for leg in records(w, 3, "leg") if leg.party == "2001@core2.example"]
    assert (leg.talks, leg.waits, round(leg.wait_seconds)) == (1, 1, wait)
    (gave_up,) = [leg for leg in records(w, 1, "leg") if leg.party == "1002@core1.example"]
    assert (gave_up.talks, gave_up.waits, round(gave_up.wait_seconds)) == (0, 1, wait - 1)
    assert open_accounts(w) == []


@pytest.mark.parametrize("moves", [False, True])
def test_who_leaves_while_he_waits_waits_no_longer(moves):
    at = {**AT, "2002": 3}
    w = GroupWorld(fire(*at, hang_time=5.0), at=at)
    recorded(w)
    w.dial("1001")
    w.run(2.0)
    w.press("2001")
    w.run(3.0)
    if moves:
        w.ua("2001").move(w.cores[4].proxy, w.now, RegType.HANDOVER, w.its("2001"))
        w.touch(w.ua("2001"))
    else:
        w.leave("2001")
    w.run(5.0)
    w.let_go("1001")
    w.run(2.0)
    if moves:
        w.leave("2001")
    w.assert_over()
    (visited,) = [call for call in records(w, 3, "call") if call.role == "visited"]
    assert (visited.waits, round(visited.wait_seconds)) == (1, 3)
    master = next(call for call in records(w, 1, "call") if call.role == "master")
    assert (master.waits, round(master.wait_seconds)) == (1, 8 if moves else 3)


PATHS = pytest.mark.parametrize(
    ("caller_at", "called_at", "called"), [(1, 1, "1002"), (2, 3, "4001"), (2, 2, "2001")]
)


class Radios:
    """1001 calls somebody in half duplex; who talks is said to the records."""

    def __init__(self, caller_at: int, called_at: int, called: str) -> None:
        self.w = w = World(1)
        recorded(w)
        self.one, self.two = w.terminal("1001", caller_at), w.terminal(called, called_at)
        for ua in (self.one, self.two):
            w.register(ua)
        w.run(2.0)
        w.call(self.one, called, CallSetup(full_duplex=False))
        w.run(2.0)

    def press(self, ua: Terminal, seconds: float) -> None:
        ua.press(next(iter(ua.calls.values())), self.w.now)
        self.w.touch(ua)
        self.w.run(seconds)

    def let_go(self, ua: Terminal) -> None:
        ua.let_go(next(iter(ua.calls.values())), self.w.now)
        self.w.touch(ua)
        self.w.run(1.0)

    def end(self) -> None:
        self.w.hang_up(self.one)
        self.w.settle()
        assert open_accounts(self.w) == []

    def its_leg(self, ua: Terminal) -> CallRecord:
        """The one to the terminal."""
        found = [leg for core in self.w.cores for leg in records(self.w, core, "leg") if leg.peer == ""]
        return next(leg for leg in found if leg.party == str(ua.user))


def spent(talkers: str) -> dict[str, int]:
    """Whole seconds."""
    return {
        user: round(float(seconds)) for user, _, seconds in (one.partition("=") for one in talkers.split())
    }


@PATHS
@pytest.mark.parametrize("crashes", [False, True])
def test_a_half_duplex_call_tells_who_talked_how_long(caller_at, called_at, called, crashes):
    t = Radios(caller_at, called_at, called)
    t.let_go(t.one)
    t.press(t.two, 5.0)
    if crashes:
        for core in (1, 2, 3):
            t.w.crash(core)
            t.w.restart(core)
        t.w.run(5.0)
    t.let_go(t.two)
    t.press(t.one, 3.0)
    t.end()
    here = next(call for call in records(t.w, 1, "call") if "caller's H" in call.role)
    assert (here.talks, spent(here.talkers)) == (
        3,
        {"1001@core1.example": 5, str(t.two.user): 10 if crashes else 5},
    )
    assert here.talk_seconds == pytest.approx(15.0 if crashes else 10.0, abs=0.5)
    assert [(leg.talks, round(leg.talk_seconds)) for leg in (t.its_leg(t.one), t.its_leg(t.two))] == [
        (2, 5), (1, 10 if crashes else 5),
    ]  # fmt: skip
    assert {call.talks for core in t.w.cores for call in records(t.w, core, "call")} == {3}


@PATHS
def test_who_waited_in_a_half_duplex_call(caller_at, called_at, called):
    t = Radios(caller_at, called_at, called)
    t.press(t.two, 4.0)
    t.let_go(t.two)
    t.press(t.two, 2.0)
    t.let_go(t.one)
    t.end()
    here = next(call for call in records(t.w, 1, "call") if "caller's H" in call.role)
    assert (here.talks, here.waits, round(here.wait_seconds)) == (2, 2, 6)
    assert (t.its_leg(t.two).waits, round(t.its_leg(t.two).wait_seconds)) == (2, 6)
    assert (t.its_leg(t.one).waits, t.its_leg(t.one).wait_seconds) == (0, 0.0)


def test_a_talk_that_is_revoked_ends_with_it():
    t = Radios(2, 3, "4001")
    t.w.run(70.0)
    t.press(t.two, 4.0)
    t.end()
    assert (t.its_leg(t.one).talks, round(t.its_leg(t.one).talk_seconds)) == (1, 60)
    assert (t.its_leg(t.two).talks, round(t.its_leg(t.two).talk_seconds)) == (1, 4)


def test_a_talk_goes_on_over_a_handover():
    t = Radios(2, 3, "4001")
    t.w.run(3.0)
    t.one.move(t.w.cores[4].proxy, t.w.now, RegType.HANDOVER, next(iter(t.one.calls.values())))
    t.w.touch(t.one)
    t.w.run(5.0)
    t.end()
    here = next(call for call in records(t.w, 1, "call") if "caller's H" in call.role)
    assert (here.talks, spent(here.talkers)) == (1, {"1001@core1.example": 10})


def entered(w: ControlWorld, token: Token, party: Aor, call_id: str) -> None:
    """3005, a dispatcher at core 4, is in it for two seconds, whatever dies meanwhile."""
    w.ua("3005").enter(party, call_id, w.now, token)
    w.touch(w.ua("3005"))
    w.run(1.0)
    for core in (1, 3, 4):
        w.crash(core)
        w.restart(core)
    w.run(1.0)
    w.leave("3005")
    w.run(1.0)


def entries(w: World) -> list[tuple[int, str, str, str]]:
    return sorted(
        (core, line.kind, line.direction, line.entry)
        for core in w.cores
        for line in (*records(w, core, "leg"), *records(w, core, "call"))
        if line.entry
    )


@pytest.mark.parametrize(("token", "how"), [(Token.INSERT, "insertion"), (Token.LISTEN, "listening")])
@pytest.mark.parametrize("group", [False, True])
def test_who_entered_a_call_is_told_apart(token, how, group):
    at = {"1001": 1, "2001": 2, "3005": 4}
    w = ControlWorld(fire("1001", "2001", hang_time=5.0), at=at)
    recorded(w)
    if group:
        call_id, party = w.dial("1001").id, Aor("8001", "core1.example")
    else:
        call_id, party = w.call(w.ua("1001"), "2001", CallSetup(full_duplex=False)).id, aor("1001")
    w.run(2.0)
    entered(w, token, party, call_id or next(iter(w.ua("1001").calls.values())).id)
    w.leave("1001")
    w.run(10.0)
    w.settle()
    guest = [(1, "leg", "in", how)]
    assert entries(w) == guest + [
        (core, *line, how) for core in (3, 4) for line in (("call", ""), ("leg", "in"), ("leg", "out"))
    ]
    (leg,) = [leg for leg in records(w, 1, "leg") if leg.entry]
    assert (leg.party, leg.peer, leg.talks) == (
        "3005@core3.example",
        "core3.example",
        int(token is Token.INSERT),
    )
    assert open_accounts(w) == []


class Forwarded(Forwarding):
    """Video of 1001 is forwarded by order of 3005, and records are kept."""

    def __init__(self) -> None:
        super().__init__()
        recorded(self)

    def targets(self) -> list[CallRecord]:
        """One leg each, at the TCF that controls the source."""
        legs = [leg for leg in records(self, 1, "leg") if leg.role == "forward"]
        return sorted(legs, key=lambda leg: leg.party)

    def codes(self) -> dict[str, int | None]:
        return {leg.party[:4]: leg.code for leg in self.targets()}

    def whole(self) -> list[CallRecord]:
        return [call for call in records(self, 1, "call") if call.role == "forward"]


def test_a_video_forward_is_a_record_and_each_target_has_its_result():
    w = Forwarded()
    w.ua("2001").behaviour = Behaviour.DECLINE
    w.ua("1002").behaviour = Behaviour.IGNORE
    w.forward("2001", "1002", "3002", "4004", "2999", "7001", "1004")
    w.run(90.0)
    assert w.whole() == []
    assert w.codes() == {"1002": 408, "1004": 480, "2001": 603, "2999": 404, "4004": 480, "7001": 404}
    w.terminate()
    w.run(1.0)
    (whole,) = w.whole()
    assert (whole.call, whole.type, whole.caller, whole.called) == (
        w.source.id, "video_push", "3005@core3.example", "1001@core1.example",
    )  # fmt: skip
    assert whole.answer is not None
    assert 90 < whole.end - whole.answer < 100
    (done,) = [leg for leg in w.targets() if leg.party == "3002@core3.example"]
    assert (done.code, done.cause, done.released_by, done.answer) == (
        None,
        "normal",
        "core1.example",
        whole.answer,
    )
    assert done.call in {call.call for call in records(w, 3, "call")}
    assert len({leg.call for leg in w.targets()}) == 7
    w.assert_over()
    assert open_accounts(w) == []


@pytest.mark.parametrize("crashes", [False, True])
def test_a_forward_to_a_group_of_the_same_tcf_is_a_record(crashes):
    w = Forwarded()
    w.forward("8001", "3002", "1999")
    if crashes:
        w.crash(1)
        w.restart(1)
        w.run(5.0)
    assert w.codes() == {"1999": 404}
    w.terminate()
    (whole,) = w.whole()
    assert whole.answer is not None
    assert whole.end - whole.answer > (7.0 if crashes else 2.0)
    group = next(leg for leg in w.targets() if leg.party == "8001@core1.example")
    assert (group.peer, group.code, group.answer is None, group.direction) == ("", None, False, "out")
    (master,) = [call for call in records(w, 1, "call") if call.role == "master"]
    assert (master.call, master.type) == (group.call, "video_push")
    w.assert_over()
    assert open_accounts(w) == []


def test_a_target_that_rings_over_a_restart_has_its_result():
    w = Forwarded()
    w.ua("3002").behaviour = Behaviour.RING
    w.forward("3002")
    w.crash(1)
    w.restart(1)
    w.run(1.0)
    w.reject(w.ua("3002"), status=486)
    w.run(2.0)
    assert w.codes() == {"3002": 486}
    (whole,) = w.whole()
    assert whole.answer is None
    w.assert_over()
    assert open_accounts(w) == []


def refused(world: World, core: int) -> list[tuple[str, str, str, int | None]]:
    """Attempts of which no leg was made: type, role, called, code."""
    calls = records(world, core, "call")
    legs = {leg.call for leg in records(world, core, "leg")}
    return [(call.type, call.role, call.called, call.code) for call in calls if call.call not in legs]


def test_an_attempt_that_is_refused_at_once_is_a_record(two):
    w, ann, _ = two
    wanted = {
        "1999@core1.example": 404,
        "1002@core1.example": 480,
        "7001@core7.example": 404,
        "abc@core1.example": 404,
    }
    for called in wanted:
        ann.call(called, w.now)
        w.touch(ann)
        w.run(1.0)
    w.settle()
    found = records(w, 1, "call")
    assert [(one.called, one.code) for one in found] == [
        (called if called[0].isdigit() else "", code) for called, code in wanted.items()
    ]
    one = found[0]
    assert (one.type, one.role, one.caller) == ("private_audio", "caller's V", "1001@core1.example")
    assert (one.start, one.answer, one.cause, one.released_by) == (one.end, None, "", "core1.example")
    assert one.call != ""
    assert one.sip_call_id != ""
    assert records(w, 1, "leg") == []
    assert open_accounts(w) == []


@pytest.mark.parametrize("kind", [CallType.VIDEO_PULL, CallType.AMBIENCE])
def test_a_call_of_a_type_that_no_group_has_is_a_record(kind: CallType):
    w = GroupWorld(fire(*AT), at=AT)
    recorded(w)
    w.dial("1001", CallSetup(kind))
    w.run(1.0)
    (found,) = records(w, 2, "call")
    assert (found.called, found.code, found.caller) == ("8001@core1.example", 488, "1001@core1.example")


def test_a_call_to_a_peer_that_is_down_is_a_record(two):
    w, ann, _ = two
    w.crash(2)
    w.run(60.0)
    w.call(ann, "2001")
    w.settle()
    assert [(one.called, one.code) for one in records(w, 1, "call")] == [("2001@core2.example", 503)]


def test_each_tcf_that_let_an_attempt_pass_has_its_code():
    w = World(nodes=2)
    recorded(w)
    ann = w.terminal("1001", 2)
    w.register(ann)
    w.run(2.0)
    w.call(ann, "1002")
    w.settle()
    (there,) = records(w, 2, "call")
    (here,) = records(w, 1, "call")
    assert (there.role, there.code, there.answer) == ("caller's V", 480, None)
    assert (here.role, here.code, here.peer, here.call) == ("caller's H", 480, "core2.example", there.call)
    assert {leg.code for leg in records(w, 2, "leg")} == {480}
    assert records(w, 1, "leg") == []


def test_who_may_not_call_a_group_is_a_record():
    w = GroupWorld(fire(*AT, hang_time=5.0), at={**AT, "1003": 1, "1004": 2})
    recorded(w)
    w.dial("1003")
    w.dial("1004")
    w.run(1.0)
    w.dial("1004", CallSetup(CallType.GROUP_AUDIO, priority=3), group="8009")
    w.run(5.0)
    group = "8001@core1.example"
    assert refused(w, 1) == [
        ("group_audio", "master", group, 403),
        ("group_audio", "master", group, 403),
        ("group_audio", "master", "8009@core1.example", 404),
    ]
    assert [(call.role, call.code) for call in records(w, 2, "call")] == [("visited", 403), ("visited", 404)]
    assert records(w, 1, "call")[-1].priority == 3
    assert {call.caller for call in records(w, 1, "call")} == {"1003@core1.example", "1004@core1.example"}


def test_a_member_who_was_waited_for_in_vain_is_a_record():
    w = GroupWorld(fire(*AT, hang_time=5.0), at={"1001": 2})
    recorded(w)
    w.lose = lambda source, target, data: (
        (source, target) == ("core2", "core1") and data.startswith(b"REGISTER")
    )
    w.attach("2001", 3)
    w.dial("2001")
    w.run(5.0)
    assert refused(w, 1) == [("group_audio", "master", "8001@core1.example", 403)]
    assert records(w, 1, "call")[0].peer == "core3.example"


def test_invites_that_cross_are_no_attempts():
    w = GroupWorld(fire(*AT, hang_time=5.0), at=AT)
    recorded(w)
    w.dial("2001")
    w.dial("1001")
    w.run(2.0)
    assert w.count("491 INVITE") >= 1
    w.run(60.0)
    assert [one for core in w.cores for one in refused(w, core)] == []


def test_who_may_not_enter_a_call_is_a_record(two):
    w, ann, bob = two
    w.call(ann, "2001")
    w.run(3.0)
    w.answer(bob)
    w.run(1.0)
    ann.enter(aor("2001"), "another", w.now, Token.LISTEN)
    w.touch(ann)
    w.run(1.0)
    (one,) = records(w, 1, "call")
    assert (one.call, one.entry, one.code) == ("another", "listening", 403)


def test_what_is_held_back_by_a_rate_is_no_record_and_an_emergency_only_so_often(two):
    w, ann, _ = two
    core = w.cores[1]
    core.settings = replace(core.settings, limits=replace(core.settings.limits, max_rate_per_user=1.0))
    w.command(1, "reload", settings=core.settings)
    for emergency, most in ((False, 5), (True, 10)):
        for _ in range(20):
            ann.call("1999@core1.example", w.now, CallSetup(emergency=emergency))
            w.touch(ann)
            w.run(0.02)
        w.settle()
        assert len(records(w, 1, "call")) == most
        assert {one.code for one in records(w, 1, "call")} == {404}


def test_nobody_wants_records():
    w = World(nodes=1)
    ann = w.terminal("1001", 1)
    for ua in (ann, w.terminal("1002", 1)):
        w.register(ua)
    w.run(2.0)
    w.call(ann, "1002")
    w.run(1.0)
    w.hang_up(ann)
    w.call(ann, "1999")
    w.settle()
    assert not w.cores[1].store.get("call_record")
    assert open_accounts(w) == []


def test_accounts_that_nobody_wants_any_more_are_dropped(two):
    w, ann, _ = two
    w.call(ann, "2001")
    w.run(1.0)
    w.cores[1].settings = replace(w.cores[1].settings, records=False)
    w.crash(1)
    w.restart(1)
    w.settle()
    assert not w.cores[1].store["account"]
    assert records(w, 1, "call") == []


@pytest.mark.parametrize("seed", [1, 2])
def test_no_call_is_missed_where_messages_are_lost_users_move_and_nodes_die(seed):
    w, chance = World(seed, loss=0.03, delay=(0.005, 0.05)), random.Random(seed)
    recorded(w)
    names = ("1001", "1002", "2001", "2002", "3001", "4001")
    for name in names:
        w.register(w.terminal(name, chance.randint(1, 4)))
    w.run(5.0)
    made = [one_call(w, chance, *chance.sample(names, 2)) for _ in range(15)]
    w.settle()
    w.run(100.0)
    calls = [records(w, core, "call") for core in w.cores]
    assert {(call.caller[:4], call.called[:4]) for found in calls for call in found} >= set(made)
    assert len({call.call for found in calls for call in found}) == len(made)
    assert open_accounts(w) == []


def one_call(w: World, chance: random.Random, caller: str, called: str) -> tuple[str, str]:
    """It lasts up to three seconds, or until a node dies."""
    ua = w.terminals[caller]
    w.call(ua, called)
    w.run(chance.random() * 3)
    if chance.random() < 0.2:
        core = chance.randint(1, 4)
        w.crash(core)
        w.run(chance.random())
        w.restart(core)
    for call in list(ua.calls.values()):
        w.hang_up(ua, call)
    w.run(chance.random())
    if chance.random() < 0.2:
        w.move(ua, chance.randint(1, 4))
        w.run(1.0)
    return caller, called
