"""What waits for the node."""

import pytest

from opentcf.btrunc.urgency import Rank
from opentcf.runtime.inbox import MOST, Inbox


def deed(*_: object) -> None:
    """Nothing that anybody looks at."""


def taken(inbox: Inbox) -> list[object]:
    found = []
    while (entry := inbox.take()) is not None:
        found.append(entry[1][0])
    return found


def test_what_is_served_first():
    inbox = Inbox()
    for rank in (Rank.NEW, Rank.PROVED, Rank.URGENT, Rank.NEW):
        inbox.put_in_line(rank, deed, (rank,))
    inbox.put(deed, ("asked",))
    assert taken(inbox) == [Rank.URGENT, "asked", Rank.PROVED, Rank.NEW, Rank.NEW]
    assert not inbox


@pytest.mark.parametrize("rank", Rank)
def test_messages_of_a_flood_are_lost_and_nothing_else(rank: Rank):
    inbox = Inbox()
    for number in range(MOST + 10):
        inbox.put_in_line(rank, deed, (number,))
    for other in (other for other in Rank if other is not rank):
        inbox.put_in_line(other, deed, (other,))
    inbox.put(deed, ("asked",))
    found = taken(inbox)
    assert len(found) == MOST + 3
    assert "asked" in found
