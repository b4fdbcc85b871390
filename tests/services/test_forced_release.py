"""Forced release of calls by dispatchers (profile 3, 7)."""

import pytest
from tests.node.net import Net, Party, Phone, phones, talk, tcf
from tests.services.control_net import answer, attached, audit, control_net, obeys, page, said
from tests.services.control_world import ControlWorld
from tests.services.group_world import ext

from opentcf.model.numbers import Aor
from opentcf.terminal import control

CALL = "pttcall;calltype=1;OnlineCallID=c7"
ORDER = "pttdismantle;OnlineCallID=c7"


def talking(net: Net, caller_at: int = 1, called_at: int = 4) -> tuple[Phone, Phone]:
    """1001 and 4001 talk."""
    caller, called = phones(net, caller_at, called_at)
    caller.auto = called.auto = obeys
    talk(net, caller, called, CALL)
    return caller, called


@pytest.mark.parametrize("target", ["1001", "4001"])
@pytest.mark.parametrize(("boss", "at"), [("1004", 1), ("1004", 4), ("2004", 2), ("3004", 1), ("4004", 4)])
def test_a_private_call_is_released_on_every_leg(boss: str, at: int, target: str):
    net = control_net(4)
    dispatcher = attached(net, boss, at)
    caller, called = talking(net, 2, 3)
    page(dispatcher, target, ORDER)
    assert answer(dispatcher).status == 200
    for phone in (caller, called):
        assert "cause=64" in said(phone.request("BYE"))
        assert "403" in (phone.request("BYE").headers.get("Reason") or "")
    assert net.calls() == {}
    assert f"{boss}@core{boss[0]}.example call release c7 done" in audit(net, 1)
    net.assert_quiet()


def test_a_call_that_rings_is_released():
    net = control_net(4)
    dispatcher = attached(net, "2004", 2)
    caller, called = phones(net, 1, 4)
    caller.invite("4001@core4.example", extension=CALL)
    called.answer(called.request("INVITE"), 180)
    page(dispatcher, "4001", ORDER)
    assert caller.statuses("INVITE")[-1] == 403
    assert called.requests("CANCEL")


@pytest.mark.parametrize("target", ["1001", "4001", "1002", "4002"])
def test_an_unknown_call_is_481(target: str):
    net = control_net(4)
    dispatcher = attached(net, "2004", 2)
    if target in ("1002", "4002"):
        talking(net)
    page(dispatcher, target, ORDER)
    assert answer(dispatcher).status == 481
    assert audit(net, 2) == ["2004@core2.example call release c7 481"]
    page(dispatcher, target, "pttdismantle")
    assert answer(dispatcher).status == 400


@pytest.mark.parametrize("number", ["1002", "1003", "4003"])
@pytest.mark.parametrize("target", ["1001", "4001"])
def test_neither_a_terminal_nor_a_dispatcher_without_the_right(number: str, target: str):
    net = control_net(4)
    other = attached(net, number, 2)
    talking(net)
    page(other, target, ORDER)
    assert answer(other).status == 403
    assert net.calls()
    home = int(number[0])
    assert audit(net, home) == [f"{number}@core{home}.example call release c7 403"]


@pytest.mark.parametrize("target", ["1001", "4001"])
@pytest.mark.parametrize("control", [(1, 2, 3), (3, 4), ()])
def test_a_peer_without_control_is_refused(target: str, control: tuple[int, ...]):
    net = control_net(4, control=control)
    dispatcher = attached(net, "2004", 2)
    talking(net)
    page(dispatcher, target, ORDER)
    allowed = 2 in control and (target == "1001" or 4 in control)
    assert answer(dispatcher).status == (200 if allowed else 403)
    assert bool(net.calls()) is not allowed
    assert audit(net, 2)[0].endswith("done" if allowed else "403")
    where = 1 if target == "1001" or 2 in control else 4
    assert len(audit(net, where)) == 1


@pytest.mark.parametrize("target", ["1001", "4001"])
def test_a_peer_that_is_not_the_dispatchers_home_is_refused(target: str):
    net = control_net(4, foreign=(3,))
    talking(net)
    foreign = Party(net, int(target[0]), "tc2", tcf(3), 5060)
    aor = f"sip:{target}@core{target[0]}.example"
    made = foreign.make("MESSAGE", aor, "<sip:2004@core2.example>;tag=x", f"<{aor}>")
    made.headers.set("P-Asserted-Identity", "<sip:2004@core2.example>")
    made.headers.set("Ptt-Extension", ORDER)
    foreign.send(made)
    assert foreign.statuses("MESSAGE") == [403]
    assert net.calls()
    assert audit(net, int(target[0])) == ["2004@core2.example call release c7 403"]


@pytest.mark.parametrize(("boss", "at"), [("1005", 1), ("2005", 2), ("3005", 4), ("1005", 3)])
def test_a_group_call_is_released_at_its_master(boss: str, at: int):
    w = ControlWorld(at={"1001": 1, "2001": 3, "2002": 2, "4001": 4, boss: at})
    w.dial("2001")
    w.run(3.0)
    assert w.in_call() == {"1001", "2001", "2002", "4001"}
    call_id = w.node(1).procedures.group_call.view()[0]["id"]
    w.dispatch(boss, control.dismantle(Aor("8001", "core1.example"), call_id))
    w.run(2.0)
    assert w.result(boss)[0] == 200
    assert w.in_call() == set()
    for number in ("1001", "2001", "2002", "4001"):
        assert "cause=64" in ext(w.last("BYE", target=number))
    w.dispatch(boss, control.dismantle(Aor("8001", "core1.example"), call_id))
    w.run(2.0)
    assert w.result(boss)[0] == 481
    w.assert_over()
