"""Watch events, and fetch the address book 通讯录."""

from opentcf.btrunc.wire import Package, Wire
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import CommandError, UsageError, number

EVENTS = Wire().events


async def _watch(session: Session, words: list[str]) -> None:
    package, about = _event(words)
    mark = session.mark()
    session.terminal.watch(package, session.now, about)
    await _notified(session, mark)


async def _unwatch(session: Session, words: list[str]) -> None:
    wanted, mark, watches = _event(words), session.mark(), session.terminal.watches.values()
    found = [watch for watch in watches if (watch.package, watch.number) == wanted]
    if not found:
        raise CommandError("that is not watched")
    session.terminal.unwatch(found[0], session.now)
    await _notified(session, mark)


async def _notified(session: Session, mark: int) -> None:
    """Until the state, or a refusal, has come."""
    event = await session.hear(mark, lambda event: event.watch is not None)
    if event.name != "notified":
        raise CommandError("refused")


def _event(words: list[str]) -> tuple[Package, str]:
    """An event, and the number it is about; no number: all."""
    package = Wire().event(words[0])
    if package is None:
        raise UsageError
    return package, number(words[1]) if len(words) > 1 else ""


async def _addresses(session: Session, words: list[str]) -> None:
    mark = session.mark()
    session.terminal.addresses(session.now)
    event = await session.hear(mark, lambda event: event.name in ("addresses", "refused"))
    if event.name != "addresses":
        raise CommandError("refused")


VERBS = {
    "subscribe": Verb(f"{'|'.join(EVENTS.values())} [NUMBER]", "watch an event (dispatcher)", _watch),
    "unsubscribe": Verb("EVENT [NUMBER]", "watch no longer", _unwatch),
    "addresses": Verb("", "fetch the address book", _addresses),
}
