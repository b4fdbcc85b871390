"""Every (state, input) of the floor, one after the other (profile 4.4)."""

from itertools import product

import pytest

from opentcf.model import floor as model
from opentcf.model.cause import FloorCause
from opentcf.model.floor import TABLE, Action, Event, Floor, FloorState, Input, Request
from opentcf.model.numbers import Aor

A, B, C, N = (Aor(f"100{n}", "core1.example") for n in range(1, 5))
V = "core1.example"
BY = {
    Input.REQUEST: Event(Request(N, V)),
    Input.PREEMPT: Event(Request(N, V, emergency=True)),
    Input.INSERT: Event(Request(N, V, forced=True)),
    Input.REPEAT: Event(Request(A, V)),
    Input.REVOKE: Event(cause=FloorCause.TIMEOUT),
}
EXPECTED: dict[tuple[FloorState, Input], tuple[FloorState, list[Action]]] = {
    (FloorState.IDLE, Input.REQUEST): (FloorState.TAKEN, [model.Granted(N, V, 2), model.Taken(N, V)]),
    (FloorState.IDLE, Input.INSERT): (FloorState.TAKEN, [model.Granted(N, V, 2), model.Taken(N, V)]),
    (FloorState.TAKEN, Input.INSERT): (
        FloorState.REVOKING,
        [
            model.Queued(N, V, 1),
            model.Revoke(A, V, 1, FloorCause.FORCED),
            model.Moved(B, V, 2),
            model.Moved(C, V, 3),
        ],
    ),
    (FloorState.REVOKING, Input.INSERT): (
        FloorState.REVOKING,
        [model.Queued(N, V, 1), model.Moved(B, V, 2), model.Moved(C, V, 3)],
    ),
    (FloorState.IDLE, Input.NEXT): (
        FloorState.TAKEN,
        [model.Grant(B, V, 2), model.Taken(B, V), model.Moved(C, V, 1)],
    ),
    (FloorState.TAKEN, Input.REQUEST): (FloorState.TAKEN, [model.Queued(N, V, 3)]),
    (FloorState.TAKEN, Input.PREEMPT): (
        FloorState.REVOKING,
        [
            model.Queued(N, V, 1),
            model.Revoke(A, V, 1, FloorCause.PREEMPTED),
            model.Moved(B, V, 2),
            model.Moved(C, V, 3),
        ],
    ),
    (FloorState.TAKEN, Input.REPEAT): (FloorState.TAKEN, [model.Granted(A, V, 1)]),
    (FloorState.TAKEN, Input.REVOKE): (FloorState.REVOKING, [model.Revoke(A, V, 1, FloorCause.TIMEOUT)]),
    (FloorState.TAKEN, Input.OVER): (
        FloorState.TAKEN,
        [model.Grant(B, V, 2), model.Taken(B, V), model.Moved(C, V, 1)],
    ),
    (FloorState.TAKEN, Input.LEAVE): (FloorState.TAKEN, []),
    (FloorState.REVOKING, Input.REQUEST): (FloorState.REVOKING, [model.Queued(N, V, 3)]),
    (FloorState.REVOKING, Input.PREEMPT): (
        FloorState.REVOKING,
        [model.Queued(N, V, 1), model.Moved(B, V, 2), model.Moved(C, V, 3)],
    ),
    (FloorState.REVOKING, Input.REPEAT): (FloorState.REVOKING, [model.Denied(A, V, FloorCause.DENIED)]),
    (FloorState.REVOKING, Input.REVOKED): (
        FloorState.TAKEN,
        [model.Grant(B, V, 2), model.Taken(B, V), model.Moved(C, V, 1)],
    ),
    (FloorState.REVOKING, Input.OVER): (
        FloorState.TAKEN,
        [model.Grant(B, V, 2), model.Taken(B, V), model.Moved(C, V, 1)],
    ),
    (FloorState.REVOKING, Input.LEAVE): (FloorState.REVOKING, []),
}
"""Where B and C wait (in IDLE only between two steps); the state is the one after all that follows."""


def floor_in(state: FloorState) -> Floor:
    """A talks or has talked, B and C wait."""
    floor = Floor(queue_length=8)
    for user in (A, B, C):
        floor.request(Request(user, V))
    if state is FloorState.REVOKING:
        floor.revoke(FloorCause.TIMEOUT)
    if state is FloorState.IDLE:
        floor.state, floor.talker = state, None
    return floor


@pytest.mark.parametrize(("state", "what"), list(product(FloorState, Input)))
def test_every_pair(state: FloorState, what: Input) -> None:
    floor = floor_in(state)
    before = floor.record()
    actions = floor.step(what, BY.get(what, Event()))
    if (state, what) not in EXPECTED:
        assert (actions, floor.record()) == ([], before)
        assert what not in TABLE[state]
    else:
        assert (floor.state, actions) == EXPECTED[state, what]


@pytest.mark.parametrize(
    ("state", "what"),
    [(FloorState.TAKEN, Input.OVER), (FloorState.REVOKING, Input.OVER), (FloorState.REVOKING, Input.REVOKED)],
)
def test_without_a_queue_the_floor_is_idle(state: FloorState, what: Input) -> None:
    floor = floor_in(state)
    floor.queue.clear()
    assert floor.step(what) == [model.Idle()]
    assert (floor.state, floor.talker) == (FloorState.IDLE, None)


def test_who_leaves_moves_those_behind_him() -> None:
    floor = floor_in(FloorState.TAKEN)
    assert floor.release(B) == [model.Moved(C, V, 1)]
