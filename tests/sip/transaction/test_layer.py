"""Matching (RFC 3261 §17.1.3, §17.2.3), cancelling, acknowledging, and which transport a request takes."""

import pytest
from tests.sip.transaction.bed import OWNER, Bed, flow, read, request

from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Via
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import ClientTransaction, Layer, Outcome, State, Unacknowledged
from opentcf.sip.transaction.layer import response_flow, stamp_via

BIG = b"x" * 1400


def via(branch: str = "z9hG4bKtheirs", sent_by: str = "127.0.0.2:5060") -> Via:
    return Via.parse(f"SIP/2.0/UDP {sent_by};branch={branch}")


# --- matching


def test_a_copy_an_ack_and_a_cancel_find_their_invite():
    bed = Bed()
    invite = bed.asked()
    assert bed.layer.match(request("INVITE"), via()) is invite
    assert bed.layer.match(request("ACK"), via()) is invite
    assert bed.layer.match(request("CANCEL"), via()) is None
    assert bed.layer.cancelled(via()) is invite


@pytest.mark.parametrize(
    "other", [via("z9hG4bKother"), via(sent_by="127.0.0.2:5061"), via(sent_by="127.0.0.3:5060")]
)
def test_another_branch_or_sent_by_is_another_transaction(other: Via):
    bed = Bed()
    bed.asked()
    assert bed.layer.match(request("INVITE"), other) is None
    assert bed.layer.cancelled(other) is None


def test_the_method_is_part_of_the_match():
    bed = Bed()
    options = bed.asked("OPTIONS")
    assert bed.layer.match(request("OPTIONS"), via()) is options
    assert bed.layer.match(request("MESSAGE"), via()) is None


def test_an_rfc_2543_request_is_refused():
    with pytest.raises(RemoteError) as refused:
        Bed().layer.match(request("INVITE"), via("1"))
    assert refused.value.status == 400


def test_a_response_needs_branch_and_method():
    bed = Bed()
    txn = bed.ask("OPTIONS")
    for method, branch in (("OPTIONS", "z9hG4bKother"), ("INVITE", txn.branch)):
        stray = request(method, branch, "127.0.0.1:5060").respond(200, "to")
        assert bed.layer.receive_response(stray, flow(), 0.0) == (False, None)
    assert bed.answer(txn, 200)


def test_the_outcome_names_its_owner_and_branch():
    bed = Bed()
    txn = bed.ask("OPTIONS")
    bed.answer(txn, 404)
    outcome = bed.results[0][1]
    assert isinstance(outcome, Outcome)
    assert (outcome.owner, outcome.status, outcome.branch) == (OWNER, 404, txn.branch)


# --- ACK and CANCEL


def test_the_ack_of_a_failure_is_made_of_the_invite():
    """RFC 3261 §17.1.1.3: same Request-URI, top Via, From, Call-ID, Route; To of the response."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 486, "busy")
    invite, ack = read(bed.orders[0]), read(bed.orders[1])
    assert ack.method == "ACK"
    assert ack.uri == invite.uri
    for field in ("Via", "From", "Call-ID"):
        assert ack.headers.lines(field) == invite.headers.lines(field)
    assert ack.to_tag() == "busy"
    assert ack.cseq() == (1, "ACK")


def test_each_copy_of_a_failure_gets_the_same_ack():
    bed = Bed()
    txn = bed.ask()
    for _ in range(3):
        bed.answer(txn, 486)
    assert len({order.data for order in bed.orders[1:]}) == 1
    assert bed.statuses() == [486]


def test_each_copy_of_a_2xx_gets_the_same_ack():
    """RFC 3261 §13.2.2.4: the ACK is the user's, and the layer repeats it."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 200)
    bed.layer.send_once(request("ACK"), flow(), bed.now, txn.branch)
    bed.collect()
    for _ in range(2):
        bed.answer(txn, 200)
    assert [sent.what for sent in bed.sent] == ["INVITE", "ACK", "ACK", "ACK"]
    assert len({order.data for order in bed.orders[1:]}) == 1
    assert read(bed.orders[1]).via().branch != txn.branch
    assert bed.statuses() == [200]


