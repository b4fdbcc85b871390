"""Dynamic regroup (profile 4.5, 7)."""

import pytest
from tests.node.net import Party, tcf
from tests.services.control_net import answer, attached, audit, control_net, obeys, page, said
from tests.services.control_world import ControlWorld
from tests.services.group_world import AUDIO, aor

from opentcf.btrunc import regroup as wire_regroup
from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Body, Wire
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor

CREATE, ADD, REMOVE, DELETE = RegroupAction
AT = {"1001": 1, "1002": 3, "2001": 2, "2002": 3, "3001": 4}


def world(boss: str = "1005", at: int = 1, **more: int) -> ControlWorld:
    return ControlWorld(at={**AT, boss: at}, **more)


def members(w: ControlWorld, number: str = "8901") -> list[str] | None:
    """Of a group, as its master says."""
    group = w.node(1)._ctx.directory.group(aor("1001")._replace(number=number))
    return sorted(member.aor.number for member in group.members) if group is not None else None


def groups_of(w: ControlWorld, number: str) -> set[str]:
    """Of a user, as his V-TCF knows."""
    visited = w.visited(w.ua(number))
    attachment = w.node(visited.number)._ctx.directory.attachment(aor(number))
    return {row[0] for row in attachment.groups} if attachment is not None else set()


# --- create, add, remove, delete


@pytest.mark.parametrize(("boss", "at"), [("1005", 1), ("1005", 3), ("2005", 2), ("2005", 1), ("4005", 3)])
def test_a_group_is_made_and_each_member_is_reported(boss: str, at: int):
    """TC2-C 动态重组."""
    w = world(boss, at)
    w.dgna(boss, CREATE, "1001", "1002", "2001", "2002", "3001", "4001", name="Flood", priority=10)
    w.run(10.0)
    assert w.result(boss)[0] == 200
    assert w.reports(boss) == [(n, 0) for n in ("1001", "1002", "2001", "2002", "3001")] + [("4001", 2)]
    assert members(w) == ["1001", "1002", "2001", "2002", "3001", "4001"]
    for number in AT:
        assert "8901" in groups_of(w, number)
    w.dial("2002", AUDIO, "8901")
    w.run(3.0)
    assert w.in_call() == set(AT)


def test_members_come_and_go():
    w = world()
    w.dgna("1005", CREATE, "1001", "2001")
    w.run(5.0)
    w.dgna("1005", ADD, "2002", "3001", "4001")
    w.run(10.0)
    assert members(w) == ["1001", "2001", "2002", "3001", "4001"]
    w.dgna("1005", REMOVE, "2002", "1001", "4001")
    w.run(10.0)
    assert members(w) == ["2001", "3001"]
    assert groups_of(w, "2002") == {"8001"}
    w.dgna("1005", DELETE)
    w.run(10.0)
    assert members(w) is None
    assert [event.status for event in w.results("1005")] == [200, 200, 200, 200]
    first, added, removed, last = "1001 2001", "2002 3001 4001", "1001 2002 4001", "2001 3001"
    numbers = " ".join((first, added, removed, last)).split()
    assert w.reports("1005") == sorted((number, 2 if number == "4001" else 0) for number in numbers)


def test_members_of_a_running_call_are_taken_in_and_out_at_once():
    w = world()
    w.dgna("1005", CREATE, "1001", "2001")
    w.run(5.0)
    w.dial("1001", AUDIO, "8901")
    w.run(3.0)
    assert w.in_call() == {"1001", "2001"}
    w.dgna("1005", ADD, "2002", "3001", "1002")
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "2002", "3001", "1002"}
    w.dgna("1005", REMOVE, "2002", "2001")
    w.run(2.0)
    assert w.in_call() == {"1001", "3001", "1002"}
    w.dgna("1005", REMOVE, "1001")
    w.run(2.0)
    assert w.in_call() == {"3001", "1002"}
    assert w.floor("8901") == ("", [])
    w.dgna("1005", DELETE)
    w.run(2.0)
    assert w.in_call() == set()
    w.assert_over()


