"""SUBSCRIBE as strangers, vendors and enemies write it: what a node answers, and that it lives on."""

import pytest
from tests.node.net import Net, Party, Phone, tcf

from opentcf.model.subscriber import Right, Role
from opentcf.sip.message import Request, Response

DESK = {"role": Role.DISPATCHER, "rights": frozenset((Right.EVENTS,))}


@pytest.fixture
def net() -> Net:
    return Net(2, subscribers={"1004": DESK, "1003": DESK})


@pytest.fixture
def desk(net: Net) -> Phone:
    return _registered(net, "1004")


def _registered(net: Net, user: str) -> Phone:
    phone = Phone(net, user, 1)
    assert phone.register() == 200
    phone.auto = lambda request: 200
    return phone


def subscribe(desk: Phone, uri: str = "sip:core1.example", *, ask: bool = True, **headers: str) -> Request:
    desk.cseq += 1
    made = desk.make("SUBSCRIBE", uri, f"{desk.aor};tag=w{desk.number}", f"<{uri}>", cseq=desk.cseq)
    fields = {"Event": "UERegisterStatus", "Expires": "600"} | headers
    for name, value in fields.items():
        made.headers.set(name.replace("_", "-"), value)
    return desk.ask(made) if ask else made


def again(desk: Phone, first: Request, response: Response, method: str = "SUBSCRIBE", **headers: str) -> int:
    """A request in the dialog; the status of the answer."""
    made = desk.within(method, first, response)
    for name, value in ({"Event": "UERegisterStatus", "Expires": "600"} | headers).items():
        made.headers.set(name.replace("_", "-"), value)
    desk.ask(made)
    return desk.statuses(method)[-1]


def settled(net: Net, desk: Phone) -> Request:
    net.advance(1.0)
    return desk.request("NOTIFY")


class TestTheFirst:
    def test_it_is_answered_as_rfc_6665_wants_it(self, net: Net, desk: Phone):
        subscribe(desk, Record_Route="<sip:127.0.8.1;lr>")
        response = desk.response("SUBSCRIBE")
        assert response.status == 200
        assert response.headers.get("Expires") == "600"
        assert response.contact() is not None
        assert response.headers.get("Record-Route") == "<sip:127.0.8.1;lr>"
        assert response.to_tag()

    def test_its_notify_follows_the_route_set_to_the_contact(self, net: Net, desk: Phone):
        proxy = Phone(net, "1002", 1, port=6999)
        proxy.auto = lambda request: 200
        subscribe(desk, Record_Route=f"<sip:{proxy.host}:6999;lr>", Contact="<sip:desk@198.51.100.7:9>")
        net.advance(1.0)
        notify = proxy.request("NOTIFY")
        assert notify.uri == "sip:desk@198.51.100.7:9"
        assert notify.headers.get("Route") == f"<sip:{proxy.host}:6999;lr>"

    @pytest.mark.parametrize("event", ["presence", "", ";", "UERegisterStatusX", "dialog;id=1"])
    def test_an_event_that_nobody_knows_is_489(self, net: Net, desk: Phone, event: str):
        subscribe(desk, Event=event)
        response = desk.response("SUBSCRIBE")
        assert response.status == 489
        allowed = response.headers.get("Allow-Events") or ""
        assert allowed.split(", ") == [
            "UERegisterStatus", "UECallStatus", "GroupCallStatus", "OnLineCallStatus", "MembershipAttributes",
        ]  # fmt: skip

    def test_the_id_of_an_event_comes_back(self, net: Net, desk: Phone):
        subscribe(desk, Event="ueregisterstatus;id=7")
        assert settled(net, desk).headers.get("Event") == "UERegisterStatus;id=7"

    @pytest.mark.parametrize("expires", ["4294967296", "99999999999999999999", "-1", "1e3", "soon"])
    def test_an_expiry_that_is_no_number_of_32_bits_is_400(self, net: Net, desk: Phone, expires: str):
        subscribe(desk, Expires=expires)
        assert desk.statuses("SUBSCRIBE")[-1] == 400

    def test_the_longest_expiry_is_granted_as_far_as_it_may_be(self, net: Net, desk: Phone):
        subscribe(desk, Expires="4294967295")
        assert desk.response("SUBSCRIBE").headers.get("Expires") == "3600"

    def test_a_short_expiry_is_423(self, net: Net, desk: Phone):
        subscribe(desk, Expires="59")
        response = desk.response("SUBSCRIBE")
        assert (response.status, response.headers.get("Min-Expires")) == (423, "60")

    def test_without_a_contact_it_is_400(self, net: Net, desk: Phone):
        made = subscribe(desk, ask=False)
        made.headers.remove("Contact")
        desk.ask(made)
        assert desk.statuses("SUBSCRIBE")[-1] == 400

    def test_a_type_that_is_not_accepted_is_406(self, net: Net, desk: Phone):
        subscribe(desk, Accept="application/pidf+xml")
        assert desk.statuses("SUBSCRIBE")[-1] == 406

    def test_another_domain_is_404(self, net: Net, desk: Phone):
        subscribe(desk, "sip:core2.example")
        assert desk.statuses("SUBSCRIBE")[-1] == 404

    def test_a_token_that_nobody_knows_is_488(self, net: Net, desk: Phone):
        subscribe(desk, Ptt_Extension="pttwatch")
        assert desk.statuses("SUBSCRIBE")[-1] == 488

    def test_the_same_again_is_answered_again_and_makes_no_second(self, net: Net, desk: Phone):
        first = subscribe(desk)
        desk.send(first)
        assert sum(net.node(1).procedures.subscription.counts().values()) == 1

    def test_on_tc2_it_is_405(self, net: Net):
        net.nodes.pop(tcf(2))
        peer = Party(net, 1, "tc2", tcf(2), 5060)
        for extension in ("", "pttsubscribe;utype=1"):
            request = peer.make(
                "SUBSCRIBE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=1", "<sip:a@b>"
            )
            request.headers.set("Event", "UERegisterStatus")
            if extension:
                request.headers.set("Ptt-Extension", extension)
            peer.send(request)
            response = peer.response("SUBSCRIBE")
            assert response.status == 405
            assert "SUBSCRIBE" not in (response.headers.get("Allow") or "")


