"""A terminal at work: its calls by the numbers that the person knows, and waiting for what comes."""

import asyncio
from collections.abc import Callable
from time import monotonic

from opentcf.cli.ue.printer import Printer
from opentcf.cli.ue.words import CommandError
from opentcf.model.call import CallSetup
from opentcf.runtime.radio import Radio
from opentcf.sip.message import REASONS
from opentcf.terminal import Call, CallState, Event
from opentcf.terminal.event import UNANSWERED

ANSWER_SECONDS = 33.0
"""A little longer than a request waits for its answer (RFC 3261 timer F)."""
LEAVE_SECONDS = 5.0
_LOOK_AGAIN = 0.01
_KINDS = {CallState.INCOMING: " that rings here", CallState.UP: " that is up"}


def how_ended(event: Event) -> str:
    """In one line."""
    if event.text.startswith(UNANSWERED):
        return f"the call ended: {event.text}"
    words = f"{event.status} {REASONS.get(event.status, '')}".rstrip() if event.status else "normally"
    return f"the call ended: {words}"


def _is_refusal(call: Call, status: int) -> bool:
    return call.outgoing and not call.cancelled and status >= 300


class Session:
    """`left`: the person is gone. `last` is how the latest call that is over ended. `scripted`: nobody is there to
    type while a call waits for its answer."""

    def __init__(self, radio: Radio, printer: Printer, *, scripted: bool = False) -> None:
        self.radio = radio
        self.terminal = radio.terminal
        self.printer = printer
        self.left = False
        self.last: Event | None = None
        self.scripted = scripted
        self._refused: Event | None = None
        self._numbers: dict[str, int] = {}
        radio.listener = self._heard

    @property
    def now(self) -> float:
        """The clock that the terminal is told."""
        return self.radio.now

    def number_of(self, call: Call) -> int:
        """What the person calls a call; a new one gets the next number."""
        return self._numbers.setdefault(call.key, len(self._numbers) + 1)

    async def begin(self, call: Call) -> None:
        """The person has made a call; a script goes on when it rings, is up or over."""
        self.last = None
        self.number_of(call)
        self.radio.pump()
        if self.scripted:
            await self.until(lambda: call.state is not CallState.CALLING, ANSWER_SECONDS)

    async def dial(self, to: str, setup: CallSetup | None = None) -> None:
        """Call a number, or `number@domain`."""
        await self.begin(self.terminal.call(to, self.now, setup))

    def check(self) -> None:
        """CommandError when a call that we made was refused since."""
        refused, self._refused = self._refused, None
        if refused is not None:
            raise CommandError(how_ended(refused))

    def pick(self, words: list[str], state: CallState | None = None) -> Call:
        """The call that is meant: by its number, else the newest one that fits."""
        calls = [call for call in self.terminal.calls.values() if state is None or call.state is state]
        if words:
            calls = [call for call in calls if str(self.number_of(call)) == words[0]]
        if not calls:
            which, kind = f" {words[0]}" if words else "", _KINDS.get(state, "") if state else ""
            raise CommandError(f"there is no call{which}{kind}")
        return calls[-1]

    # --- waiting

    def mark(self) -> int:
        """Where `hear` is to begin."""
        return len(self.radio.heard)

    async def hear(self, mark: int, wanted: Callable[[Event], bool], who: str = "the TCF") -> Event:
        """The first event since the mark that is wanted; CommandError when none comes."""
        self.radio.pump()
        heard = self.radio.heard

        def found() -> Event | None:
            return next((event for event in heard[mark:] if wanted(event)), None)

        await self.until(lambda: found() is not None, ANSWER_SECONDS)
        event = found()
        if event is None:
            raise CommandError(f"{who} does not answer")
        return event

    async def changed(self, call: Call, mark: int) -> None:
        """Our offer in a running call is answered; CommandError when it is refused."""
        over = {"changed", "failed", "ended"}
        event = await self.hear(
            mark, lambda event: event.call is call and event.name in over, "the other side"
        )
        if event.name != "changed":
            raise CommandError(f"refused: {event.status} {REASONS.get(event.status, '')}".rstrip(": "))

    async def paged(self, mark: int, key: str, failure: str) -> None:
        """What becomes of a MESSAGE of ours."""
        event = await self.hear(mark, lambda event: event.page is not None and event.page.key == key)
        if event.name != "delivered":
            raise CommandError(failure)

    @staticmethod
    async def until(true: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so; False when it takes too long."""
        deadline = monotonic() + seconds
        while not true():
            if monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_AGAIN)
        return True

    # --- the end

    async def leave(self) -> None:
        """Release everything and de-register; a TCF that is silent is not waited for for long."""
        self.left = True
        terminal = self.terminal
        for call in list(terminal.calls.values()):
            terminal.hang_up(call, self.now)
        for watch in list(terminal.watches.values()):
            terminal.unwatch(watch, self.now)
        self.radio.pump()
        await self.until(lambda: not terminal.watches, LEAVE_SECONDS)
        if terminal.registered:
            terminal.register(self.now, 0)
        self.radio.pump()
        await self.until(
            lambda: not terminal.registered and not terminal.calls and terminal.quiet(), LEAVE_SECONDS
        )

    def _heard(self, event: Event) -> None:
        if event.name in ("ended", "failed"):
            self.last = event
        if event.name == "ended" and event.call is not None and _is_refusal(event.call, event.status):
            self._refused = event
        self.printer.event(event, self.number_of(event.call) if event.call is not None else None)
