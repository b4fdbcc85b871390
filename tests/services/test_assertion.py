"""Who may assert whom, a test per row of profile 2.1."""

import pytest
from tests.node.net import SDP, Net, Party, Phone, polite, tcf


def peer(net: Net, number: int, at: int) -> Party:
    """A hand-driven TCF in the place of core `number`."""
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


def invite(v: Party, caller: str, uri: str, to: str = "", asserted: bool = True) -> int:
    """An INVITE of a peer; the newest status it got."""
    made = v.make("INVITE", uri, f"<sip:{caller}>;tag=v", f"<{to or uri}>")
    if asserted:
        made.headers.set("P-Asserted-Identity", f"<sip:{caller}>")
    made.headers.set("Ptt-Extension", "pttcall;calltype=1")
    made.headers.set("Content-Type", "application/sdp")
    made.body = SDP
    v.send(made)
    return v.response("INVITE").status


RINGS = 100
"""The INVITE went on to the phone, which has not answered."""


def attached(net: Net, user: str, at: int) -> Phone:
    phone = Phone(net, user, at)
    assert phone.register() == 200
    phone.auto = polite
    return phone


def test_a_peer_asserts_a_user_of_its_own_domain():
    """H→H."""
    net = Net(3)
    phone = attached(net, "1001", 1)
    assert invite(peer(net, 2, 1), "2001@core2.example", "sip:1001@core1.example") == RINGS
    assert phone.request("INVITE").headers.get("P-Asserted-Identity") == "<sip:2001@core2.example>"


@pytest.mark.parametrize(
    "said",
    [
        "<tel:2001>, <sip:2001@core2.example>",
        "<sip:2001@core2.example>, <tel:2001>",
        '"A, B" <sip:2001@core2.example>;x=1',
        "<tel:2001>",
    ],
)
def test_a_sip_uri_may_stand_beside_a_tel_uri(said: str):
    """RFC 3325 §9.1; a tel URI alone names no domain, so that From counts."""
    net = Net(2)
    phone = attached(net, "1001", 1)
    v = peer(net, 2, 1)
    made = v.make(
        "INVITE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    made.headers.set("P-Asserted-Identity", said)
    v.send(made)
    assert v.response("INVITE").status == RINGS
    assert phone.request("INVITE").headers.get("P-Asserted-Identity") == "<sip:2001@core2.example>"


def test_a_peer_asserts_a_user_of_ours_who_visits_it():
    """V→H."""
    net = Net(3)
    attached(net, "1002", 2)
    attached(net, "1001", 1)
    assert invite(peer(net, 2, 1), "1002@core1.example", "sip:1001@core1.example") == RINGS


def test_a_peer_may_not_assert_a_user_of_ours_who_is_elsewhere():
    net = Net(3)
    attached(net, "1002", 3)
    attached(net, "1003", 1)
    attached(net, "1001", 1)
    v = peer(net, 2, 1)
    for caller in ("1002", "1003", "1004"):
        assert invite(v, f"{caller}@core1.example", "sip:1001@core1.example") == 403


def test_a_peer_may_not_assert_a_user_of_a_third_domain():
    net = Net(3)
    attached(net, "1001", 1)
    assert invite(peer(net, 2, 1), "3001@core3.example", "sip:1001@core1.example") == 403


def test_a_peer_asserts_nobody_towards_a_third_domain():
    """Nobody is a transit: the called user is homed here, or the caller is."""
    net = Net(3)
    assert invite(peer(net, 2, 1), "2001@core2.example", "sip:3001@core3.example") == 403


def test_the_home_of_the_called_user_asserts_anybody_who_calls_him_here():
    """H→V."""
    net = Net(3)
    attached(net, "2001", 1)
    h = peer(net, 2, 1)
    contact = f"sip:2001@{tcf(1)}:5060;home=core2.example"
    for caller in ("3001@core3.example", "2002@core2.example", "1003@core1.example"):
        net.advance(0.0)
        assert invite(h, caller, contact, "sip:2001@core2.example") in (RINGS, 486)


def test_a_v_takes_the_aor_as_well_from_the_home():
    """Profile 2.2."""
    net = Net(3)
    phone = attached(net, "2001", 1)
    assert invite(peer(net, 2, 1), "3001@core3.example", "sip:2001@core2.example") == RINGS
    assert phone.requests("INVITE")


def test_h_to_v_for_a_user_who_is_not_registered_here():
    net = Net(3)
    h = peer(net, 2, 1)
    contact = f"sip:2001@{tcf(1)}:5060;home=core2.example"
    assert invite(h, "3001@core3.example", contact, "sip:2001@core2.example") == 480


def test_h_to_v_from_another_than_the_home():
    net = Net(3)
    attached(net, "2001", 1)
    other = peer(net, 3, 1)
    contact = f"sip:2001@{tcf(1)}:5060;home=core2.example"
    assert invite(other, "3001@core3.example", contact, "sip:2001@core2.example") == 403
    assert invite(other, "3001@core3.example", "sip:2001@core2.example") == 403


def test_without_an_assertion_from_counts():
    net = Net(3)
    attached(net, "1001", 1)
    v = peer(net, 2, 1)
    assert invite(v, "2001@core2.example", "sip:1001@core1.example", asserted=False) == RINGS
    assert invite(v, "3001@core3.example", "sip:1001@core1.example", asserted=False) == 403


def test_what_a_terminal_asserts_is_replaced_by_what_it_proved():
    net = Net(2)
    caller, called = attached(net, "1001", 1), attached(net, "2001", 2)
    caller.invite("2001", P_Asserted_Identity="<sip:2002@core2.example>")
    assert called.request("INVITE").headers.lines("P-Asserted-Identity") == ["<sip:1001@core1.example>"]


@pytest.mark.parametrize("value", ["<nonsense", "<sip:alice@core2.example>", "<sip:core2.example>"])
def test_an_assertion_that_names_nobody_is_400(value: str):
    net = Net(2)
    attached(net, "1001", 1)
    v = peer(net, 2, 1)
    made = v.make(
        "INVITE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    made.headers.set("P-Asserted-Identity", value)
    v.send(made)
    assert v.response("INVITE").status == 400
    net.assert_no_fault()


def test_a_dialog_is_between_those_who_opened_it():
    net = Net(3)
    attached(net, "1001", 1)
    second, third = peer(net, 2, 1), peer(net, 3, 1)
    invite(second, "2001@core2.example", "sip:1001@core1.example")
    phone = net.parties["d", "127.1.1.1", 7001]
    phone.answer(phone.request("INVITE"), 200, SDP)
    ok = second.response("INVITE")
    bye = third.make("BYE", f"sip:{tcf(1)}", "", "", ok.call_id(), 9)
    bye.headers.put("From", ok.headers.lines("From"))
    bye.headers.put("To", ok.headers.lines("To"))
    third.send(bye)
    assert third.response("BYE").status == 403
    assert phone.requests("BYE") == []
