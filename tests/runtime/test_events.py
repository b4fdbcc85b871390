"""The ring of events and those who watch."""

from opentcf.node.orders import Notice
from opentcf.runtime import events
from opentcf.runtime.events import EVENTS, Events

ALL = frozenset(EVENTS)


def call(state: str) -> Notice:
    return Notice("call", {"id": "c1", "state": state})


def test_only_events_are_kept_and_they_are_numbered():
    ring = Events("run")
    for notice in (call("setup"), Notice("fault", {}), call("ended")):
        ring.add(notice)
    assert [(event.number, event.fields["state"]) for event in ring.after(0)] == [(1, "setup"), (2, "ended")]
    assert [event.number for event in ring.after(1)] == [2]
    assert ring.last == 2


def test_the_ring_is_bounded_and_knows_what_it_lost():
    ring = Events("run", kept=3)
    for number in range(5):
        ring.add(call(str(number)))
    assert [event.number for event in ring.after(0)] == [3, 4, 5]
    assert [ring.complete_after(number) for number in (0, 1, 2, 5, 6)] == [False, False, True, True, False]


async def test_a_watcher_gets_what_he_asked_for():
    ring = Events("run")
    watcher = ring.watch(frozenset(("peer",)))
    ring.add(call("setup"))
    ring.add(Notice("peer", {"peer": "core2.example"}))
    event = await watcher.next()
    assert event
    assert event.name == "peer"
    ring.leave(watcher)
    assert len(ring) == 0


async def test_who_does_not_read_is_let_go_and_costs_nothing_more():
    ring = Events("run")
    watcher = ring.watch(ALL)
    for number in range(2 * events.WAITING):
        ring.add(call(str(number)))
    assert watcher.ended
    read = 0
    while await watcher.next() is not None:
        read += 1
    assert read == events.WAITING - 1