def test_a_2xx_of_a_fork_goes_up():
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 200, "one")
    bed.answer(txn, 200, "two")
    assert bed.statuses() == [200, 200]


def test_a_cancel_has_the_branch_of_its_invite_and_a_transaction_of_its_own():
    bed = Bed()
    invite = bed.ask()
    bed.answer(invite, 180)
    bed.layer.bound(invite, bed.now)
    cancel = bed.layer.request(request("CANCEL"), flow(), OWNER, bed.now, branch=invite.branch)
    bed.collect()
    assert read(bed.orders[-1]).headers.lines("Via") == read(bed.orders[0]).headers.lines("Via")
    bed.answer(cancel, 200)
    bed.answer(invite, 487)
    assert bed.statuses() == [180, 200, 487]
    bed.advance(40.0)
    assert bed.empty


def test_a_cancelled_invite_is_given_up_after_64_t1_whatever_still_rings():
    """RFC 3261 §9.1: a late 180 does not undo that."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 180)
    bed.layer.bound(txn, bed.now)
    bed.advance(10.0)
    bed.answer(txn, 180)
    bed.advance(22.0)
    assert bed.results[-1][0] == 32.0
    assert bed.statuses() == [180, 180, 408]
    assert bed.empty


def test_an_invite_does_not_ring_for_ever():
    """Profile 5.1: every INVITE is bounded, and a repeated 180 does not prolong it."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 100)
    for _ in range(6):
        bed.advance(10.0)
        bed.answer(txn, 180)
    bed.advance(5.0)
    assert bed.statuses()[-1] == 408
    assert bed.empty


# --- 2xx until ACK (RFC 3261 §13.3.1.4, RFC 6026)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_rfc_6026_a_2xx_is_repeated_until_acknowledged(transport: str):
    bed = Bed()
    txn = bed.asked(transport=transport)
    bed.respond(txn, 200)
    bed.advance(12.0)
    assert bed.times("200") == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5]
    bed.acknowledge(txn)
    bed.advance(60.0)
    assert len(bed.times("200")) == 6
    assert bed.results == []
    assert bed.empty


def test_rfc_6026_an_invite_again_after_its_2xx_is_absorbed():
    """§7.1: the transaction outlives its 2xx, so that a copy of the INVITE makes no second call."""
    bed = Bed()
    txn = bed.asked()
    bed.respond(txn, 200)
    bed.acknowledge(txn)
    assert bed.layer.match(request("INVITE"), via()) is txn
    bed.repeat(txn)
    assert len(bed.times("200")) == 1
    bed.advance(32.0)
    assert bed.layer.match(request("INVITE"), via()) is None
    assert bed.empty


