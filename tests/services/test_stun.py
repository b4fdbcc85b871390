"""Stun, kill, revive (profile 4.5, 7)."""

import pytest
from tests.node.net import Net, Party, Phone, Seen, phones, talk, tcf
from tests.services.control_net import answer, attached, audit, control_net, obeys, order, page, said

from opentcf.sip.message import Request

ORDERS = [("pttstun", "stun", 200), ("pttkill", "kill", 403), ("pttrevive", "revive", 200)]


def state(net: Net, number: str) -> str:
    rows = net.rows(int(number[0]), "subscribers")
    return next(row["state"] for row in rows if row["number"] == number)


def called(net: Net, caller: Phone, target: str) -> int:
    """What becomes of a call; 180 while it rings."""
    caller.invite(f"{target}@core{target[0]}.example")
    return caller.statuses("INVITE")[-1]


# --- what they do


@pytest.mark.parametrize(
    ("dispatcher", "at", "user_at"), [(1, 1, 1), (1, 1, 2), (2, 2, 1), (2, 3, 3), (3, 1, 2)]
)
def test_a_stunned_user_is_registered_and_gets_no_service(dispatcher: int, at: int, user_at: int):
    """TC2-C 遥晕."""
    net = control_net()
    boss, user = attached(net, f"{dispatcher}004", at), attached(net, "1001", user_at)
    order(boss, "1001", "pttstun")
    assert answer(boss).status == 200
    assert said(answer(boss)) == "pttstun;UDN=1001;result=0"
    assert said(user.request("MESSAGE")).startswith("pttstun;UDN=1001")
    assert state(net, "1001") == "stunned"
    assert called(net, user, "1002") == 403
    user.invite("1002@core1.example", extension="pttcall;calltype=1;emergency=1")
    assert user.statuses("INVITE")[-1] == 403
    assert called(net, boss, "1001") == 403
    assert net.registered(1) == {"1001@core1.example": f"core{user_at}.example"} | (
        {"1004@core1.example": f"core{at}.example"} if dispatcher == 1 else {}
    )
    assert user.register() == 200
    assert "state=stunned" in said(user.response("REGISTER"))
    assert called(net, user, "1002") == 403
    net.assert_no_fault()


def test_who_is_attached_elsewhere_is_refused_at_home_too():
    net = control_net()
    user = attached(net, "1001", 1)
    other = Phone(net, "1001", 3, port=7777)
    assert other.register() == 200
    net.command(1, "user_stun", udn="1001")
    user.invite("8001@core2.example", extension="pttcall;calltype=4")
    assert user.statuses("INVITE")[-1] == 403
    page(user, "2001", "pttmsg;msgtype=1", b"hello", "text/plain")
    assert answer(user).status == 403


def test_a_revived_user_gets_service_again():
    """TC2-C 复活."""
    net = control_net()
    boss, user, other = attached(net, "2004", 2), attached(net, "1001", 3), attached(net, "1002", 1)
    order(boss, "1001", "pttstun")
    order(boss, "1001", "pttrevive")
    assert said(answer(boss)) == "pttrevive;UDN=1001;result=0"
    assert state(net, "1001") == "normal"
    assert not net.saved[tcf(1)]["user_state"]
    talk(net, user, other).hang_up()
    net.assert_quiet()


def test_a_killed_user_is_kicked_off_once_his_terminal_obeyed():
    """TC2-C 遥毙."""
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3)
    order(boss, "1001", "pttkill")
    assert said(answer(boss)) == "pttkill;UDN=1001;result=0"
    kinds = [said(m).partition(";")[0] for m in user.inbox if isinstance(m, Request)]
    assert kinds == ["pttkill", "pttkickoff"]
    assert "Cause=killed" in said(user.request("OPTIONS"))
    assert net.registered(1) == {}
    assert user.register() == 403
    order(boss, "1001", "pttrevive")
    assert said(answer(boss)) == "pttrevive;UDN=1001;result=2"
    assert user.register() == 200
    assert said(user.requests("MESSAGE")[-1]).startswith("pttrevive")
    net.assert_no_fault()


@pytest.mark.parametrize("where", [1, 2])
def test_a_running_call_is_released_with_cause_68(where: int):
    net = control_net(cores=4)
    boss = attached(net, "2004", 2)
    user, other = phones(net, where, 4)
    user.auto = other.auto = obeys
    talk(net, user, other)
    order(boss, "1001", "pttstun")
    assert said(answer(boss)).endswith("result=0")
    for phone in (user, other):
        assert "cause=68" in said(phone.request("BYE"))
    assert net.calls() == {}
    net.assert_quiet()


