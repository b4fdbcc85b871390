"""The address book: asked for on D, pushed in portions."""

from dataclasses import replace

from tests.services.event_world import EventWorld
from tests.services.group_world import fire

from opentcf.btrunc import events
from opentcf.btrunc.wire import Wire
from opentcf.sip.message import Request
from opentcf.sip.parse import parse


def ask(world: EventWorld, number: str) -> None:
    world.ua(number).addresses(world.now)
    world.touch(world.ua(number))
    world.run(3.0)


def pushed(world: EventWorld, number: str) -> list[events.Addresses]:
    found: dict[bytes, events.Addresses] = {}
    for passed in world.transcript:
        if passed.target == number and b"pttpushaddrlist" in passed.data:
            message = parse(passed.data)
            assert isinstance(message, Request)
            found[passed.data] = events.read_addresses(message, Wire())
    return list(found.values())


def test_the_home_tells_its_users_and_groups() -> None:
    world = EventWorld(at={"1001": 1})
    ask(world, "1001")
    (book,) = pushed(world, "1001")
    assert (book.domain, book.first, book.total) == ("core1.example", 1, 6)
    named = [(entry.name, entry.attributes) for entry in book.entries]
    dispatcher = {"number": "1005", "domain": "core1.example", "name": "", "role": "dispatcher"}
    assert ("user", dispatcher) in named
    assert named[-1] == ("group", {"number": "8001", "domain": "core1.example", "name": "Fire"})
    assert world.events(world.ua("1001")).count("addresses") == 1


def test_a_large_book_comes_in_portions_one_after_the_other() -> None:
    world = EventWorld(*(fire(number=str(number)) for number in range(8001, 8021)), at={"1001": 1})
    core = world.cores[1]
    core.settings = replace(core.settings, limits=replace(core.settings.limits, max_body=700))
    world.command(1, "reload", settings=core.settings)
    answers: list[bytes] = []

    def lose(source: str, target: str, data: bytes) -> bool:
        """The first answer to each page."""
        is_answer = source == "1001" and data.startswith(b"SIP") and data not in answers
        answers.append(data)
        return is_answer

    world.lose = lose
    ask(world, "1001")
    world.run(10.0)
    books = pushed(world, "1001")
    assert len(books) > 2
    assert [book.first for book in books] == [
        1 + sum(len(b.entries) for b in books[:i]) for i in range(len(books))
    ]
    assert sum(len(book.entries) for book in books) == books[0].total == 25
    assert not world.node(1).procedures.address_book._pushes


def test_a_terminal_that_does_not_answer_is_left_alone() -> None:
    world = EventWorld(at={"1001": 1})
    ua = world.ua("1001")
    ua.addresses(world.now)
    world.touch(ua)
    world.run(0.015)
    world.lose = lambda source, target, data: b"pttpushaddrlist" in data
    world.run(60.0)
    assert not world.node(1).procedures.address_book._pushes


def test_a_visitors_book_is_at_his_home() -> None:
    world = EventWorld(at={"2001": 1})
    ask(world, "2001")
    assert [event.status for event in world.ua("2001").events if event.name == "refused"] == [403]


def test_who_is_not_registered_gets_none() -> None:
    world = EventWorld(at={"1001": 1})
    world.register(world.ua("1001"), 0)
    world.run(2.0)
    ask(world, "1001")
    assert [event.status for event in world.ua("1001").events if event.name == "refused"] == [403]