def test_rfc_6026_the_client_takes_copies_of_a_2xx_until_timer_m():
    """§7.2: they find their transaction, are acknowledged again, and are told once."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 200)
    bed.layer.send_once(request("ACK"), flow(), bed.now, txn.branch)
    bed.collect()
    for _ in range(2):
        assert bed.answer(txn, 200)
    assert len(bed.times("ACK")) == 3
    assert bed.statuses() == [200]
    bed.advance(32.0)
    assert not bed.answer(txn, 200)
    assert bed.empty


def test_a_2xx_that_nobody_acknowledges_is_told():
    bed = Bed()
    txn = bed.asked()
    bed.respond(txn, 200)
    bed.advance(64.0)
    assert bed.results == [(32.0, Unacknowledged(OWNER))]
    assert bed.empty


def test_a_2xx_goes_on_after_a_restart():
    bed = Bed()
    txn = bed.asked()
    bed.respond(txn, 200)
    other = Bed()
    revived = other.layer.revive_answer(txn.key, txn.last, txn.flow, OWNER, 0.0)
    other.collect()
    assert revived.state is State.ACCEPTED
    other.advance(2.0)
    assert other.times("200") == [0.0, 0.5, 1.5]
    assert other.layer.match(request("INVITE"), via()) is revived
    other.acknowledge(revived)
    other.advance(40.0)
    assert (other.results, other.empty) == ([], True)


def test_an_open_invite_is_waited_for_after_a_restart():
    bed = Bed()
    bed.layer.revive(request("INVITE", "z9hG4bKold", "127.0.0.1:5060"), flow(), OWNER, "z9hG4bKold", 0.0)
    bed.advance(40.0)
    assert (bed.sent, bed.statuses(), bed.empty) == ([], [408], True)


def test_what_was_taken_up_at_a_restart_began_there():
    """Else its answer would count as one that took as long as the clock runs."""
    bed = Bed()
    bed.layer.revive(request("INVITE", "z9hG4bKold", "127.0.0.1:5060"), flow(), OWNER, "z9hG4bKold", 100.0)
    txn = bed.layer.client("z9hG4bKold")
    assert txn is not None
    assert txn.began == 100.0


# --- RFC 4320, RFC 4321


def test_rfc_4320_a_late_response_to_a_non_invite_is_dropped():
    """§4.1: the client that timed out answered itself with 408; a later 200 finds no transaction."""
    bed = Bed()
    txn = bed.ask("OPTIONS")
    bed.advance(32.0)
    assert bed.statuses() == [408]
    assert not bed.answer(txn, 200)
    assert bed.statuses() == [408]


def test_rfc_4320_a_timeout_of_our_own_choice():
    """§3: what is relayed has to time out before the transaction that it is relayed for."""
    bed = Bed()
    bed.layer.request(request("REGISTER"), flow(), OWNER, 0.0, 24.0)
    bed.advance(24.0)
    assert bed.statuses() == [408]
    assert bed.empty


def test_rfc_4321_a_provisional_slows_a_non_invite_down():
    """§1.2: after a 100 copies go every T2 until timer F."""
    bed = Bed()
    txn = bed.ask("OPTIONS")
    bed.answer(txn, 100)
    bed.advance(13.0)
    assert bed.times("OPTIONS") == [0.0, 0.5, 4.5, 8.5, 12.5]


def test_rfc_4321_nothing_is_repeated_over_tcp():
    bed = Bed()
    bed.ask("OPTIONS", "tcp")
    bed.advance(33.0)
    assert bed.times("OPTIONS") == [0.0]
    assert bed.statuses() == [408]


# --- RFC 3261 §18.1.1: large requests


def test_rfc_3261_18_1_1_a_large_request_goes_by_tcp():
    bed = Bed()
    txn = bed.ask(body=BIG)
    assert txn.flow.transport == "tcp"
    assert read(bed.orders[0]).via().transport == "tcp"
    assert bed.ask(body=b"x" * 100).flow.transport == "udp"


def test_rfc_3261_18_1_1_udp_when_tcp_is_refused():
    bed = Bed()
    txn = bed.ask(body=BIG)
    bed.fail(bed.orders[0])
    assert [sent.transport for sent in bed.sent] == ["tcp", "udp"]
    assert read(bed.orders[1]).via().transport == "udp"
    assert read(bed.orders[1]).via().branch == txn.branch
    bed.advance(0.5)
    assert bed.sent[-1].transport == "udp"
    assert bed.statuses() == []
    bed.answer(txn, 200)
    assert bed.statuses() == [200]


def test_that_tcp_was_refused_is_remembered_for_a_while():
    bed = Bed()
    bed.ask(body=BIG)
    bed.fail(bed.orders[0])
    assert bed.ask("OPTIONS", body=BIG).flow.transport == "udp"
    assert (
        bed.layer.request(request("OPTIONS", body=BIG), flow(port=5070), OWNER, 0.0).flow.transport == "tcp"
    )
    bed.advance(601.0)
    assert bed.ask("OPTIONS", body=BIG).flow.transport == "tcp"


def test_when_udp_fails_too_it_is_a_503():
    bed = Bed()
    bed.ask(body=BIG)
    bed.fail(bed.orders[0])
    bed.fail(bed.orders[1])
    assert bed.statuses() == [503]
    assert bed.empty


def test_what_was_meant_for_tcp_has_no_udp_to_fall_back_on():
    bed = Bed()
    bed.ask(transport="tcp", body=BIG)
    bed.fail(bed.orders[0])
    assert bed.statuses() == [503]


def test_without_a_tcp_listener_large_requests_go_by_udp():
    bed = Bed()
    bed.layer.sent_by = {("tc2", "udp", False): "127.0.0.1:5060"}
    assert bed.ask(body=BIG).flow.transport == "udp"


def test_a_large_ack_falls_back_to_udp_as_well():
    """A late offer's answer rides in the ACK, which has no transaction of its own."""
    bed = Bed()
    txn = bed.ask()
    bed.answer(txn, 200)
    bed.layer.send_once(request("ACK", body=BIG), flow(), bed.now, txn.branch)
    bed.collect()
    assert bed.sent[-1].transport == "tcp"
    bed.fail(bed.orders[-1])
    assert bed.sent[-1] == (0.0, "ACK", "udp")
    bed.answer(txn, 200)
    assert bed.orders[-1].data == bed.orders[-2].data
    assert bed.times("ACK") == [0.0, 0.0, 0.0]
    bed.advance(40.0)
    assert bed.empty


