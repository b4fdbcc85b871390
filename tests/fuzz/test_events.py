"""Damaged SUBSCRIBEs, NOTIFYs and address books: they are read, or there is one RemoteError, and nothing else."""

from contextlib import suppress

from tests.fuzz.mutate import Mutator
from tests.sip.samples import ALL

from opentcf.btrunc import events
from opentcf.btrunc.wire import Package, Wire
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.parse import parse

MUTATIONS = 10_000
WIRE = Wire()


def _book() -> bytes:
    message = Request("MESSAGE", "sip:1001@host")
    events.write_addresses(message, WIRE, "core1.example", 1, 2, ['<user number="1" domain="d" name="Al"/>'])
    return message.body


def test_damaged_events() -> None:
    mutator = Mutator((ALL["subscribe"], ALL["notify"]))
    for number in range(MUTATIONS):
        with suppress(RemoteError):
            message = parse(mutator.make(number), stream=False)
            if isinstance(message, Request):
                _read(message)


def test_damaged_address_books() -> None:
    mutator, message = Mutator((_book(),)), Request("MESSAGE", "sip:1001@host")
    message.headers.set("Content-Type", "application/pttaddrlist+xml")
    for number in range(MUTATIONS // 5):
        message.body = mutator.make(number)
        with suppress(RemoteError):
            events.read_addresses(message, WIRE)


def _read(message: Request) -> None:
    for package in Package:
        with suppress(RemoteError):
            events.check_accept(message, WIRE, package)
        with suppress(RemoteError):
            events.read_report(message, WIRE, package)
    events.read_event(message, WIRE)
