"""The prompt: all commands, and one line after the other carried out."""

from difflib import get_close_matches

from opentcf.cli.ue import (
    attaching,
    calling,
    dispatching,
    entering,
    messaging,
    talking,
    video,
    waiting,
    watching,
)
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import CommandError, UsageError

FAMILIES = (attaching, calling, talking, video, entering, messaging, dispatching, watching, waiting)

COLUMN = 36
"""Where the help says what a command does."""


async def _help(session: Session, words: list[str]) -> None:
    """What stands in its own line is too long for the column."""
    for name, verb in VERBS.items():
        usage = f"{name} {verb.usage}".rstrip()
        apart = "" if len(usage) < COLUMN - 2 else "\n" + " " * COLUMN
        session.printer.say(f"  {usage:<{COLUMN - 2}}{apart}{verb.meaning}")


async def _quit(session: Session, words: list[str]) -> None:
    await session.leave()


VERBS: dict[str, Verb] = {
    **{name: verb for family in FAMILIES for name, verb in family.VERBS.items()},
    "help": Verb("", "list the commands", _help),
    "quit": Verb("", "release, de-register and leave", _quit),
}


async def obey(session: Session, line: str) -> None:
    """Carry out one line; CommandError says why not."""
    name, *words = line.split() or [""]
    if not name or name.startswith("#"):
        return
    verb = _verb(name.lower())
    try:
        if not verb.fits(len(words)):
            raise UsageError
        await verb.run(session, words)
    except UsageError:
        raise CommandError(f"usage: {name.lower()} {verb.usage}".rstrip()) from None


def _verb(name: str) -> Verb:
    found = VERBS.get(name)
    if found is None:
        near = get_close_matches(name, VERBS, 1)
        raise CommandError(f"there is no {name!r}; " + (f"did you mean {near[0]!r}?" if near else "try help"))
    return found
