"""What a procedure works with: the core networks, its terminals, and ways to wait for what must come true."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from opentcf.cli.demo.actor import Actor, CheckError
from opentcf.cli.demo.feed import Feed
from opentcf.cli.demo.network import CORES, D_PORT, PASSWORD, Network, domain, host
from opentcf.cli.demo.phone import Phone
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import open_radio
from opentcf.terminal import Call, CallState

PATIENCE = 8.0
"""Seconds that anything may take which is not said to take longer."""
_LOOK_AGAIN = 0.03


class Stage:
    """Given to a procedure when it runs. `paced` is a demonstration to watch, not a test against the clock."""

    def __init__(self, network: Network, feed: Feed, *, paced: bool) -> None:
        self.network = network
        self.waits_for = ""
        self._feed = feed
        self._paced = paced
        self._phones: dict[str, Phone] = {}

    def __getitem__(self, user: str) -> Phone:
        return self._phones[user]

    def phones(self) -> list[Phone]:
        """The equipment of all actors."""
        return list(self._phones.values())

    # --- before and after

    async def enter(self, actors: tuple[Actor, ...]) -> None:
        """Switch the actors' equipment on, and register those who begin registered."""
        for actor in actors:
            core = actor.at or actor.near or int(actor.user[0])
            user = Aor(actor.user, domain(int(actor.user[0])))
            radio = await open_radio(
                user, PASSWORD, (host(core), D_PORT), plain=actor.plain, behaviour=actor.behaviour
            )
            phone = self._phones[actor.user] = Phone(radio, actor)
            self._feed.know(f"{radio.terminal.host}:{radio.terminal.port}", actor.user)
            if actor.at:
                phone.register()
        for phone in self._phones.values():
            if phone.actor.at:
                await self.until(phone.is_registered, f"{phone.number} is registered")
        await self.until_quiet()
        for phone in self._phones.values():
            phone.begin()

    async def leave(self) -> None:
        """Nobody calls or watches, nobody is registered, and the equipment goes off."""
        await self._unwatch()
        for phone in self._phones.values():
            for call in list(phone.terminal.calls.values()):
                phone.hang_up(call)
            if phone.terminal.registered:
                phone.unregister()
        try:
            await self.until(
                lambda: not any(phone.terminal.registered for phone in self._phones.values()),
                "all are de-registered",
            )
            await self.until_quiet()
        finally:
            for phone in self._phones.values():
                phone.radio.close()
            self._phones.clear()

    async def _unwatch(self) -> None:
        for phone in self._phones.values():
            for watch in list(phone.terminal.watches.values()):
                phone.unwatch(watch)
            await self.until(phone.watches_nothing, f"{phone.number} watches nothing")

    # --- what a procedure says and asks

    def note(self, english: str, chinese: str) -> None:
        """A remark in the ladder."""
        self._feed.note(english, chinese)

    async def pause(self, seconds: float) -> None:
        """Give people time to look; without anybody looking it takes none."""
        if self._paced:
            await asyncio.sleep(seconds)

    def expect(self, found: object, wanted: object, what: str) -> None:
        """CheckError when they differ."""
        if found != wanted:
            raise CheckError(f"{what}: {found!r} instead of {wanted!r}")

    async def until(self, true: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
        """Wait until something is true; CheckError when it takes too long."""
        self.waits_for = what
        deadline = monotonic() + within
        while not true():
            if monotonic() > deadline:
                told = "; ".join(f"{phone.number} saw {phone.told()}" for phone in self._phones.values())
                raise CheckError(f"not within {within:g} s: {what} ({told})")
            await asyncio.sleep(_LOOK_AGAIN / 3)

    async def until_node(
        self,
        core: int,
        name: str,
        true: Callable[[list[dict[str, Any]]], bool],
        what: str,
        within: float = PATIENCE,
    ) -> None:
        """Wait until a list of a node's API is as it should be."""
        self.waits_for = what
        deadline = monotonic() + within
        rows: list[dict[str, Any]] = []
        while True:
            try:
                rows = await self.network[core].items(name)
            except OSError as error:
                raise CheckError(f"{what}: {error}") from None
            if true(rows):
                return
            if monotonic() > deadline:
                raise CheckError(f"not within {within:g} s: {what} (TCF {core} says {rows})")
            await asyncio.sleep(_LOOK_AGAIN)

    async def until_registered(self, user: str, visited: int | None) -> None:
        """Home and every other core network agree on where a user is; None: nowhere."""
        home = int(user[0])
        full = f"{user}@{domain(home)}"
        for core in CORES:
            there = domain(visited) if visited is not None and core in (home, visited) else None
            shown = f"at TCF {core} {user} is {f'registered in {there}' if there else 'not registered'}"
            await self.until_node(
                core,
                "registrations",
                partial(_is_at, full, there),
                shown,
            )

    async def until_up(self, call: Call, callee: str, cores: tuple[int, ...]) -> Call:
        """Both terminals have the call, and exactly these core networks carry it under one OnlineCallID."""
        await self.until(lambda: call.state is CallState.UP, "the caller's call is up")
        other = self.call_of(callee)
        await self.until(lambda: other.state is CallState.UP, f"the call of {callee} is up")
        found: set[str] = set()
        for core in CORES:
            count = 1 if core in cores else 0
            await self.until_node(
                core,
                "calls",
                partial(_are_up, count),
                f"TCF {core} has {count} calls, up",
            )
            found |= {row["id"] for row in await self.network[core].items("calls")}
        self.expect(len(found), 1, "OnlineCallIDs of one call")
        self.expect(other.remote_sdp, call.sdp, "the offer, as the callee saw it")
        return other

    def call_of(self, user: str) -> Call:
        """The one call that a terminal has."""
        calls = list(self._phones[user].terminal.calls.values())
        if len(calls) != 1:
            raise CheckError(f"{user} has {len(calls)} calls instead of one")
        return calls[0]

    async def until_called(self, user: str) -> Call:
        """A terminal is called."""
        await self.until(lambda: self._phones[user].heard("incoming") is not None, f"{user} is called")
        return self.call_of(user)

    async def until_over(self, call: Call, what: str, within: float = PATIENCE) -> None:
        """The call is over, as its terminal sees it."""
        await self.until(lambda: call.state is CallState.ENDED, what, within)

    async def until_described(self, call: Call, before: bytes, what: str) -> None:
        """The other side's session description is another one."""
        await self.until(lambda: call.remote_sdp != before, what)

    async def until_released(self, within: float = PATIENCE) -> None:
        """No terminal and no core network has any call left."""
        for phone in self._phones.values():
            await self.until(phone.is_idle, f"{phone.number} has no call", within)
        for node in self.network.alive():
            await self.until_node(
                node.core, "calls", lambda rows: not rows, f"TCF {node.core} has no call", within
            )
        await self.until_quiet()

    async def until_quiet(self) -> None:
        """No terminal waits for an answer or has one to give."""
        for phone in self._phones.values():
            await self.until(phone.terminal.quiet, f"{phone.number} has no open transaction", 40.0)

    async def until_peers(self, core: int, state: str, within: float = PATIENCE) -> None:
        """All others see a core network in this state, and (up) it sees them so too."""
        for other in self.network.alive():
            if other.core != core:
                await self.until_node(
                    other.core,
                    "peers",
                    lambda rows: any(row["domain"] == domain(core) and row["state"] == state for row in rows),
                    f"TCF {other.core} sees TCF {core} {state}",
                    within,
                )
        if state == "up":
            await self.until_node(
                core,
                "peers",
                lambda rows: all(row["state"] == "up" for row in rows),
                f"TCF {core} sees all up",
                within,
            )

    # --- accidents

    async def freeze(self, core: int) -> None:
        """It stands still; what it had said until now is kept for the ladder."""
        await self._feed.poll()
        await self.network[core].freeze()
        self.note(f"TCF {core} stands still", f"TCF {core} 停顿")

    def thaw(self, core: int) -> None:
        """It goes on."""
        self.note(f"TCF {core} goes on", f"TCF {core} 继续运行")
        self.network[core].thaw()

    async def kill(self, core: int) -> None:
        """kill -9; what it had said until now is kept for the ladder."""
        await self._feed.poll()
        self.note(f"TCF {core} dies (kill -9)", f"TCF {core} 宕机")
        self._feed.died(core)
        await self.network[core].kill()

    async def start(self, core: int) -> None:
        """It comes back, with its store."""
        self.waits_for = f"TCF {core} is ready"
        await self.network[core].start()
        self._feed.returned(core)
        self.note(f"TCF {core} is back", f"TCF {core} 恢复")


def _is_at(user: str, visited: str | None, rows: list[dict[str, Any]]) -> bool:
    return next((row["visited"] for row in rows if row["user"] == user), None) == visited


def _are_up(count: int, rows: list[dict[str, Any]]) -> bool:
    return [row["state"] for row in rows] == ["up"] * count