# --- where responses go (RFC 3261 §18.2.2, RFC 3581)


@pytest.mark.parametrize(
    ("text", "port"), [("10.0.0.9", 5060), ("10.0.0.9:5090", 5090), ("10.0.0.9:5090;rport", 40000)]
)
def test_where_a_response_goes(text: str, port: int):
    source = Flow("d", "udp", "10.0.0.9", 40000)
    assert response_flow(Via.parse(f"SIP/2.0/UDP {text};branch=z9hG4bK1"), source).port == port


def test_over_a_stream_a_response_goes_back_on_it():
    source = Flow("d", "tcp", "10.0.0.9", 40000, 7)
    assert response_flow(Via.parse("SIP/2.0/TCP 10.0.0.9:5090;branch=z9hG4bK1"), source) == source


@pytest.mark.parametrize(
    ("text", "stamped"),
    [
        ("10.0.0.9:5060;branch=z9hG4bK1", "10.0.0.9:5060;branch=z9hG4bK1"),
        ("name.example;branch=z9hG4bK1", "name.example;branch=z9hG4bK1;received=10.0.0.9"),
        (
            "10.0.0.9:5060;rport;branch=z9hG4bK1",
            "10.0.0.9:5060;rport=40000;branch=z9hG4bK1;received=10.0.0.9",
        ),
    ],
)
def test_the_via_notes_where_the_request_really_came_from(text: str, stamped: str):
    """And what proxies before it wrote stays."""
    asked = request("OPTIONS")
    asked.headers.set("Via", f"SIP/2.0/UDP {text}, SIP/2.0/TCP first.example;branch=z9hG4bK0")
    stamp_via(asked, asked.via(), Flow("d", "udp", "10.0.0.9", 40000))
    assert asked.headers.elements("Via") == [
        f"SIP/2.0/UDP {stamped}",
        "SIP/2.0/TCP first.example;branch=z9hG4bK0",
    ]


# --- sizes


def test_what_lingers_keeps_only_bytes():
    bed = Bed()
    client, server = bed.ask(), bed.asked()
    bed.answer(client, 486)
    bed.respond(server, 486)
    assert (client.request, server.request) == (None, None)


def test_open_transactions_are_those_that_wait():
    bed = Bed()
    layer: Layer = bed.layer
    client, server = bed.ask("OPTIONS"), bed.asked("OPTIONS")
    assert (layer.open_transactions(), len(layer)) == (2, 2)
    bed.answer(client, 200)
    bed.respond(server, 200)
    assert (layer.open_transactions(), len(layer)) == (0, 2)


def test_respond_once_keeps_nothing():
    bed = Bed()
    asked: Request = request("OPTIONS")
    bed.layer.respond_once(asked, asked.via(), flow(), asked.respond(403, "x"))
    bed.collect()
    assert ([sent.what for sent in bed.sent], bed.empty) == (["403"], True)


@pytest.mark.parametrize(
    ("transport", "connection", "offered"), [("tls", 0, True), ("tls", 7, False), ("tcp", 0, False)]
)
def test_only_a_tls_connection_that_we_open_is_offered_for_requests(transport, connection, offered):
    """RFC 5923 §8.1."""
    bed = Bed()
    bed.layer.request(request("OPTIONS"), Flow("tc2", transport, "127.0.0.2", 5061, connection), OWNER, 0.0)
    bed.collect()
    assert ("alias" in read(bed.orders[0]).via().parameters) is offered


