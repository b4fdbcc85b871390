"""Who is let in (profile 2.1 and 6)."""

import pytest
from tests.node.net import SDP, Net, Party, Phone, core, polite, talk, tcf

from opentcf.sip.message import Request, Response


def register(phone: Phone, **headers: str) -> Request:
    made = phone.make("REGISTER", f"sip:{phone.home}", f"{phone.aor};tag=r", phone.aor, "reg", 1)
    for name, value in headers.items():
        made.headers.set(name.replace("_", "-"), value)
    return made


def shape(response: Response) -> tuple[int, list[str], list[str]]:
    """All of a challenge but what must differ: nonce, tag, number."""
    lines = [
        line.partition("nonce=")[0] + line.partition("nonce=")[2].partition(",")[2]
        for line in response.headers.lines("WWW-Authenticate")
    ]
    return response.status, sorted(response.headers.fields), lines


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS", "MESSAGE", "BYE", "SUBSCRIBE", "INFO"])
def test_d_challenges_every_request(method: str):
    net = Net(1)
    phone = Phone(net, "1001", 1)
    phone.send(phone.make(method, "sip:1002@core1.example", f"{phone.aor};tag=x", phone.aor))
    challenged = phone.response(method)
    assert challenged.status == 401
    assert [
        line.partition("algorithm=")[2].split(",")[0] for line in challenged.headers.lines("WWW-Authenticate")
    ] == [
        "SHA-256",
        "MD5",
    ]
    assert net.node(1).quiet()["transactions"] == 0


@pytest.mark.parametrize("user", ["1999", "2001", "9001"])
def test_the_challenge_of_a_number_that_does_not_exist_looks_the_same(user: str):
    net = Net(2)
    known, unknown = Phone(net, "1001", 1), Phone(net, user, 1)
    for phone in (known, unknown):
        phone.send(register(phone))
    expected = shape(known.response("REGISTER"))
    got = shape(unknown.response("REGISTER"))
    assert got[:2] == expected[:2]
    assert [line.replace(unknown.home, "core1.example") for line in got[2]] == expected[2]


@pytest.mark.parametrize("user", ["1001", "1999"])
def test_a_wrong_answer_is_403_for_everybody(user: str):
    net = Net(1)
    phone = Phone(net, user, 1)
    assert phone.register(password="wrong") == 403
    warning = phone.response("REGISTER").headers.get("Warning") or ""
    assert user not in warning
    assert net.node(1).meters.counters["opentcf_refused_total", ("digest",)] == 1


def test_the_first_wrong_password_of_each_lock_out_is_worth_a_line():
    net = Net(1)
    phone, other = Phone(net, "1001", 1), Phone(net, "1002", 1)
    for _ in range(9):
        assert phone.register(password="wrong") == 403
        assert other.register(password="wrong") == 403
    assert net.noticed("wrong_password") == [{"user": f"1001@{core(1)}", "source": "127.1.1.1"}]
    net.advance(11.0)
    assert other.register(password="wrong") == 403
    assert len(net.noticed("wrong_password")) == 2
    assert phone.register() == 200


def test_the_username_must_be_the_number():
    net = Net(1)
    phone, other = Phone(net, "1001", 1), Phone(net, "1002", 1)
    phone.send(register(phone))
    other.inbox.append(phone.response("REGISTER"))
    made = register(phone)
    other.authorize(made)
    made.headers.set("Via", "SIP/2.0/UDP 127.1.1.1:7001;branch=z9hG4bKother;rport")
    phone.send(made)
    assert phone.response("REGISTER").status == 403


def test_a_stale_nonce_is_challenged_again_as_stale():
    net = Net(1)
    phone = Phone(net, "1001", 1)
    phone.send(register(phone))
    made = register(phone)
    phone.authorize(made)
    made.headers.set("CSeq", "2 REGISTER")
    made.headers.set("Via", "SIP/2.0/UDP 127.1.1.1:7001;branch=z9hG4bKlate;rport")
    net.advance(86400.0)
    phone.send(made)
    assert phone.response("REGISTER").status == 401
    assert "stale=true" in (phone.response("REGISTER").headers.get("WWW-Authenticate") or "").lower()


def test_a_nonce_of_somebody_else_is_challenged_and_not_believed():
    net = Net(2)
    phone = Phone(net, "1001", 1)
    elsewhere = Phone(net, "1001", 2)
    elsewhere.send(register(elsewhere))
    made = register(phone)
    phone.inbox.append(elsewhere.response("REGISTER"))
    phone.authorize(made)
    phone.send(made)
    assert phone.response("REGISTER").status == 401