class TestWithin:
    def test_a_lower_cseq_is_500(self, net: Net, desk: Phone):
        first = subscribe(desk)
        response = desk.response("SUBSCRIBE")
        assert again(desk, first, response) == 200
        late = desk.within("SUBSCRIBE", first, response)
        late.headers.set("CSeq", f"{first.cseq()[0] - 1} SUBSCRIBE")  # its answer to the challenge adds one
        late.headers.set("Event", "UERegisterStatus")
        desk.ask(late)
        assert desk.statuses("SUBSCRIBE")[-1] == 500

    def test_another_event_is_489(self, net: Net, desk: Phone):
        first = subscribe(desk)
        assert again(desk, first, desk.response("SUBSCRIBE"), Event="UECallStatus") == 489

    def test_too_short_a_refresh_changes_nothing(self, net: Net, desk: Phone):
        first = subscribe(desk)
        response = desk.response("SUBSCRIBE")
        assert again(desk, first, response, Expires="5") == 423
        assert again(desk, first, response) == 200

    @pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "MESSAGE", "PUBLISH"])
    def test_another_method_is_405(self, net: Net, desk: Phone, method: str):
        first = subscribe(desk)
        assert again(desk, first, desk.response("SUBSCRIBE"), method) == 405
        assert sum(net.node(1).procedures.subscription.counts().values()) == 1

    def test_another_users_dialog_is_403(self, net: Net, desk: Phone):
        first = subscribe(desk)
        response = desk.response("SUBSCRIBE")
        thief = _registered(net, "1003")
        made = thief.within("SUBSCRIBE", first, response)
        made.headers.set("From", f"{thief.aor};tag={first.from_tag()}")
        made.headers.set("Event", "UERegisterStatus")
        thief.ask(made)
        assert thief.statuses("SUBSCRIBE")[-1] == 403

    def test_after_the_end_it_is_481(self, net: Net, desk: Phone):
        first = subscribe(desk)
        response = desk.response("SUBSCRIBE")
        assert again(desk, first, response, Expires="0") == 200
        assert settled(net, desk).headers.get("Subscription-State") == "terminated;reason=timeout"
        assert again(desk, first, response) == 481

    def test_a_refresh_from_elsewhere_moves_the_target(self, net: Net, desk: Phone):
        first = subscribe(desk)
        net.advance(1.0)
        made = desk.within("SUBSCRIBE", first, desk.response("SUBSCRIBE"))
        made.headers.set("Event", "UERegisterStatus")
        made.headers.set("Contact", "<sip:new@127.1.1.1:6004>")
        desk.ask(made)
        assert settled(net, desk).uri == "sip:new@127.1.1.1:6004"

    def test_an_unhappy_console_is_told_everything_once_more(self, net: Net, desk: Phone):
        desk.auto = lambda request: 503
        subscribe(desk)
        assert b'version="0" state="full"' in settled(net, desk).body
        desk.auto = lambda request: 200
        net.advance(31.0)
        assert b'version="1" state="full"' in desk.request("NOTIFY").body

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 481, 489, 603])
    def test_a_refused_notify_ends_it(self, net: Net, desk: Phone, status: int):
        desk.auto = lambda request: status
        subscribe(desk)
        net.advance(1.0)
        assert sum(net.node(1).procedures.subscription.counts().values()) == 0
        assert len(desk.requests("NOTIFY")) == 1
        net.assert_no_fault()


def test_gauges_count_them_by_event(net: Net, desk: Phone):
    subscribe(desk)
    subscribe(desk, Event="OnLineCallStatus")
    gauges = net.node(1).gauges()
    assert gauges["opentcf_subscriptions_active", ("UERegisterStatus",)] == 1
    assert gauges["opentcf_subscriptions_active", ("OnLineCallStatus",)] == 1
    assert gauges["opentcf_subscriptions_active", ("GroupCallStatus",)] == 0


def test_a_number_of_both_kinds_is_the_users_unless_utype_says(net: Net, desk: Phone):
    """1001 is a user; as a group nobody knows it."""
    subscribe(desk, "sip:1001@core1.example", Ptt_Extension="pttsubscribe;utype=1")
    assert desk.statuses("SUBSCRIBE")[-1] == 200
    subscribe(
        desk, "sip:1001@core1.example", Ptt_Extension="pttsubscribe;utype=2", Event="MembershipAttributes"
    )
    assert desk.statuses("SUBSCRIBE")[-1] == 404