def test_a_call_that_rings_is_given_up():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3)
    other = attached(net, "1002", 1)
    user.invite("1002@core1.example")
    other.answer(other.request("INVITE"), 180)
    order(boss, "1001", "pttstun")
    assert user.statuses("INVITE")[-1] == 403
    assert other.requests("CANCEL")


# --- terminals that cannot be reached


def test_who_is_nowhere_obeys_when_he_registers():
    """TC2-C 遥晕遥毙复活响应."""
    net = control_net()
    boss = attached(net, "2004", 2)
    order(boss, "1001", "pttstun")
    assert said(answer(boss)) == "pttstun;UDN=1001;result=2"
    user = attached(net, "1001", 3)
    assert "state=stunned" in said(user.response("REGISTER"))
    assert said(user.request("MESSAGE")).startswith("pttstun")
    user.inbox.clear()
    assert user.register() == 200
    assert not user.requests("MESSAGE")


@pytest.mark.parametrize("at", [1, 3])
def test_a_silent_terminal_is_barred_all_the_same(at: int):
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", at, lambda request: None)
    order(boss, "1001", "pttstun")
    assert called(net, user, "1002") == 403
    net.advance(20.0)
    assert said(answer(boss)) == "pttstun;UDN=1001;result=2"
    user.auto = obeys
    user.inbox.clear()
    user.register()
    assert said(user.request("MESSAGE")).startswith("pttstun")


def test_a_terminal_that_knows_no_control_is_refused():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3, lambda request: 405)
    order(boss, "1001", "pttstun")
    assert said(answer(boss)) == "pttstun;UDN=1001;result=1"
    assert called(net, user, "1002") == 403


def test_a_visited_tcf_that_was_away_is_told_again():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3)
    net.unreachable.add(tcf(3))
    order(boss, "1001", "pttstun")
    net.advance(16.0)
    assert said(answer(boss)).endswith("result=2")
    net.unreachable.clear()
    net.advance(60.0)
    assert said(user.request("MESSAGE")).startswith("pttstun")
    assert called(net, user, "1002") == 403


def test_orders_outlive_a_restart():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3, lambda request: None)
    order(boss, "1001", "pttstun")
    net.start(1, keep=True)
    user.auto = obeys
    net.pump()
    net.advance(1.0)
    assert state(net, "1001") == "stunned"
    assert said(user.requests("MESSAGE")[-1]).startswith("pttstun")
    net.start(3, keep=True)
    assert called(net, user, "1002") == 403


def test_a_newer_order_follows_the_one_that_is_under_way():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3, lambda request: None)
    order(boss, "1001", "pttstun")
    order(boss, "1001", "pttrevive")
    assert [said(m).partition(";")[0] for m in user.requests("MESSAGE")] == ["pttstun"]
    user.auto = obeys
    user.answer(user.request("MESSAGE"), 200)
    assert [said(m).partition(";")[0] for m in user.requests("MESSAGE")] == ["pttstun", "pttrevive"]
    results = [said(m) for m in boss.inbox if "result" in said(m)]
    assert results == ["pttstun;UDN=1001;result=0", "pttrevive;UDN=1001;result=0"]
    assert called(net, user, "2004") == 100


def test_an_order_that_two_newer_ones_overtook_is_answered_too():
    net = control_net()
    boss, user = attached(net, "2004", 2), attached(net, "1001", 3, lambda request: None)
    for token in ("pttstun", "pttrevive", "pttstun"):
        order(boss, "1001", token)
    user.answer(user.request("MESSAGE"), 200)
    results = [said(m) for m in boss.inbox if "result" in said(m)]
    assert sorted(results) == ["pttrevive;UDN=1001;result=2"] + 2 * ["pttstun;UDN=1001;result=0"]
    assert len(user.requests("MESSAGE")) == 1
    assert state(net, "1001") == "stunned"


# --- who may


@pytest.mark.parametrize(("token", "word", "_"), ORDERS)
@pytest.mark.parametrize("number", ["1002", "1003", "2003"])
def test_neither_a_terminal_nor_a_dispatcher_without_the_right(token: str, word: str, number: str, _: int):
    net = control_net()
    caller = attached(net, number, 3)
    user = attached(net, "1001", 1)
    order(caller, "1001", token)
    assert answer(caller).status == 403
    assert not user.requests("MESSAGE")
    assert state(net, "1001") == "normal"
    home = int(number[0])
    assert f"{number}@core{home}.example user {word} 1001@core1.example 403" in audit(net, home)