def test_nonces_stay_good_over_a_restart():
    net = Net(1)
    phone = Phone(net, "1001", 1)
    phone.send(register(phone))
    made = register(phone)
    phone.authorize(made)
    made.headers.set("Via", "SIP/2.0/UDP 127.1.1.1:7001;branch=z9hG4bKagain;rport")
    net.start(1, keep=True)
    phone.send(made)
    assert phone.response("REGISTER").status == 200


@pytest.mark.parametrize(
    "value",
    ["", "Digest", "Basic x", "Digest nonce=", 'Digest username="1001', "Digest a=b, realm=core1.example"],
)
def test_broken_credentials_get_401_or_400(value: str):
    net = Net(1)
    phone = Phone(net, "1001", 1)
    phone.send(register(phone, Authorization=value))
    assert phone.response("REGISTER").status in (400, 401)
    net.assert_no_fault()


def test_a_number_that_is_none_is_404():
    net = Net(1)
    phone = Phone(net, "1001", 1)
    made = phone.make(
        "INVITE", "sip:1002@core1.example", "<sip:alice@core1.example>;tag=x", "<sip:1002@core1.example>"
    )
    phone.send(made)
    assert phone.response("INVITE").status == 404


def heartbeat(phone: Phone) -> Request:
    made = phone.make("OPTIONS", f"sip:{phone.home}", f"{phone.aor};tag=o", phone.aor)
    made.headers.set("Ptt-Extension", "pttheartbeat")
    return made


def test_only_the_heartbeat_of_a_registered_terminal_is_answered_without():
    net = Net(1)
    phone, thief = Phone(net, "1001", 1), Phone(net, "1001", 1, port=6666)
    phone.send(heartbeat(phone))
    assert phone.response("OPTIONS").status == 401
    phone.register()
    phone.send(heartbeat(phone))
    assert phone.response("OPTIONS").status == 200
    thief.send(heartbeat(thief))
    assert thief.response("OPTIONS").status == 401


# --- visitors


def test_with_a_shared_ha1_v_checks_the_visitors_later_requests():
    """Loopback peers share by default."""
    net = Net(2)
    caller, called = Phone(net, "1001", 2), Phone(net, "2001", 2)
    for phone in (caller, called):
        assert phone.register() == 200
        phone.auto = polite
    net.seen.clear()
    talk(net, caller, called)
    assert caller.statuses("INVITE").count(401) == 1
    moved = Phone(net, "1001", 2, port=6666)
    invite = moved.invite("2001")
    assert moved.response("INVITE").status != 403, invite


def test_without_a_shared_ha1_only_the_registered_flow_is_believed():
    net = Net(2, peers={2: {"share_ha1": False}})
    caller, called = Phone(net, "1001", 2), Phone(net, "2001", 2)
    for phone in (caller, called):
        assert phone.register() == 200
        phone.auto = polite
    assert "ha1" not in (net.last("200 REGISTER", tcf(1), tcf(2)).headers.get("Ptt-Extension") or "")
    caller.invite("2001")
    assert 401 not in caller.statuses("INVITE")
    assert called.requests("INVITE")
    moved = Phone(net, "1001", 2, port=6666)
    moved.invite("2001")
    assert moved.response("INVITE").status == 403
    assert moved.register() == 200
    moved.invite("2001")
    assert 403 not in moved.statuses("INVITE")[1:]


def test_the_ha1_is_shared_with_whom_it_may_be():
    net = Net(2)
    Phone(net, "1001", 2).register()
    said = net.last("200 REGISTER", tcf(1), tcf(2)).headers.get("Ptt-Extension") or ""
    assert "ha1_md5=" in said
    assert "ha1_sha256=" in said


def test_a_visitor_who_is_not_registered_is_not_served():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.invite("2001")
    assert phone.response("INVITE").status == 403


# --- peers


def test_a_stranger_on_tc2_is_never_challenged_and_logged_once():
    net = Net(2)
    stranger = Party(net, 1, "tc2", "127.0.99.1", 5060)
    for _ in range(50):
        made = stranger.make(
            "INVITE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=x", "<sip:1001@core1.example>"
        )
        made.body = SDP
        stranger.send(made)
    assert set(stranger.statuses("INVITE")) == {403}
    assert len(net.noticed("not_a_peer")) == 1
    assert net.node(1).quiet()["transactions"] <= 2


def test_a_stranger_never_gets_more_than_he_sent():
    """Profile 5.2."""
    net = Net(2)
    stranger = Party(net, 1, "tc2", "127.0.99.1", 5060)
    small = stranger.make("OPTIONS", "sip:a", "<sip:b>;tag=x", "<sip:c>")
    for name in ("Contact", "Max-Forwards"):
        small.headers.remove(name)
    stranger.send(small)
    assert stranger.inbox == []