# --- results


def test_unknown_numbers_and_unknown_cores():
    w = world()
    w.dgna("1005", CREATE, "1001", "1999", "2999", "7001")
    w.run(10.0)
    assert w.reports("1005") == [("1001", 0), ("1999", 4), ("2999", 4), ("7001", 4)]
    assert members(w) == ["1001", "2999"]


def test_a_silent_home_is_reported_once():
    w = world()
    w.crash(2)
    w.dgna("1005", CREATE, "1001", "2001", "2002")
    w.run(60.0)
    assert w.reports("1005") == [("1001", 0), ("2001", 3), ("2002", 3)]
    w.restart(2)
    w.run(60.0)
    assert len(w.reports("1005")) == 3
    assert "8901" in groups_of(w, "2001")


def test_the_results_follow_the_requester():
    """TC2-C 动态重组结果上报."""
    w = world("2005", 2)
    w.part("core2", "2005")
    w.dgna("2005", CREATE, "1001")
    w.cut.clear()
    w.dgna("2005", CREATE, "1001", "2001", gdn="8902")
    w.run(0.03)
    w.move(w.ua("2005"), 3)
    w.run(60.0)
    assert w.reports("2005") == [("1001", 0), ("1001", 0), ("2001", 0)]


@pytest.mark.parametrize("core", [1, 2, 3, 4])
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.04, 0.07, 0.1, 0.5])
def test_a_restart_loses_no_result(core: int, moment: float):
    w = world("4005", 4)
    w.dgna("4005", CREATE, "1001", "1002", "2001", "2002", "3001", "4001")
    w.run(moment)
    w.crash(core)
    w.restart(core)
    w.run(120.0)
    results = dict(w.reports("4005"))
    assert sorted(results) == ["1001", "1002", "2001", "2002", "3001", "4001"]
    assert len(w.reports("4005")) == 6
    assert members(w) == sorted(results)


def test_a_request_that_comes_again_does_nothing():
    w = world("2005", 2)
    w.lose = lambda source, target, data: (
        target == "2005" and data.startswith(b"SIP/2.0 200") and b"MESSAGE" in data
    )
    w.dgna("2005", CREATE, "1001")
    w.run(5.0)
    w.crash(1)
    w.restart(1)
    w.lose = lambda source, target, data: False
    w.run(10.0)
    assert w.reports("2005") == [("1001", 0)]
    assert w.result("2005")[0] == 200


# --- how long


def test_a_temporary_group_survives_a_restart_and_ends_at_its_expiry():
    w = world()
    w.dgna("1005", CREATE, "1001", "2001", expires=100)
    w.run(5.0)
    w.dial("1001", AUDIO, "8901")
    w.run(3.0)
    w.crash(1)
    w.restart(1)
    w.run(5.0)
    assert members(w) == ["1001", "2001"]
    assert w.in_call() == {"1001", "2001"}
    w.run(90.0)
    assert members(w) is None
    assert w.in_call() == set()
    assert groups_of(w, "2001") == {"8001"}
    assert not w.cores[1].store.get("temporary_group")


def test_a_reload_leaves_temporary_groups_alone():
    w = world()
    w.dgna("1005", CREATE, "1001", "2001")
    w.run(5.0)
    w.command(1, "reload", settings=w.cores[1].settings)
    w.run(2.0)
    assert members(w) == ["1001", "2001"]
    assert "8901" in groups_of(w, "2001")


# --- refused


def test_what_cannot_be_done():
    w = world()
    for number, action, gdn, status in [
        ("1005", CREATE, "8001", 488),
        ("1005", ADD, "8001", 488),
        ("1005", DELETE, "8001", 488),
        ("1005", CREATE, "1002", 488),
        ("1005", ADD, "8901", 404),
        ("1005", DELETE, "8901", 404),
        ("1001", CREATE, "8901", 403),
        ("2001", CREATE, "8901", 403),
        ("1005", CREATE, "8901", 200),
        ("1005", CREATE, "8901", 488),
    ]:
        w.ua(number).events.clear()
        w.dgna(number, action, "1001", gdn=gdn)
        w.run(3.0)
        assert w.result(number)[0] == status, (number, action, gdn)


