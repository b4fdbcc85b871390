"""A run: the plan's steps at their times, the faults undone, everything settled, the nodes asked."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from opentcf.chaos.cast import PASSWORD, Cast, home
from opentcf.chaos.check import recovery
from opentcf.chaos.check.verdict import Story, Verdict
from opentcf.chaos.faults import Faults
from opentcf.chaos.history import Entry, History, Kind
from opentcf.chaos.network import Network
from opentcf.chaos.node import ChaosError
from opentcf.chaos.phone import Phone
from opentcf.chaos.plan import Step, Verb
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import open_radio
from opentcf.terminal import Behaviour, Call, CallState, Event

SETTLE_SECONDS = 40.0
"""How long after the last fault everything may take to find together again: what nobody answered is asked anew after
30."""
LOOK_EVERY = 0.25
AWAY_SECONDS = 2.0
"""How long a terminal that de-registered stays away."""
LATE = 0.2
"""Seconds by which this process may be late without a word."""
RECOVERED = (
    recovery.peers,
    recovery.registrations,
    recovery.locations,
    recovery.legs,
    recovery.orphans,
)
Progress = Callable[[float], None]
Check = Callable[[Story], Verdict]


class Player:
    """One run on one network. `history` is complete when `play` returns, or raises."""

    def __init__(self, cast: Cast, network: Network, progress: Progress) -> None:
        began = monotonic()
        self.history = History(lambda: monotonic() - began)
        self.phones: dict[str, Phone] = {}
        self._cast = cast
        self._network = network
        self._progress = progress
        self._faults = Faults(network, self.history)
        self._messages = 0
        self._closed = False

    async def play(self, steps: Sequence[Step]) -> None:
        """The whole run. ChaosError when it cannot go on."""
        watch = asyncio.create_task(self._watch_time())
        try:
            await self._network.start()
            await self._gather()
            await self._perform(steps)
            await self._faults.end()
            await self._settle()
        finally:
            watch.cancel()
            self._close()

    # --- before

    async def _gather(self) -> None:
        """All terminals, each registered at home; all nodes see each other."""
        for user in (*self._cast.everybody, self._cast.dispatcher):
            await self._open(user)
        for phone in self.phones.values():
            self._attach(phone, home(phone.user))
        await self._until(self._is_ready, "the core networks did not find together at the start")

    async def _open(self, user: str) -> None:
        phone = self.phones[user] = Phone(user, home(user), self.history)
        phone.radio = await open_radio(
            Aor.parse(user), PASSWORD, self._network.proxy(phone.core), behaviour=Behaviour.ANSWER,
            listener=lambda event: self._heard(phone, event), tap=phone.tapped,
        )  # fmt: skip

    def _heard(self, phone: Phone, event: Event) -> None:
        phone.heard(event)
        if phone.wanted and not phone.registered and event.name in ("refused", "kicked", "failed"):
            phone.lost(lambda: self._attach(phone, phone.core))

    def _attach(self, phone: Phone, core: int) -> None:
        phone.register(core, self._network.proxy(core))

    async def _is_ready(self) -> bool:
        return not await self._differences((recovery.peers, recovery.registrations, recovery.locations))

    # --- during

    async def _perform(self, steps: Sequence[Step]) -> None:
        began = self.history.now
        self.history.add(Kind.NOTE, "chaos", "begin")
        for step in steps:
            await asyncio.sleep(max(0.0, began + step.at - self.history.now))
            for node in self._network.nodes.values():
                if died := node.died():
                    raise ChaosError(died)
            await self._do(step)
            self._progress(step.at)
        self.history.add(Kind.NOTE, "chaos", "end")

    async def _do(self, step: Step) -> None:
        deed = _DEEDS.get(step.verb)
        if deed is None:
            await self._faults.begin(step)
        elif not (phone := self.phones[step.who]).radio.terminal.control.barred or step.verb is Verb.ROAM:
            deed(self, phone, step)

    def _roam(self, phone: Phone, step: Step) -> None:
        self._attach(phone, int(step.to))

    def _unregister(self, phone: Phone, step: Step) -> None:
        if phone.registered:
            phone.unregister()
            asyncio.get_running_loop().call_later(AWAY_SECONDS, self._return, phone)

    def _return(self, phone: Phone) -> None:
        if not phone.wanted and not self._closed:
            self._attach(phone, phone.core)

    def _dial(self, phone: Phone, step: Step) -> None:
        if phone.registered and phone.call_with(step.to) is None and len(phone.calls()) < 3:
            phone.dial(step.to, step.verb.value)

    def _hang_up(self, phone: Phone, step: Step) -> None:
        for call in phone.calls()[-1:]:
            phone.hang_up(call)

    def _press(self, phone: Phone, step: Step) -> None:
        call = self._group_call(phone)
        if call is not None:
            phone.press(call)

    def _release(self, phone: Phone, step: Step) -> None:
        call = self._group_call(phone)
        if call is not None and (call.talking or call.position):
            phone.release(call)

    def _group_call(self, phone: Phone) -> Call | None:
        groups = {group.aor for group in self._cast.groups}
        for call in phone.calls():
            if call.remote in groups and call.state is CallState.UP:
                return call
        return None

    def _text(self, phone: Phone, step: Step) -> None:
        if phone.registered:
            phone.text(step.to, self._msgid(), group=step.verb is Verb.GROUP_TEXT)

    def _order(self, phone: Phone, step: Step) -> None:
        if phone.registered:
            phone.order(step.verb.value, step.to, step.members, self._msgid())

    def _msgid(self) -> str:
        self._messages += 1
        return f"m{self._messages}"

    # --- after

    async def _settle(self) -> None:
        """Until nothing is missing any more, or it has taken too long; then the nodes' last words."""
        begin = self.history.now
        with contextlib.suppress(ChaosError):
            await self._until(self._is_settled, "")
        self.history.add(Kind.NOTE, "chaos", "settled", seconds=round(self.history.now - begin, 3))
        for entry in await self._last_words():
            self.history.entries.append(entry)

    async def _is_settled(self) -> bool:
        return not await self._differences(RECOVERED)

    async def _differences(self, checks: Sequence[Check]) -> list[str]:
        """What is not as it should be, if the nodes spoke their last words now."""
        if any(phone.wanted and not phone.registered for phone in self.phones.values()):
            return ["somebody is not registered"]
        story = Story(await self._last_words(), self._cast)
        return [violation.text for check in checks for violation in check(story).violations]

    async def _last_words(self) -> list[Entry]:
        said = History(lambda: self.history.now)
        for node in self._network.nodes.values():
            await self._faults.ask(node, said, final=True)
        for group in self._cast.groups:
            node = self._network[group.core]
            rows = await node.rows(f"groups/{group.number}/present")
            present = {row["member"]: row["visited"] for row in rows}
            said.add(Kind.STATE, node.name, f"present {group.number}", rows=present, final=True)
        for phone in self.phones.values():
            calls = {call.id: call.remote for call in phone.calls()}
            core = phone.core if phone.registered else None
            said.add(Kind.STATE, phone.user, "terminal", core=core, calls=calls, final=True)
        return said.entries

    async def _until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        end = self.history.now + SETTLE_SECONDS
        while not await condition():
            if self.history.now > end:
                raise ChaosError(what)
            await asyncio.sleep(LOOK_EVERY)

    async def _watch_time(self) -> None:
        """Note when this process, and so probably the machine, stood still."""
        while True:
            before = monotonic()
            await asyncio.sleep(0.05)
            late = monotonic() - before - 0.05
            if late > LATE:
                self.history.add(Kind.NOTE, "chaos", "late", seconds=round(late, 3))

    def _close(self) -> None:
        self._closed = True
        for phone in self.phones.values():
            phone.wanted = False
            phone.radio.close()


Deed = Callable[[Player, Phone, Step], None]
_DEEDS: dict[Verb, Deed] = {
    Verb.ROAM: Player._roam,
    Verb.UNREGISTER: Player._unregister,
    Verb.CALL: Player._dial,
    Verb.GROUP: Player._dial,
    Verb.HANG_UP: Player._hang_up,
    Verb.PRESS: Player._press,
    Verb.RELEASE: Player._release,
    Verb.TEXT: Player._text,
    Verb.GROUP_TEXT: Player._text,
    Verb.STUN: Player._order,
    Verb.REVIVE: Player._order,
    Verb.CREATE: Player._order,
    Verb.ADD: Player._order,
    Verb.REMOVE: Player._order,
    Verb.DELETE: Player._order,
}
