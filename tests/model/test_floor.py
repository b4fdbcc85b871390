"""The bare arbiter (profile 4.4): what each event does in each state."""

from opentcf.model.cause import FloorCause
from opentcf.model.floor import (
    Denied,
    Floor,
    FloorState,
    Grant,
    Granted,
    Idle,
    Moved,
    Queued,
    Request,
    Revoke,
    Taken,
)
from opentcf.model.numbers import Aor

A, B, C, D = (Aor(f"100{n}", "core1.example") for n in range(1, 5))
V1, V2 = "core1.example", "core2.example"


def taken(*waiters: Request, queue_length: int = 8, preemption: bool = False) -> Floor:
    """A talks, with ordinary priority."""
    floor = Floor(queue_length, preemption=preemption)
    floor.request(Request(A, V1, 100))
    for waiter in waiters:
        floor.request(waiter)
    return floor


def waiting(floor: Floor) -> list[Aor]:
    return [waiter.request.user for waiter in floor.queue]


def test_a_free_floor_is_granted_at_once():
    floor = Floor()
    assert floor.request(Request(A, V1)) == [Granted(A, V1, 1), Taken(A, V1)]
    assert floor.state is FloorState.TAKEN


def test_the_talker_who_asks_again_hears_the_same_grant():
    floor = taken()
    assert floor.request(Request(A, V1, 100)) == [Granted(A, V1, 1)]


def test_who_is_being_revoked_is_refused_and_does_not_wait():
    floor = taken()
    floor.revoke(FloorCause.FORCED)
    assert floor.request(Request(A, V1, 100)) == [Denied(A, V1, FloorCause.DENIED)]
    assert waiting(floor) == []


def test_a_taken_floor_queues():
    floor = taken()
    assert floor.request(Request(B, V2, 100)) == [Queued(B, V2, 1)]
    assert floor.request(Request(C, V2, 100)) == [Queued(C, V2, 2)]


def test_the_queue_is_ordered_by_emergency_then_priority_then_time():
    floor = taken()
    floor.request(Request(A, V1, 100, emergency=True))
    for request in (Request(B, V2, 50), Request(C, V2, 10), Request(D, V1, 200, emergency=True)):
        floor.request(request)
    floor.request(Request(Aor("1009", V1), V1, 50))
    assert waiting(floor) == [D, C, B, Aor("1009", V1)]


def test_a_repeat_keeps_its_place_and_a_new_priority_moves_it():
    floor = taken(Request(B, V2, 100), Request(C, V2, 100))
    assert floor.request(Request(B, V2, 100)) == [Queued(B, V2, 1)]
    assert floor.request(Request(C, V2, 90)) == [Queued(C, V2, 1), Moved(B, V2, 2)]
    assert floor.request(Request(C, V2, 100)) == [Queued(C, V2, 2), Moved(B, V2, 1)]


def test_a_full_queue_refuses_and_no_queue_denies():
    floor = taken(Request(B, V2, 100), queue_length=1)
    assert floor.request(Request(C, V2, 100)) == [Denied(C, V2, FloorCause.QUEUE_FULL)]
    assert floor.request(Request(B, V2, 100)) == [Queued(B, V2, 1)]
    assert taken(queue_length=0).request(Request(C, V2, 100)) == [Denied(C, V2, FloorCause.DENIED)]


def test_a_release_goes_to_the_head_of_the_queue():
    floor = taken(Request(B, V2, 100), Request(C, V1, 100))
    assert floor.release(A, 1) == [Grant(B, V2, 2), Taken(B, V2), Moved(C, V1, 1)]
    assert floor.release(B) == [Grant(C, V1, 3), Taken(C, V1)]
    assert floor.release(C) == [Idle()]
    assert floor.release(C) == []


def test_a_waiter_leaves_the_queue():
    floor = taken(Request(B, V2, 100), Request(C, V1, 100))
    assert floor.release(B) == [Moved(C, V1, 1)]


def test_a_release_of_an_older_grant_changes_nothing():
    floor = taken(Request(B, V2, 100))
    floor.release(A)
    floor.request(Request(A, V1, 100))
    assert floor.release(A, 1) == []
    assert floor.release(B, 1) == []
    assert (floor.talker, waiting(floor)) == (Request(B, V2, 100), [A])


def test_an_emergency_preempts_always():
    floor = taken(Request(B, V2, 1), queue_length=1)
    assert floor.request(Request(C, V2, 255, emergency=True)) == [
        Queued(C, V2, 1),
        Revoke(A, V1, 1, FloorCause.PREEMPTED),
        Moved(B, V2, 2),
    ]
    assert floor.revoked(1) == [Grant(C, V2, 2), Taken(C, V2), Moved(B, V2, 1)]


def test_a_better_priority_preempts_where_the_group_says_so():
    assert taken().request(Request(B, V2, 99)) == [Queued(B, V2, 1)]
    floor = taken(preemption=True)
    assert floor.request(Request(B, V2, 100)) == [Queued(B, V2, 1)]
    assert floor.request(Request(C, V2, 99)) == [
        Queued(C, V2, 1),
        Revoke(A, V1, 1, FloorCause.PREEMPTED),
        Moved(B, V2, 2),
    ]


def test_no_priority_preempts_an_emergency():
    floor = Floor(preemption=True)
    floor.request(Request(A, V1, 255, emergency=True))
    assert floor.request(Request(B, V2, 0)) == [Queued(B, V2, 1)]
    assert floor.request(Request(C, V2, 0, emergency=True)) == [Queued(C, V2, 1), Moved(B, V2, 2)]


def test_only_the_grant_that_was_revoked_ends_by_it():
    floor = taken()
    assert floor.revoked(1) == []
    assert floor.revoke(FloorCause.TIMEOUT) == [Revoke(A, V1, 1, FloorCause.TIMEOUT)]
    assert floor.revoke(FloorCause.TIMEOUT) == []
    assert floor.revoked(2) == []
    assert floor.revoked(1) == [Idle()]
    assert floor.revoked(1) == []


def test_a_release_while_the_revoke_is_on_its_way_is_the_release():
    floor = taken(Request(B, V2, 100))
    floor.revoke(FloorCause.TIMEOUT)
    assert floor.release(A, 1) == [Grant(B, V2, 2), Taken(B, V2)]
    assert floor.revoked(1) == []


def test_a_lost_leg_takes_its_talker_and_its_waiters():
    floor = taken(Request(B, V1, 100), Request(C, V2, 100))
    assert floor.lost(V1) == [Grant(C, V2, 2), Taken(C, V2)]
    floor = taken(Request(B, V2, 100), Request(C, V1, 100))
    assert floor.lost(V2) == [Moved(C, V1, 1)]
    assert floor.lost("core9.example") == []


def test_a_grant_that_is_not_taken_goes_on():
    floor = taken(Request(B, V2, 100), Request(C, V2, 100))
    floor.release(A)
    assert floor.refused(B, 1) == []
    assert floor.refused(B, 2) == [Grant(C, V2, 3), Taken(C, V2)]


def test_a_handover_moves_talker_and_waiter_silently():
    floor = taken(Request(B, V1, 100))
    floor.move(A, V2)
    floor.move(B, V2)
    assert floor.lost(V1) == []
    assert floor.talker == Request(A, V2, 100)
    assert [waiter.request for waiter in floor.queue] == [Request(B, V2, 100)]
