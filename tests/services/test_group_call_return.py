"""Who comes back to a running group call, and who does not (profile 4.3, 7)."""

import pytest
from tests.node.net import Net, Phone
from tests.services.group_world import GroupWorld, aor, fire

from opentcf.model.group import Group, Member
from opentcf.sip.message import Request


def lasting(*numbers: str) -> Group:
    """A group whose call no timer ends."""
    return fire(*numbers, hang_time=900.0, talk_time=900.0)


def reboot(w: GroupWorld, number: str, core: int, off: float = 2.0) -> None:
    """A terminal loses its battery, its calls and its address, and registers anew."""
    w.switch_off(w.ua(number))
    w.run(off)
    w.clear()
    w.attach(number, core)
    w.run(1.0)


# --- a terminal that restarts


@pytest.mark.parametrize("core", [1, 3])
def test_a_listener_whose_terminal_restarts_is_brought_in_again(core):
    w = GroupWorld(lasting(), at={"1001": 2, "2001": 2, "3001": core})
    w.dial("2001")
    w.run(2.0)
    reboot(w, "3001", core)
    assert w.in_call() == {"1001", "2001", "3001"}
    assert w.heard("3001") == "2001"
    w.press("3001")
    w.run(1.0)
    assert w.floor() == ("2001", ["3001"])


@pytest.mark.parametrize("core", [1, 3])
def test_a_talker_whose_terminal_restarts_lets_go_and_is_brought_in_again(core):
    w = GroupWorld(lasting(), at={"1001": 2, "2001": 2, "3001": core})
    w.dial("3001")
    w.run(2.0)
    reboot(w, "3001", core)
    assert w.floor() == ("", [])
    assert w.in_call() == {"1001", "2001", "3001"}
    assert w.talking() == []
    w.press("3001")
    w.run(1.0)
    assert w.talking() == ["3001"]


def test_a_waiter_whose_terminal_restarts_loses_his_place():
    w = GroupWorld(lasting(), at={"1001": 2, "2001": 2, "3001": 3, "3002": 3})
    w.dial("2001")
    w.run(2.0)
    w.press("3001")
    w.run(1.0)
    assert w.floor() == ("2001", ["3001"])
    reboot(w, "3001", 3)
    assert w.floor() == ("2001", [])
    assert "3001" in w.in_call()


def test_a_terminal_that_registers_anew_and_has_its_dialog_keeps_it():
    w = GroupWorld(lasting(), at={"1001": 2, "2001": 2, "3001": 3})
    w.dial("3001")
    w.run(2.0)
    w.clear()
    w.register(w.ua("3001"))
    w.run(40.0)
    assert w.talking() == ["3001"]
    assert w.floor() == ("3001", [])
    assert w.count("INVITE", "core3", "3001") == 1, "it is asked once whether it still has it"
    assert w.count("BYE") == 0


def test_a_terminal_behind_a_new_nat_binding_is_reached_there():
    w = GroupWorld(lasting(), at={"1001": 2, "2001": 2, "3001": 3})
    w.dial("2001")
    w.run(2.0)
    w.rebind(w.ua("3001"))
    w.register(w.ua("3001"))
    w.run(2.0)
    w.clear()
    w.let_go("2001")
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "3001"}
    assert w.heard("3001") == ""
    assert w.count("INVITE", "core3", "3001") == 0


def test_a_terminal_that_answers_481_at_its_old_address_is_brought_in_again():
    members = tuple(Member(aor(number)) for number in ("1001", "2001", "3001"))
    net = Net(3, groups=(Group(aor("1001")._replace(number="8001"), "Fire", members),))
    phones = {number: Phone(net, number, int(number[0])) for number in ("1001", "2001", "3001")}
    for phone in phones.values():
        phone.auto = lambda request: None if request.method == "INVITE" else 200
        phone.register()
    caller = phones["1001"]
    invite = caller.invite("8001@core1.example", extension="pttcall;calltype=4")
    caller.ack(invite, caller.response("INVITE"))
    for number in ("2001", "3001"):
        phones[number].answer(phones[number].request("INVITE"), 200, caller.response("INVITE").body)
    net.advance(2.0)
    before = phones["3001"].request("INVITE").call_id()
    again = Phone(net, "3001", 3)
    again.number = phones["3001"].number  # of its Via branches

    def forgetful(request: Request) -> int | None:
        if request.call_id() == before:
            return 481
        return None if request.method == "INVITE" else 200

    again.auto = forgetful
    again.register(Call_ID="second-life")
    net.advance(2.0)
    assert again.request("INVITE").call_id() != before
    assert again.request("INVITE").to_tag() is None


def test_a_terminal_that_restarts_while_it_is_called_is_called_where_it_is():
    w = GroupWorld(lasting(), at={"1001": 1, "2001": 2, "3001": 3})
    w.part("core3", "3001")
    w.dial("2001")
    w.run(1.0)
    w.cut.clear()
    reboot(w, "3001", 3, off=0.5)
    assert "3001" in w.in_call()


# --- a talker who moves


@pytest.mark.parametrize("there", [True, False], ids=["to a core with the call", "to a core without"])
@pytest.mark.parametrize("alone", [True, False], ids=["the last one at his core", "others stay there"])
def test_a_talker_who_moves_by_an_ordinary_register_is_brought_in_there(there: bool, alone: bool):
    at = {"1001": 1, "2001": 2, "3001": 3} | ({"4001": 4} if there else {}) | ({} if alone else {"2002": 3})
    w = GroupWorld(lasting(), at=at)
    w.dial("3001")
    w.run(2.0)
    w.move(w.ua("3001"), 4)
    w.run(4.0)
    assert w.in_call() == set(at)
    assert w.floor() == ("", [])
    assert w.talking() == []