@pytest.mark.parametrize(("token", "word", "_"), ORDERS)
def test_a_peer_without_control_is_refused(token: str, word: str, _: int):
    net = control_net(control=(1, 3))
    boss, user = attached(net, "2004", 2), attached(net, "1001", 1)
    order(boss, "1001", token)
    assert answer(boss).status == 403
    assert not user.requests("MESSAGE")
    for number in (1, 2):
        assert audit(net, number) == [f"2004@core2.example user {word} 1001@core1.example 403"]


@pytest.mark.parametrize(("token", "word", "_"), ORDERS)
def test_a_peer_that_is_not_the_dispatchers_home_is_refused(token: str, word: str, _: int):
    net = control_net(foreign=(3,))
    user = attached(net, "1001", 1)
    foreign = Party(net, 1, "tc2", tcf(3), 5060)
    made = foreign.make(
        "MESSAGE", "sip:1001@core1.example", "<sip:2004@core2.example>;tag=x", "<sip:1001@core1.example>"
    )
    made.headers.set("P-Asserted-Identity", "<sip:2004@core2.example>")
    made.headers.set("Ptt-Extension", f"{token};UDN=1001")
    foreign.send(made)
    assert foreign.statuses("MESSAGE") == [403]
    assert not user.requests("MESSAGE")
    assert audit(net, 1) == [f"2004@core2.example user {word} 1001@core1.example 403"]


def test_only_the_home_may_order_a_visitors_obedience():
    net = control_net(foreign=(3,))
    user = attached(net, "1001", 2)
    foreign = Party(net, 2, "tc2", tcf(3), 5060)
    contact = net.rows(1, "registrations")[0]["contact"]
    made = foreign.make("MESSAGE", contact, "<sip:3004@core3.example>;tag=x", "<sip:1001@core1.example>")
    made.headers.set("P-Asserted-Identity", "<sip:3004@core3.example>")
    made.headers.set("Ptt-Extension", "pttstun;UDN=1001")
    foreign.send(made)
    assert foreign.statuses("MESSAGE") == [403]
    assert not user.requests("MESSAGE")


def test_what_was_done_is_in_the_audit_log_of_both_homes():
    net = control_net()
    boss = attached(net, "2004", 3)
    attached(net, "1001", 1)
    for token, _, _ in ORDERS:
        order(boss, "1001", token)
    expected = [f"2004@core2.example user {word} 1001@core1.example done" for _, word, _ in ORDERS]
    assert audit(net, 1) == expected
    assert audit(net, 2) == expected
    assert audit(net, 3) == []


def test_a_stunned_dispatcher_stuns_nobody():
    net = control_net()
    boss, other = attached(net, "2004", 3), attached(net, "1004", 1)
    attached(net, "1001", 1)
    order(other, "2004", "pttstun")
    order(boss, "1001", "pttstun")
    assert answer(boss).status == 403
    assert state(net, "1001") == "normal"


def test_an_unknown_user_is_404_and_two_names_are_400():
    net = control_net()
    boss = attached(net, "2004", 2)
    order(boss, "1999", "pttstun")
    assert answer(boss).status == 404
    page(boss, "1001", "pttstun;UDN=1002")
    assert answer(boss).status == 400
    assert len(audit(net, 2)) == 2


# --- by command


def test_the_commands():
    net = control_net()
    user = attached(net, "1001", 2)
    assert net.command(1, "user_stun", udn="1001").value == {"user": "1001@core1.example", "state": "stunned"}
    assert called(net, user, "1002") == 403
    assert net.command(1, "user_kill", udn="1001").value["state"] == "killed"
    assert net.registered(1) == {}
    assert net.command(1, "user_revive", udn="1001").value["state"] == "normal"
    assert user.register() == 200
    assert net.command(1, "user_stun", udn="1999").status == 404
    assert net.command(1, "user_stun", udn="2001@core2.example").status == 404
    assert [row["action"] for row in net.rows(1, "audit")] == [
        "user stun", "user kill", "user revive", "user stun", "user stun",
    ]  # fmt: skip


def test_a_stun_that_overtakes_the_answer_to_a_refresh_holds():
    net = control_net()
    user = attached(net, "1001", 3)
    held: list[Seen] = []

    def hold(seen: Seen) -> bool:
        if seen.what != "200 REGISTER" or seen.source != tcf(1) or held:
            return False
        held.append(seen)
        return True

    net.lose = hold
    net.advance(1801.0)
    assert held
    net.command(1, "user_stun", udn="1001")
    net.deliver(held[0])
    net.pump()
    assert called(net, user, "1002") == 403