# --- what could not be sent


def insisted(bed: Bed, transport: str, method: str = "INVITE") -> ClientTransaction:
    txn = bed.layer.request(request(method), flow(transport), OWNER, bed.now, insist=True)
    bed.collect()
    return txn


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_what_could_not_be_sent_is_tried_again_for_a_while(transport: str, method: str):
    """The other side restarts: for 8·T1 it is no failure; what comes through at last is sent once (by TCP)."""
    bed = Bed()
    insisted(bed, transport, method)
    refused = 0
    while not bed.results:
        for order in bed.orders[refused:]:
            bed.fail(order)
            refused += 1
        bed.advance(0.25)
    assert bed.statuses() == [503]
    assert 4.0 <= bed.results[0][0] <= 8.0
    assert 3 <= len(bed.sent) <= 6


def test_what_comes_through_at_last_is_sent_once_by_tcp():
    bed = Bed()
    txn = insisted(bed, "tcp")
    bed.fail(bed.orders[-1])
    bed.advance(20.0)
    assert [sent.at for sent in bed.sent] == [0.0, 0.5]
    assert bed.answer(txn, 200)


def test_what_was_answered_is_not_tried_again():
    bed = Bed()
    txn = insisted(bed, "tcp")
    bed.fail(bed.orders[-1])
    bed.answer(txn, 180)
    bed.advance(20.0)
    assert len(bed.sent) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_what_waits_goes_to_another_address_with_the_same_branch(transport: str):
    bed = Bed()
    txn = insisted(bed, "udp")
    there = Flow("tc2", transport, "127.0.0.3", 5060)
    bed.layer.reroute(flow(), there, bed.now)
    bed.collect()
    assert bed.orders[-1].flow == there
    assert read(bed.orders[-1]).via().branch == txn.branch
    assert read(bed.orders[-1]).via().transport.lower() == transport


def test_an_answer_goes_to_the_other_address_too():
    bed = Bed()
    txn = bed.asked()
    bed.layer.reroute(flow(), Flow("tc2", "udp", "127.0.0.3", 5060), bed.now)
    bed.respond(txn, 200)
    assert bed.orders[-1].flow.host == "127.0.0.3"


def test_what_rings_is_not_sent_again_to_the_other_address():
    bed = Bed()
    txn = insisted(bed, "udp")
    bed.answer(txn, 180)
    bed.layer.reroute(flow(), Flow("tc2", "udp", "127.0.0.3", 5060), bed.now)
    bed.collect()
    assert (len(bed.orders), txn.flow.host) == (1, "127.0.0.3")


@pytest.mark.parametrize(
    ("transport", "sent_by", "port"), [("tls", "core2.example", 5061), ("tcp", "a:5070", 5070)]
)
def test_an_answer_whose_connection_is_gone_goes_by_a_new_one(transport: str, sent_by: str, port: int):
    """RFC 3261 §18.2.2."""
    bed = Bed()
    came = Flow("tc2", transport, "127.0.0.2", 40_000, 7)
    of = request("MESSAGE", sent_by=sent_by)
    bed.layer.respond(bed.layer.accept(of, of.via(), came, 0.0), of.respond(200, "to"), 0.0)
    bed.collect()
    bed.fail(bed.orders[-1])
    assert (bed.orders[-1].flow, len(bed.orders)) == (Flow("tc2", transport, "127.0.0.2", port), 2)
    bed.fail(bed.orders[-1])
    assert len(bed.orders) == 2


def test_what_a_cut_connection_may_have_lost_is_sent_again():
    bed = Bed()
    txn, answered = insisted(bed, "tls", "MESSAGE"), insisted(bed, "tls", "OPTIONS")
    bed.answer(answered, 200)
    bed.layer.closed(Flow("tc2", "tls", "127.0.0.2", 41_000, 7), bed.now)
    bed.layer.closed(Flow("tc2", "tls", "127.0.0.3", 41_000, 8), bed.now)
    bed.advance(10.0)
    assert [sent.at for sent in bed.sent if sent.what == "MESSAGE"] == [0.0, 0.5]
    assert bed.answer(txn, 200)
