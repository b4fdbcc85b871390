"""The machines against the figures: random lives side by side with the reference, and every (state, input) by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sip.transaction.bed import Bed, request
from tests.sip.transaction.reference import Client, InviteClient, InviteServer, Machine, Server

from opentcf.sip.transaction import TABLES, ClientTransaction, Input, Kind, Outcome, ServerTransaction, State

ADVANCE = st.tuples(st.just("advance"), st.sampled_from((0.25, 0.5, 1.0, 3.5, 4.0, 5.0, 16.0, 32.0, 64.0)))
STATUSES = st.sampled_from((100, 180, 200, 302, 404, 486, 503, 603))
CLIENT_LIFE = st.lists(
    st.one_of(
        ADVANCE,
        st.tuples(st.just("response"), STATUSES),
        st.tuples(st.just("response"), STATUSES),
        st.tuples(st.sampled_from(("broken", "user_acknowledges")), st.just(0)),
    ),
    max_size=12,
)
SERVER_LIFE = st.lists(
    st.one_of(
        ADVANCE,
        st.tuples(st.just("respond"), STATUSES),
        st.tuples(st.sampled_from(("copy", "ack", "user_acknowledged")), st.just(0)),
    ),
    max_size=12,
)
TRANSPORTS = st.sampled_from(("udp", "tcp"))


def agree(bed: Bed, txn: ClientTransaction | ServerTransaction, model: Machine) -> None:
    assert txn.state.name.lower() == model.state
    assert [(sent.at, sent.what) for sent in bed.sent] == model.sent
    told = [(at, r.status if isinstance(r, Outcome) else "unacknowledged") for at, r in bed.results]
    assert told == model.told
    assert len(bed.layer) == (model.state != "terminated")
    assert len(bed.timers) == len(model.timers)


def end_of(bed: Bed, txn: ClientTransaction | ServerTransaction, model: Machine) -> None:
    """Whatever still runs runs out, and then nothing is left."""
    for part in (bed, model):
        part.advance(200.0)
    agree(bed, txn, model)
    if isinstance(txn, ClientTransaction) or not txn.open:
        assert bed.empty


@settings(max_examples=400, deadline=None)
@given(CLIENT_LIFE, TRANSPORTS, st.booleans())
def test_a_client_lives_as_drawn(life: list[tuple[str, float]], transport: str, is_invite: bool):
    bed = Bed()
    method, kind = ("INVITE", InviteClient) if is_invite else ("OPTIONS", Client)
    model: InviteClient | Client = kind(transport != "udp", 0.0)
    txn = bed.ask(method, transport)
    order = bed.orders[0]
    for what, value in life:
        if what == "advance":
            bed.advance(value)
            model.advance(value)
        elif what == "response":
            bed.answer(txn, int(value))
            model.response(int(value))
        elif what == "broken":
            bed.fail(order)
            model.broken()
        elif isinstance(model, InviteClient) and model.state == "accepted":
            bed.layer.send_once(request("ACK"), txn.flow, bed.now, txn.branch)
            bed.collect()
            model.user_acknowledges()
        agree(bed, txn, model)
    end_of(bed, txn, model)


@settings(max_examples=400, deadline=None)
@given(SERVER_LIFE, TRANSPORTS, st.booleans())
def test_a_server_lives_as_drawn(life: list[tuple[str, float]], transport: str, is_invite: bool):
    bed = Bed()
    model: InviteServer | Server = (InviteServer if is_invite else Server)(transport != "udp", 0.0)
    txn = bed.asked("INVITE" if is_invite else "OPTIONS", transport)
    for what, value in life:
        if what == "advance":
            bed.advance(value)
            model.advance(value)
        elif what == "respond":
            bed.respond(txn, int(value))
            model.respond(int(value))
        elif what == "copy":
            bed.repeat(txn)
            model.copy()
        elif isinstance(model, InviteServer):
            if what == "ack":
                bed.repeat(txn, "ACK")
                model.ack()
            elif model.state == "accepted":
                bed.acknowledge(txn)
                model.user_acknowledged()
        agree(bed, txn, model)
    end_of(bed, txn, model)


I, S = Input, State
FIGURES: dict[Kind, dict[State, dict[Input, State]]] = {
    Kind.INVITE_CLIENT: {
        S.CALLING: {
            I.RETRANSMIT: S.CALLING,
            I.TIMEOUT: S.TERMINATED,
            I.BROKEN: S.TERMINATED,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.ACCEPTED,
            I.FAILURE: S.COMPLETED,
        },
        # TIMEOUT: timer C (§16.6), and 64·T1 after a CANCEL (§9.1)
        S.PROCEEDING: {
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.ACCEPTED,
            I.FAILURE: S.COMPLETED,
            I.TIMEOUT: S.TERMINATED,
        },
        S.COMPLETED: {I.FAILURE: S.COMPLETED, I.LINGER: S.TERMINATED},
        S.ACCEPTED: {I.SUCCESS: S.ACCEPTED, I.LINGER: S.TERMINATED},
    },
    Kind.CLIENT: {
        S.TRYING: {
            I.RETRANSMIT: S.TRYING,
            I.TIMEOUT: S.TERMINATED,
            I.BROKEN: S.TERMINATED,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.COMPLETED,
            I.FAILURE: S.COMPLETED,
        },
        S.PROCEEDING: {
            I.RETRANSMIT: S.PROCEEDING,
            I.TIMEOUT: S.TERMINATED,
            I.BROKEN: S.TERMINATED,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.COMPLETED,
            I.FAILURE: S.COMPLETED,
        },
        S.COMPLETED: {I.LINGER: S.TERMINATED},
    },
    Kind.INVITE_SERVER: {
        S.PROCEEDING: {
            I.REQUEST: S.PROCEEDING,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.ACCEPTED,
            I.FAILURE: S.COMPLETED,
        },
        S.COMPLETED: {
            I.REQUEST: S.COMPLETED,
            I.RETRANSMIT: S.COMPLETED,
            I.ACK: S.CONFIRMED,
            I.TIMEOUT: S.TERMINATED,
        },
        S.CONFIRMED: {I.LINGER: S.TERMINATED},
        S.ACCEPTED: {
            I.REQUEST: S.ACCEPTED,
            I.RETRANSMIT: S.ACCEPTED,
            I.ACK: S.ACCEPTED,
            I.LINGER: S.TERMINATED,
        },
    },
    Kind.SERVER: {
        S.TRYING: {
            I.REQUEST: S.TRYING,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.COMPLETED,
            I.FAILURE: S.COMPLETED,
        },
        S.PROCEEDING: {
            I.REQUEST: S.PROCEEDING,
            I.PROVISIONAL: S.PROCEEDING,
            I.SUCCESS: S.COMPLETED,
            I.FAILURE: S.COMPLETED,
        },
        S.COMPLETED: {I.REQUEST: S.COMPLETED, I.LINGER: S.TERMINATED},
    },
}
ROADS: dict[Kind, dict[State, tuple[int, ...]]] = {
    Kind.INVITE_CLIENT: {S.CALLING: (), S.PROCEEDING: (180,), S.COMPLETED: (486,), S.ACCEPTED: (200,)},
    Kind.CLIENT: {S.TRYING: (), S.PROCEEDING: (100,), S.COMPLETED: (200,)},
    Kind.INVITE_SERVER: {S.PROCEEDING: (), S.COMPLETED: (486,), S.CONFIRMED: (486, -1), S.ACCEPTED: (200,)},
    Kind.SERVER: {S.TRYING: (), S.PROCEEDING: (100,), S.COMPLETED: (200,)},
}
"""Statuses that lead to each state; -1 is the ACK."""
STATUS = {I.PROVISIONAL: 180, I.SUCCESS: 200, I.FAILURE: 486}


def test_the_tables_are_the_figures():
    found = {
        kind: {state: {what: row[0] for what, row in rows.items()} for state, rows in table.items()}
        for kind, table in TABLES.items()
    }
    assert found == FIGURES


def server_pairs() -> list[tuple[Kind, State, Input]]:
    inputs = (I.REQUEST, I.PROVISIONAL, I.SUCCESS, I.FAILURE, I.ACK)
    return [
        (kind, state, what)
        for kind in (Kind.INVITE_SERVER, Kind.SERVER)
        for state in TABLES[kind]
        for what in inputs
        if what is not I.ACK or kind is Kind.INVITE_SERVER
    ]


@pytest.mark.parametrize(("kind", "state", "what"), server_pairs())
def test_every_message_in_every_server_state(kind: Kind, state: State, what: Input):
    bed = Bed()
    txn = bed.asked("INVITE" if kind is Kind.INVITE_SERVER else "OPTIONS")
    for status in ROADS[kind][state]:
        if status < 0:
            bed.repeat(txn, "ACK")
        else:
            bed.respond(txn, status)
    assert txn.state is state
    before = len(bed.sent)
    if what is I.REQUEST:
        bed.repeat(txn)
    elif what is I.ACK:
        bed.repeat(txn, "ACK")
    else:
        bed.respond(txn, STATUS[what])
    expected = FIGURES[kind][state].get(what)
    assert txn.state is (state if expected is None else expected)
    if expected is None:
        assert len(bed.sent) == before


@pytest.mark.parametrize("kind", [Kind.INVITE_CLIENT, Kind.CLIENT])
@pytest.mark.parametrize("what", [I.PROVISIONAL, I.SUCCESS, I.FAILURE, I.BROKEN])
@pytest.mark.parametrize("state", [S.CALLING, S.TRYING, S.PROCEEDING, S.COMPLETED, S.ACCEPTED])
def test_every_message_in_every_client_state(kind: Kind, state: State, what: Input):
    if state not in TABLES[kind]:
        assert state in (S.CALLING, S.TRYING, S.ACCEPTED)
        return
    bed = Bed()
    txn = bed.ask("INVITE" if kind is Kind.INVITE_CLIENT else "OPTIONS")
    for status in ROADS[kind][state]:
        bed.answer(txn, status)
    assert txn.state is state
    sent, told = len(bed.sent), len(bed.results)
    if what is I.BROKEN:
        bed.fail(bed.orders[0])
    else:
        bed.answer(txn, STATUS[what])
    expected = FIGURES[kind][state].get(what)
    assert txn.state is (state if expected is None else expected)
    if expected is None:
        assert (len(bed.sent), len(bed.results)) == (sent, told)


@pytest.mark.parametrize(
    ("kind", "state"), [(kind, state) for kind, table in TABLES.items() for state in table], ids=str
)
def test_time_leads_out_of_every_state_that_may_end(kind: Kind, state: State):
    """Left alone each state ends by its timer, but for those of a server that waits for its user."""
    bed = Bed()
    client = kind in (Kind.INVITE_CLIENT, Kind.CLIENT)
    method = "INVITE" if kind in (Kind.INVITE_CLIENT, Kind.INVITE_SERVER) else "OPTIONS"
    txn = bed.ask(method) if client else bed.asked(method)
    for status in ROADS[kind][state]:
        if status < 0:
            assert isinstance(txn, ServerTransaction)
            bed.repeat(txn, "ACK")
        elif isinstance(txn, ClientTransaction):
            bed.answer(txn, status)
        else:
            bed.respond(txn, status)
    bed.advance(66.0)
    waits = state in (S.TRYING, S.PROCEEDING) and not client
    assert bed.empty is not waits