def test_a_talker_who_moves_leaves_others_behind_and_his_home_is_the_master():
    """G knows that he has gone before his old V says so."""
    w = GroupWorld(lasting(), at={"1001": 3, "1002": 1, "3001": 3, "4001": 4})
    w.dial("1001")
    w.run(2.0)
    w.move(w.ua("1001"), 4)
    w.run(4.0)
    assert w.floor() == ("", [])
    assert w.in_call() == {"1001", "1002", "3001", "4001"}


def test_a_talker_who_comes_home_to_the_master_is_brought_in_there():
    w = GroupWorld(lasting("1001", "1002", "2001"), at={"1001": 3, "1002": 1, "2001": 2})
    w.dial("1001")
    w.run(2.0)
    w.move(w.ua("1001"), 1)
    w.run(4.0)
    assert w.in_call() == {"1001", "1002", "2001"}
    assert w.floor() == ("", [])


# --- who hung up is not called back, even where his V-TCF has no part in the call any more


def hung_up(*numbers: str, at: dict[str, int]) -> GroupWorld:
    """3001 calls, then these hang up one after the other."""
    w = GroupWorld(lasting("1001", "1002", "1003", "2001", "2002", "2003", "3001"), at=at | {"3001": 3})
    w.dial("3001")
    w.run(2.0)
    for number in numbers:
        w.leave(number)
        w.run(1.0)
    assert w.in_call() == {*at, "3001"} - set(numbers)
    return w


@pytest.mark.parametrize("restart", [False, True])
def test_nor_when_another_member_registers_there(restart: bool):
    w = hung_up("2001", "2002", at={"1001": 1, "2001": 2, "2002": 2})
    if restart:
        w.crash(2)
        w.restart(2)
        w.run(1.0)
    w.attach("2003", 2)
    w.run(2.0)
    assert w.in_call() == {"1001", "2003", "3001"}
    w.register(w.ua("2001"))
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "2003", "3001"}


def test_nor_at_the_master():
    w = hung_up("1001", "1002", at={"1001": 1, "1002": 1, "2001": 2})
    w.attach("1003", 1)
    w.run(2.0)
    assert w.in_call() == {"1003", "2001", "3001"}


def test_nor_when_another_dials():
    w = hung_up("2001", "2002", at={"1001": 1, "2001": 2, "2002": 2})
    w.dial("2002")
    w.run(2.0)
    assert w.in_call() == {"1001", "2002", "3001"}


def test_nor_when_another_dials_and_thinks_better_of_it():
    w = hung_up("2001", "2002", at={"1001": 1, "2001": 2, "2002": 2})
    w.part("core1", "core2")
    call = w.dial("2002")
    w.run(0.1)
    w.hang_up(w.ua("2002"), call)
    w.run(40.0)
    w.cut.clear()
    w.run(20.0)
    w.dial("2002")
    w.run(2.0)
    assert w.in_call() == {"1001", "2002", "3001"}


def test_nor_when_another_is_added():
    w = GroupWorld(lasting("1001", "2001", "3001"), at={"1001": 1, "2001": 2, "2002": 2, "3001": 3})
    w.dial("3001")
    w.run(2.0)
    w.leave("2001")
    w.run(1.0)
    w.regroup(lasting("1001", "2001", "2002", "3001"))
    w.run(3.0)
    assert w.in_call() == {"1001", "2002", "3001"}


def test_but_when_he_registers_anew_while_there_is_no_part():
    w = hung_up("2001", "2002", at={"1001": 1, "2001": 2, "2002": 2})
    w.register(w.ua("2002"))
    w.run(2.0)
    assert w.in_call() == {"1001", "2002", "3001"}


def test_and_another_call_of_the_group_calls_him():
    w = hung_up("2001", "2002", at={"1001": 1, "2001": 2, "2002": 2})
    w.leave("1001")
    w.run(1.0)
    w.leave("3001")
    w.run(1.0)
    w.dial("3001")
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "2002", "3001"}
    for number in ("1001", "2001", "2002", "3001"):
        w.leave(number)
    w.assert_over()


def test_a_v_where_all_have_hung_up_is_no_use_to_the_master():
    """Its BYE was lost, and the master, restarted, asks it again."""
    w = hung_up("2001", at={"1001": 1, "2001": 2, "2002": 2})
    w.part("core1", "core2")
    w.leave("2002")
    w.run(60.0)
    w.cut.clear()
    w.run(20.0)
    assert w.in_call() == {"1001", "3001"}


def test_who_gave_his_own_call_up_is_not_called_back():
    w = GroupWorld(fire("1001", "2001", "2002", "4001"), at={"2001": 3, "2002": 3, "1001": 1})
    w.part("core1", "core3", 0.6)
    w.dial("2001")
    w.run(0.1)
    w.dial("2002")
    w.run(0.2)
    w.hang_up(w.ua("2001"))
    w.run(8.0)
    assert "2002" in w.in_call()
    assert "2001" not in w.in_call()


def test_who_hung_up_is_not_called_back_when_his_bye_comes_late():
    """His terminal knows the dialog no more, and says so to the next floor information."""
    w = GroupWorld(fire("1001", "2001", "4001", "4002"), at={"1001": 1, "2001": 3, "4001": 3})
    w.dial("1001")
    w.run(1.0)
    w.lose = lambda source, target, data: source == "2001" and data.startswith(b"BYE")
    w.leave("2001")
    w.let_go("1001")
    w.run(2.0)
    w.lose = lambda source, target, data: False
    w.run(2.0)
    w.attach("4002", 3)
    w.run(2.0)
    assert w.in_call() == {"1001", "4001", "4002"}