def test_a_stunned_member_is_unreachable():
    w = world()
    w.command(2, "user_stun", udn="2001")
    w.command(1, "user_stun", udn="1001")
    w.run(2.0)
    w.dgna("1005", CREATE, "1001", "2001", "2002")
    w.run(10.0)
    assert w.reports("1005") == [("1001", 2), ("2001", 2), ("2002", 0)]


BODY = wire_regroup.body(Wire(), Aor("8901", "core1.example"), Regroup(CREATE, (Member(aor("1001")),)))
KIND = Wire().bodies[Body.REGROUP]


@pytest.mark.parametrize("number", ["1001", "1003", "2003"])
def test_neither_a_terminal_nor_a_dispatcher_without_the_right(number: str):
    net = control_net()
    other = attached(net, number, 2)
    page(other, "8901@core1.example", "pttDGNA", BODY, KIND)
    assert answer(other).status == 403
    home = int(number[0])
    assert audit(net, home) == [f"{number}@core{home}.example group regroup 8901@core1.example 403"]
    assert net.rows(1, "groups") == []


def test_a_peer_without_control_is_refused():
    net = control_net(control=(1, 3))
    boss = attached(net, "2004", 3)
    page(boss, "8901@core1.example", "pttDGNA", BODY, KIND)
    assert answer(boss).status == 403
    for number in (1, 2):
        assert audit(net, number) == ["2004@core2.example group regroup 8901@core1.example 403"]


def test_a_peer_that_is_not_the_dispatchers_home_is_refused():
    net = control_net(foreign=(3,))
    foreign = Party(net, 1, "tc2", tcf(3), 5060)
    made = foreign.make(
        "MESSAGE", "sip:8901@core1.example", "<sip:2004@core2.example>;tag=x", "<sip:8901@core1.example>"
    )
    made.headers.set("P-Asserted-Identity", "<sip:2004@core2.example>")
    made.headers.set("Ptt-Extension", "pttDGNA")
    made.headers.set("Content-Type", KIND)
    made.body = BODY
    foreign.send(made)
    assert foreign.statuses("MESSAGE") == [403]
    assert audit(net, 1) == ["2004@core2.example group regroup 8901@core1.example 403"]
    assert net.rows(1, "groups") == []


@pytest.mark.parametrize("status", [404, 403, 603, 503])
def test_what_a_foreign_home_says_of_its_user(status: int):
    net = control_net(foreign=(3,))
    boss = attached(net, "1004", 1)
    foreign = Party(net, 1, "tc2", tcf(3), 5060)
    foreign.auto = lambda request: status if "groupupdate" in said(request) else 200
    body = wire_regroup.body(Wire(), Aor("8901", "core1.example"), Regroup(CREATE, (Member(aor("3001")),)))
    page(boss, "8901@core1.example", "pttDGNA", body, KIND)
    net.advance(60.0)
    results = [said(message) for message in boss.requests("MESSAGE")]
    assert len(results) == 1
    expected = {404: 4, 403: 1, 603: 1, 503: 3}[status]
    assert f"DGNAresult={expected};" in results[0]


def test_a_dispatcher_who_is_away_gets_his_results_when_he_is_back():
    net = control_net()
    boss = attached(net, "2004", 2, lambda request: None)
    page(boss, "8901@core1.example", "pttDGNA", BODY, KIND)
    net.advance(40.0)
    boss.inbox.clear()
    boss.auto = obeys
    net.advance(60.0)
    assert {said(message).partition(";msgid")[0] for message in boss.requests("MESSAGE")} == {
        'reDGNA;UDN="1001@core1.example";DGNAresult=2;GDN="8901@core1.example"'
    }
    boss.inbox.clear()
    net.advance(400.0)
    assert boss.requests("MESSAGE") == []
    assert net.saved[tcf(1)]["regroup"] == {}
