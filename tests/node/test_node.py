"""The five verbs, what every request must satisfy (RFC 3261 §8.2), and that no bug stops a node."""

import pytest
from tests.node.net import ANSWER, SDP, WALL, Ids, Net, Party, Phone, core, phones, polite, talk, tcf

from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor
from opentcf.node.node import Node
from opentcf.node.orders import Command
from opentcf.node.settings import LimitSettings
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow, Send


def foreign(net: Net, number: int = 2, at: int = 1) -> Party:
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


def made(v: Party, method: str = "INVITE", extension: str = "pttcall;calltype=1", **headers: str) -> Request:
    """A request of core 2 for a user of core 1."""
    request = v.make(
        method, "sip:1001@core1.example", "<sip:2001@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    if extension:
        request.headers.set("Ptt-Extension", extension)
    for name, value in headers.items():
        request.headers.set(name.replace("_", "-"), value)
    return request


def status(v: Party, request: Request) -> int:
    v.send(request)
    return v.response(request.method).status


@pytest.fixture
def net() -> Net:
    found = Net(2)
    phone = Phone(found, "1001", 1)
    phone.register()
    phone.auto = polite
    return found


# --- RFC 3261 §8.2


def test_max_forwards_0_is_483(net: Net):
    v = foreign(net)
    assert status(v, made(v, Max_Forwards="0")) == 483


@pytest.mark.parametrize("value", ["-1", "256", "x", "9999", "", "²"])
def test_a_bad_max_forwards_is_400(net: Net, value: str):
    v = foreign(net)
    assert status(v, made(v, Max_Forwards=value)) == 400


def by_another_way(v: Party, request: Request) -> Request:
    """What a proxy makes of it that forks: the same request in a transaction of its own."""
    fields = request.headers.fields
    copy = v.make(request.method, request.uri, fields["From"][0], fields["To"][0], request.call_id())
    copy.headers.put("Ptt-Extension", request.headers.lines("Ptt-Extension"))
    return copy


def test_a_request_that_comes_by_two_ways_is_served_once(net: Net):
    """RFC 3261 §8.2.2.2."""
    v = foreign(net)
    request = made(v)
    v.send(request)
    v.send(by_another_way(v, request))
    assert v.statuses("INVITE") == [100, 482]
    assert net.node(1).quiet()["calls"] == 1


def test_what_is_over_may_be_asked_anew(net: Net):
    v = foreign(net)
    request = made(v, method="OPTIONS", extension="")
    assert status(v, request) == 200
    net.advance(40.0)
    assert status(v, by_another_way(v, request)) == 200


@pytest.mark.parametrize(
    ("method", "extension"), [("INVITE", "pttcall;calltype=1"), ("MESSAGE", "pttmsg;msgtype=1;msgid=1")]
)
def test_a_tcf_is_no_way_through(method: str, extension: str):
    """Neither its users nor visitors: nothing is handed on, so that no loop can form, however others route."""
    net = Net(3)
    v = foreign(net)
    request = made(v, method, extension)
    request.uri = "sip:3001@core3.example"
    request.headers.set("To", "<sip:3001@core3.example>")
    assert status(v, request) == 403
    assert [what for what in net.between(1, 3) if what == method] == []


def test_an_unknown_requirement_is_420(net: Net):
    v = foreign(net)
    assert status(v, made(v, Require="100rel, timer, foo")) == 420
    assert v.response("INVITE").headers.get("Unsupported") == "100rel, foo"


def test_an_encoded_body_is_415(net: Net):
    v = foreign(net)
    request = made(v, Content_Encoding="gzip", Content_Type="application/sdp")
    request.body = SDP
    assert status(v, request) == 415
    assert v.response("INVITE").headers.get("Accept-Encoding") == "identity"


def test_another_kind_of_body_is_415(net: Net):
    v = foreign(net)
    request = made(v, Content_Type="application/isup")
    request.body = b"x"
    assert status(v, request) == 415


def test_a_body_too_large_is_413_and_counted():
    net = Net(2, limits=LimitSettings(max_body=100))
    v = foreign(net)
    request = made(v, Content_Type="application/sdp")
    request.body = b"x" * 101
    assert status(v, request) == 413
    assert net.node(1).meters.counters["opentcf_refused_total", ("max_body",)] == 1


@pytest.mark.parametrize("method", ["UPDATE", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER", "FOO"])
def test_what_nobody_serves_on_tc2_is_405(net: Net, method: str):
    """TC2-C SUBSCRIBE/TC2."""
    v = foreign(net)
    assert status(v, made(v, method, "")) == 405
    assert "INVITE" in (v.response(method).headers.get("Allow") or "")


SPELLINGS = [
    "cause=16",
    '"pttrelease";cause=16',
    ";cause=16",
    "pttrelease cause=16",
    'pttrelease;cause="16',
    "",
]


@pytest.mark.parametrize("extension", SPELLINGS)
def test_what_ends_a_call_is_never_refused_for_its_spelling(extension: str):
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    info = call.caller.within("INFO", call.invite, call.ok)
    info.headers.set("Ptt-Extension", extension)
    call.caller.ask(info)
    assert call.caller.statuses("INFO")[-1] in (200, 469)
    bye = call.caller.within("BYE", call.invite, call.ok)
    bye.headers.set("Ptt-Extension", extension)
    call.caller.ask(bye)
    assert call.caller.statuses("BYE")[-1] == 200
    assert "cause=16" in (call.called.request("BYE").headers.get("Ptt-Extension") or "")


@pytest.mark.parametrize("extension", SPELLINGS)
def test_an_odd_cancel_cancels_and_an_odd_ack_acknowledges(extension: str):
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    caller.cancel(caller.invite("1002"), extension or " ")
    assert caller.statuses("CANCEL") == [200]
    called.answer(called.request("INVITE"), 487)
    assert caller.statuses("INVITE")[-1] == 487
    again = caller.invite("1002")
    called.answer(called.request("INVITE"), 200, ANSWER)
    ack = caller.within("ACK", again, caller.response("INVITE"))
    ack.headers.set("CSeq", f"{again.cseq()[0]} ACK")
    ack.headers.set("Ptt-Extension", extension)
    caller.send(ack)
    net.advance(40.0)
    assert not caller.requests("BYE")


@pytest.mark.parametrize("extension", ["pttfoo;x=1", "pttregister", "pttrequest", "pttaccept;UDN=1001"])
def test_an_operation_that_is_none_within_a_call_is_488(extension: str):
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    offer = call.caller.within("INVITE", call.invite, call.ok, SDP.replace(b"- 1 1", b"- 1 2"))
    offer.headers.set("Ptt-Extension", extension)
    call.caller.ask(offer)
    assert call.caller.statuses("INVITE")[-1] == 488
    assert "399" in (call.caller.response("INVITE").headers.get("Warning") or "")
    assert len(call.called.requests("INVITE")) == 1
    hold = call.caller.within("INVITE", call.invite, call.ok, SDP.replace(b"- 1 1", b"- 1 3"))
    call.caller.ask(hold)
    assert len(call.called.requests("INVITE")) == 2, "the dialog goes on"


@pytest.mark.parametrize(("called", "kind"), [("1001", "4"), ("1002", "1")])
def test_an_invite_whose_body_is_no_description_is_415(called: str, kind: str):
    net = Net(
        1, groups=(Group(Aor("1001", "core1.example"), members=(Member(Aor("1002", "core1.example")),)),)
    )
    caller = Phone(net, "1002", 1)
    caller.register()
    caller.invite(called, b"x", f"pttcall;calltype={kind}", Content_Type="text/plain")
    assert caller.statuses("INVITE")[-1] == 415
    assert caller.response("INVITE").headers.get("Accept") == "application/sdp"


@pytest.mark.parametrize(("package", "expected"), [("ptt-floor", 200), ("g.3gpp.mcptt", 469), ("", 469)])
def test_an_info_of_another_package_is_469(package: str, expected: int):
    """RFC 6086 §4.2.2."""
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    info = call.caller.within("INFO", call.invite, call.ok)
    info.headers.set("Info-Package", package)
    call.caller.ask(info)
    assert call.caller.statuses("INFO")[-1] == expected
    assert (call.caller.response("INFO").headers.get("Recv-Info") == "ptt-floor") is (expected == 469)


@pytest.mark.parametrize(
    ("said", "mirrored"),
    [
        ("", "mcpttp.0"),
        (";PrioAttribute=100", "mcpttp.9"),
        (";PrioAttribute=0", "mcpttp.15"),
        (";emergency=1", "mcpttp.15"),
    ],
)
def test_a_peer_that_asks_for_it_gets_resource_priority(said: str, mirrored: str):
    """RFC 8101 §3; `PrioAttribute` counts down from 255, its levels count up to 15."""
    asks = {2: {"wire": {"namespace.priority": "mcpttp"}}}
    net = Net(3, peers=asks, subscribers={"1001": {"priority": 0}})
    caller, called = phones(net, 1, 3, "1001", "2001")
    caller.invite("2001", extension=f"pttcall;calltype=1{said}")
    assert net.last("INVITE", tcf(1), tcf(2)).headers.get("Resource-Priority") == mirrored
    assert "Resource-Priority" not in called.request("INVITE").headers


def test_a_peer_hears_what_is_wrong_with_its_smallest_request(net: Net):
    """It is no stranger, whose answers must not be larger than what he sent."""
    v = foreign(net)
    request = v.make("OPTIONS", "sip:a", "<sip:a>;tag=1", "<sip:b>", "1")
    request.headers.set("Via", "SIP/2.0/UDP 127.0.2.1:5060;branch=1")
    v.send(request)
    assert v.response("OPTIONS").status == 400


def test_allow_names_what_a_side_serves():
    net = Net(2)
    caller, called = phones(net, 1, 2, "1001", "2001")
    caller.invite("2001")
    between, below = net.last("INVITE", tcf(1), tcf(2)), called.request("INVITE")
    assert ["SUBSCRIBE" in (invite.headers.get("Allow") or "") for invite in (between, below)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("method", ["BYE", "INFO"])
def test_what_belongs_to_a_dialog_and_names_none_is_481(net: Net, method: str):
    """RFC 3261 §15.1.2."""
    v = foreign(net)
    assert status(v, made(v, method, "")) == 481


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE"])
def test_no_such_dialog_is_481(net: Net, method: str):
    """TC2-C 481."""
    v = foreign(net)
    request = made(v, method, To="<sip:1001@core1.example>;tag=nothing")
    assert status(v, request) == 481


@pytest.mark.parametrize(
    ("method", "extension", "expected"),
    [
        ("INVITE", "pttnothing", 488),
        ("MESSAGE", "pttnothing", 488),
        ("INVITE", "pttcall;calltype=99", 488),
        ("INVITE", "pttcall;CalledType=99", 488),
        ("OPTIONS", "pttnothing", 200),
        ("INVITE", '"', 400),
        ("INVITE", "pttcall;PrioAttribute=256", 400),
        ("INVITE", "pttcall;emergency=maybe", 488),
    ],
)
def test_unknown_and_malformed_extensions(net: Net, method: str, extension: str, expected: int):
    v = foreign(net)
    assert status(v, made(v, method, extension)) == expected
    net.assert_no_fault()


def test_tokens_and_parameters_compare_without_case(net: Net):
    v = foreign(net)
    assert status(v, made(v, extension="PTTCALL;CALLTYPE=1;onlinecallid=X1")) == 100
    assert net.rows(1, "calls")[0]["id"] == "X1"


def test_a_request_uri_of_another_scheme_is_416(net: Net):
    v = foreign(net)
    request = made(v)
    request.uri = "mailto:1001@core1.example"
    assert status(v, request) == 416


@pytest.mark.parametrize(
    "uri", ["sip:1001@core1.example", f"sip:1001@{tcf(1)}:5070", "tel:1001", "tel:+1001"]
)
def test_the_ways_to_write_a_number_on_d(uri: str):
    """Profile 6."""
    net = Net(1)
    called, caller = phones(net, 1, 1, "1001", "1002")
    request = caller.make("INVITE", uri, f"{caller.aor};tag=x", f"<{uri}>")
    request.headers.set("Content-Type", "application/sdp")
    request.body = SDP
    caller.ask(request)
    assert called.request("INVITE").headers.get("To") == "<sip:1001@core1.example>"


# --- the wire table, overridden per peer

VENDOR = {
    "header.extension": "X-Trunk",
    "token.register": "reg",
    "token.call": "setup",
    "token.release": "rel",
    "token.heartbeat": "hb",
    "token.kick_off": "kick",
    "param.call_id": "cid",
    "param.call_type": "ct",
    "param.cause": "why",
    "param.reg_type": "rt",
    "code.calltype.private_audio": "voice",
    "code.releasecause.normal": "ok",
    "body.membership": "application/groups+xml",
}


def test_two_nodes_talk_with_a_renamed_header_and_tokens():
    """Core 1 and core 2 speak a vendor's spelling with each other; the terminals notice nothing."""
    net = Net(2, peers={1: {"wire": VENDOR}, 2: {"wire": VENDOR}})
    caller, called = phones(net, 2, 2, "1001", "2001")
    call = talk(net, caller, called)
    call.hang_up()
    assert called.requests("BYE")
    said = {
        seen.what: seen.message.headers.get("X-Trunk")
        for seen in net.seen
        if {seen.source, seen.target} == {tcf(1), tcf(2)} and "X-Trunk" in seen.message.headers
    }
    assert (said["INVITE"] or "").startswith("setup;ct=voice")
    assert ";cid=" in (said["INVITE"] or "")
    assert (said["REGISTER"] or "").startswith("reg;rt=")
    assert said["BYE"] == "rel;why=ok"
    assert (said["OPTIONS"] or "").startswith("hb;epoch=")
    assert net.last("200 REGISTER", tcf(1), tcf(2)).content_type() == "application/groups+xml"
    for seen in net.seen:
        between = {seen.source, seen.target} == {tcf(1), tcf(2)}
        assert ("Ptt-Extension" in seen.message.headers) is False or not between
    assert (called.request("INVITE").headers.get("Ptt-Extension") or "").startswith("pttcall;calltype=1")
    net.assert_quiet()


def test_an_override_for_one_peer_leaves_the_others():
    net = Net(3, peers={2: {"wire": VENDOR}})
    assert "X-Trunk" in net.last("OPTIONS", tcf(1), tcf(2)).headers
    assert "Ptt-Extension" in net.last("OPTIONS", tcf(1), tcf(3)).headers


# --- persist before send; bytes that are no messages; bugs


def test_what_a_send_promises_is_in_the_saves_of_the_same_batch():
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002")
    offered = called.request("INVITE")
    answer = offered.respond(200, "b")
    answer.headers.set("Contact", f"<sip:{called.host}:{called.port}>")
    answer.headers.set("Content-Type", "application/sdp")
    answer.body = ANSWER
    called.send(answer, pump=False)
    batch = net.node(1).drain()
    assert batch.sends
    rows = [save.value for save in batch.saves if save.kind == "private_call"]
    assert rows[-1]["state"] == "up"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 40,
        b"INVITE",
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"\xff\xfe" * 200,
    ],
)
@pytest.mark.parametrize("side", ["tc2", "d"])
def test_bytes_that_cannot_be_answered_are_dropped(data: bytes, side: str):
    net = Net(2)
    node = net.node(1)
    host = tcf(2) if side == "tc2" else "127.1.1.1"
    node.receive(data, Flow(side, "udp", host, 5060), 0.0)
    batch = node.drain()
    assert (batch.sends, batch.saves, batch.notices) == ([], [], [])


def test_a_response_to_nothing_is_dropped():
    net = Net(2)
    v = foreign(net)
    for number in (100, 200, 404):
        v.send(made(v).respond(number, "x"))
    assert v.inbox == []
    net.assert_no_fault()


class Broken(Ids):
    """Chance that fails once when it is told to: any bug, seen from the node."""

    failing = False

    def token(self) -> str:
        if self.failing:
            self.failing = False
            raise ZeroDivisionError
        return super().token()


def broken() -> tuple[Net, Node, Broken]:
    net = Net(2)
    ids = Broken("x")
    node = Node(net.settings(1), ids)
    node.load({}, 0.0, WALL)
    node.drain()
    net.nodes[tcf(1)] = node
    return net, node, ids


def test_a_bug_fails_one_message_and_not_the_node():
    """TC2-C 500."""
    net, node, ids = broken()
    v = foreign(net)
    ids.failing = True
    v.send(made(v, "OPTIONS", ""), pump=False)
    batch = node.drain()
    assert [notice.name for notice in batch.notices] == ["fault"]
    assert "ZeroDivisionError" in batch.notices[0].fields["trace"]
    assert [send.data.split(b"\r\n")[0] for send in batch.sends] == [b"SIP/2.0 500 Server Internal Error"]
    assert status(v, made(v, "OPTIONS", "")) == 200


def test_a_bug_in_a_timer_does_not_stop_the_node():
    _, node, ids = broken()
    ids.failing = True
    node.wake(10.0)
    assert "fault" in [notice.name for notice in node.drain().notices]
    deadline = node.deadline()
    assert deadline is None or deadline > 10.0


def test_a_bug_in_what_the_transport_tells_does_not_stop_the_node():
    _, node, _ = broken()
    flow = Flow("d", "tcp", "127.0.0.9", 40_000, 7)
    node.failed(Send(b"SIP/2.0 without any line", flow), "closed", 0.0)
    node.proved(flow, (str(1 // zero) for zero in (0,)), 0.0)
    assert [notice.name for notice in node.drain().notices] == ["fault", "fault"]


# --- commands


def test_an_unknown_command_is_404():
    reply = Net(1).command(1, "make_coffee")
    assert (reply.status, reply.value) == (404, None)
    assert "make_coffee" in (reply.error or "")


def test_every_command_has_its_own_ticket():
    node = Net(1).node(1)
    tickets = [node.command(Command("health", {}), 0.0) for _ in range(3)]
    assert len(set(tickets)) == 3
    assert [reply.ticket for reply in node.drain().replies] == tickets


def test_health_names_the_node():
    value = Net(1).command(1, "health").value
    assert (value["status"], value["domain"]) == ("ok", core(1))
    assert value["epoch"]


def test_lists_come_in_pages():
    net = Net(1)
    first = net.command(1, "subscribers", limit=3).value
    assert [row["number"] for row in first["items"]] == ["1001", "1002", "1003"]
    rest = net.command(1, "subscribers", after=first["next"]).value
    assert ([row["number"] for row in rest["items"]], rest["next"]) == (["1004"], None)


def test_a_heartbeat_that_is_open_does_not_keep_a_node_from_leaving():
    net = Net(2)
    net.unreachable.add(tcf(2))
    net.advance(10.0)
    assert net.count("OPTIONS", tcf(1)) > 1
    assert net.command(1, "leave").value == {"left": True}


def test_a_reload_takes_new_subscribers_and_keeps_calls():
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    net.cores = 2
    assert net.command(1, "reload", settings=net.settings(1)).error is None
    assert net.peer_states(1) == {"core2.example": "unknown"}
    call.hang_up()
    assert call.called.requests("BYE")
    net.assert_quiet()
