"""What a peer may begin, and how much anybody may ask."""

import pytest
from tests.node.net import SDP, Net, Party, Phone, phones, polite, talk, tcf

from opentcf.model.bounds import LimitSettings
from opentcf.sip.message import Request

FLOOD = 1_000


def peer(net: Net, number: int, at: int) -> Party:
    """A hand-driven TCF in the place of core `number`."""
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


def ask(party: Party, method: str, extension: str = "", sender: str = "2001") -> int:
    """A request of a peer's user to one of ours; the newest status it got."""
    made = party.make(
        method, "sip:1001@core1.example", f"<sip:{sender}@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    if extension:
        made.headers.set("Ptt-Extension", extension)
    if method == "INVITE":
        made.headers.set("Content-Type", "application/sdp")
        made.body = SDP
    party.send(made)
    return [m.status for m in party.inbox if not isinstance(m, Request)][-1]


def refusals(net: Net, reason: str) -> int:
    return net.node(1).meters.counters.get(("opentcf_refused_total", (reason,)), 0)


# --- what a peer may begin


def test_a_peer_begins_only_what_it_is_allowed_to():
    net = Net(2, peers={2: {"allow": frozenset(("message",))}})
    assert Phone(net, "1001", 1).register() == 200
    second = peer(net, 2, 1)
    assert ask(second, "INVITE", "pttcall;calltype=1") == 403
    assert ask(second, "INVITE") == 403
    assert refusals(net, "allow") == 2
    made = second.make(
        "MESSAGE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    made.headers.set("Content-Type", "text/plain")
    made.body = b"hello"
    second.send(made)
    assert second.statuses("MESSAGE") == []


@pytest.mark.parametrize(
    ("method", "extension"),
    [
        ("INVITE", "pttcall;calltype=4"),
        ("INVITE", "ptthandover;OnlineCallID=x;UDN=2001"),
        ("INVITE", "pttinsert;OnlineCallID=x;UDN=1001"),
        ("REGISTER", ""),
        ("REGISTER", "pttregister;GDN=8001;UDN=2001"),
        ("MESSAGE", "pttmsg;msgtype=1"),
        ("MESSAGE", "pttDGNA"),
        ("MESSAGE", "pttstun;UDN=1001"),
        ("MESSAGE", "pttdismantle;OnlineCallID=x"),
        ("MESSAGE", "pttgroupupdate;version=1"),
        ("OPTIONS", "pttkickoff;Cause=admin"),
    ],
)
def test_every_operation_can_be_withheld(method: str, extension: str):
    net = Net(2, peers={2: {"allow": frozenset()}})
    assert ask(peer(net, 2, 1), method, extension) == 403
    assert refusals(net, "allow") == 1


@pytest.mark.parametrize("extension", ["", "pttheartbeat;epoch=x"])
def test_a_peer_may_always_ask_whether_we_live(extension: str):
    net = Net(2, peers={2: {"allow": frozenset()}})
    assert ask(peer(net, 2, 1), "OPTIONS", extension) == 200


def test_a_call_that_stands_is_not_asked_for_its_right_again():
    net = Net(2)
    talking = talk(net, *phones(net, 1, 2, "1001", "2001"))
    net.peer_values = {2: {"allow": frozenset()}}
    net.node(1).reload(net.settings(1))
    talking.hang_up_called()
    assert talking.caller.requests("BYE")


def test_a_peer_asserts_only_numbers_that_are_its_own():
    net = Net(2, peers={2: {"numbers": (("2000", "2002"),)}})
    assert Phone(net, "1001", 1).register() == 200
    second = peer(net, 2, 1)
    assert ask(second, "INVITE", "pttcall;calltype=1", "2003") == 403
    assert refusals(net, "numbers") == 1
    assert ask(second, "INVITE", "pttcall;calltype=1", "2002") == 100


def test_a_visitor_of_the_peer_is_not_held_to_its_numbers():
    net = Net(2, peers={2: {"numbers": (("2000", "2002"),)}})
    assert Phone(net, "1002", 2).register() == 200


# --- open transactions


def test_a_peer_has_only_so_many_open_transactions():
    net = Net(2, limits=LimitSettings(max_transactions_per_peer=1))
    assert Phone(net, "1001", 1).register() == 200
    second = peer(net, 2, 1)
    assert ask(second, "INVITE", "pttcall;calltype=1") == 100
    assert ask(second, "MESSAGE", "pttmsg;msgtype=1") == 503
    assert second.response("MESSAGE").headers.get("Retry-After") == "1"
    assert refusals(net, "max_transactions_per_peer") == 1
    assert ask(second, "OPTIONS", "pttheartbeat;epoch=x") == 200
    assert ask(second, "INVITE", "pttcall;calltype=1;emergency=1", "2002") != 503


def test_a_transaction_counts_until_it_is_answered():
    net = Net(2, limits=LimitSettings(max_transactions_per_peer=1))
    second = peer(net, 2, 1)
    assert [ask(second, "INVITE", "pttcall;calltype=1") for _ in range(3)] == [480, 480, 480]


# --- rates


def register(phone: Phone) -> Request:
    return phone.make("REGISTER", f"sip:{phone.home}", f"{phone.aor};tag=r", phone.aor, "reg", 1)


def test_a_source_that_proves_nothing_is_answered_only_so_often():
    net = Net(1, limits=LimitSettings(max_rate_per_source=2.0))
    phone = Phone(net, "1001", 1)
    for _ in range(FLOOD):
        phone.send(register(phone))
    assert len(phone.statuses("REGISTER")) == 10
    assert refusals(net, "max_rate_per_source") == FLOOD - 10
    other = Phone(net, "1002", 1)
    other.host = "127.1.1.2"
    net.parties["d", other.host, other.port] = other
    assert other.register() == 200
    net.advance(1.0)
    phone.inbox.clear()
    assert phone.register() == 200


def test_a_flood_from_his_address_does_not_hold_back_an_emergency_call_or_a_release():
    net = Net(1, limits=LimitSettings(max_rate_per_source=2.0))
    caller, called = phones(net, 1, 1, "1001", "1002")
    third = Phone(net, "1003", 1)
    assert third.register() == 200
    talking = talk(net, caller, called)
    flooder = Phone(net, "1004", 1)
    for _ in range(100):
        flooder.send(register(flooder))
    talking.hang_up()
    assert called.requests("BYE")
    third.invite("1002", extension="pttcall;calltype=1;emergency=1")
    assert third.statuses("INVITE")[-1] == 100


def test_a_user_asks_only_so_often():
    net = Net(1, limits=LimitSettings(max_rate_per_user=1.0))
    phone, other = phones(net, 1, 1, "1001", "1002")
    for _ in range(6):
        phone.ask(phone.make("OPTIONS", "sip:core1.example", f"{phone.aor};tag=o", phone.aor))
    answers = [status for status in phone.statuses("OPTIONS") if status != 401]
    assert answers[0] == 200
    assert answers[-1] == 503
    assert phone.response("OPTIONS").headers.get("Retry-After") == "1"
    assert refusals(net, "max_rate_per_user") >= 1
    phone.invite("1002", extension="pttcall;calltype=1;emergency=1")
    assert phone.statuses("INVITE")[-1] == 100
    other.ask(other.make("OPTIONS", "sip:core1.example", f"{other.aor};tag=o", other.aor))
    assert other.statuses("OPTIONS")[-1] == 200


# --- wrong passwords


def guess(phone: Phone, times: int) -> list[int]:
    return [phone.register(password=f"guess {n}") for n in range(times)]


def test_who_guesses_is_locked_out_for_longer_each_time_and_it_is_on_record():
    net = Net(1)
    thief = Phone(net, "1001", 1, port=6666)
    assert guess(thief, 5) == [403] * 5
    assert thief.register() == 403
    net.advance(10.0)
    assert guess(thief, 5) == [403] * 5
    net.advance(10.0)
    assert thief.register() == 403
    net.advance(10.0)
    assert thief.register() == 200
    entries = [row for row in net.rows(1, "audit") if row["action"] == "lock out"]
    assert [row["result"] for row in entries] == [
        "5 wrong passwords, for 10 s",
        "5 wrong passwords, for 20 s",
    ]
    assert {(row["who"], row["target"]) for row in entries} == {(thief.host, "1001@core1.example")}


def test_the_user_himself_elsewhere_is_not_locked_out():
    net = Net(1)
    thief = Phone(net, "1001", 1, port=6666)
    guess(thief, 5)
    phone = Phone(net, "1001", 1)
    phone.host = "127.1.1.2"
    net.parties["d", phone.host, phone.port] = phone
    assert phone.register() == 200


def test_a_number_that_does_not_exist_is_locked_out_alike():
    net = Net(1)
    known, unknown = Phone(net, "1001", 1), Phone(net, "1999", 1)
    assert guess(known, 7) == guess(unknown, 7)


def test_the_home_locks_out_who_guesses_a_visitors_password():
    net = Net(2)
    thief = Phone(net, "1001", 2)
    assert guess(thief, 5) == [403] * 5
    assert thief.register() == 403
    net.advance(10.0)
    assert thief.register() == 200


# --- replay


def test_what_was_listened_to_cannot_be_said_again():
    net = Net(1)
    phone = Phone(net, "1001", 1)
    first = register(phone)
    phone.send(first)
    heard = register(phone)
    heard.headers.set("Authorization", "")
    phone.authorize(heard)
    phone.send(heard)
    assert phone.response("REGISTER").status == 200
    heard.headers.set("Via", "SIP/2.0/UDP 127.1.1.1:7001;branch=z9hG4bKreplayed;rport")
    heard.headers.set("Contact", "<sip:127.6.6.6:5060>")
    phone.send(heard)
    assert phone.response("REGISTER").status == 401
    assert "stale=true" in (phone.response("REGISTER").headers.get("WWW-Authenticate") or "")
    assert refusals(net, "replay") == 1


def test_a_cancel_from_elsewhere_cancels_nothing():
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    invite = caller.invite("1002")
    thief = Phone(net, "1003", 1, port=caller.port)
    thief.host = "127.6.6.6"
    net.parties["d", thief.host, thief.port] = thief
    thief.cancel(invite)
    assert thief.statuses("CANCEL") == [481]
    assert called.requests("CANCEL") == []
