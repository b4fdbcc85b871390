"""Terminals that keep four real nodes busy while these restart one after another, and a count of what was lost."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic

from tests.interop.network import Core, Network, User, build

from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import Radio, open_radio
from opentcf.terminal import Behaviour, Call, CallState

GROUP = "8001"
GROUP_AUDIO = CallSetup(CallType.GROUP_AUDIO)
PATIENCE = 60.0
HEARTBEAT, MISSES = 1.0, 30
"""A restart takes less than both together: the peers do not give the node up meanwhile."""


def _is_settled(call: Call) -> bool:
    return call.state in (CallState.UP, CallState.ENDED)


async def until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """AssertionError that names `what` when it does not come true."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.02)


def four(folder: Path, transport: str, certificates: Path | None) -> Network:
    """Four core networks; the group of the first has a member in each."""
    network = build(folder, 4, transport=transport, certificates=certificates)
    members = ", ".join(f'"{core.user().aor}"' for core in network.cores)
    for core in network.cores:
        for peer in core.peers:
            peer.more = f"heartbeat = {HEARTBEAT}\nheartbeat_misses = {MISSES}"
    network[1].more = f'[[group]]\nnumber = "{GROUP}"\nmembers = [{members}]\nhang_time = 600.0'
    return network


@dataclass
class Found:
    """What the terminals saw. `short`: final statuses of the short calls; `talks`: how often the floor was granted."""

    standing: int = 0
    lost: int = 0
    short: Counter[int] = field(default_factory=Counter)
    talks: int = 0
    reasons: list[str] = field(default_factory=list)
    """Why standing calls ended."""
    away: list[float] = field(default_factory=list)
    """Seconds from SIGTERM until the node serves again, of each restart."""


class Load:
    """Standing calls over four nodes, a group call, and short calls without a pause."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.found = Found()
        self._radios: list[Radio] = []
        self._standing: list[tuple[Call, Call]] = []
        self._members: list[tuple[Radio, Call]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    async def radio(self, user: User, core: Core, behaviour: Behaviour = Behaviour.ANSWER) -> Radio:
        """A registered terminal."""
        radio = await open_radio(
            Aor(user.number, user.domain), user.password, (core.host, core.d_port), behaviour=behaviour
        )
        self._radios.append(radio)
        radio.terminal.register(radio.now, 600)
        radio.pump()
        await until(lambda: radio.terminal.registered, f"{user.aor} is registered")
        return radio

    async def pair(self, shift: int) -> tuple[Radio, Radio]:
        """Caller and called, so that all four nodes are on the path: V, H, H, V."""
        cores = self.network.cores
        home, called_home, visited, called_visited = (cores[(shift + step) % 4] for step in range(4))
        caller = await self.radio(home.user(), visited)
        return caller, await self.radio(called_home.user(), called_visited)

    async def begin(self, standing: int, short: int) -> None:
        """Set everything up and keep it going."""
        for number in range(standing):
            await self._stand(*await self.pair(number))
        await self._group()
        pairs = [await self.pair(number) for number in range(short)]
        self._tasks = [asyncio.create_task(self._short(*pair)) for pair in pairs]
        self._tasks.append(asyncio.create_task(self._talk()))

    async def end(self) -> None:
        """Let the short calls come to their end, look what is left of the others, and release them."""
        self._over = True
        await asyncio.gather(*self._tasks)
        self.found.standing = len(self._standing) + len(self._members)
        calls = [*self._standing, *((call, call) for _, call in self._members)]
        self.found.lost = sum(CallState.ENDED in (one.state, other.state) for one, other in calls)
        gone = {id(call) for pair in calls for call in pair if call.state is CallState.ENDED}
        self.found.reasons = [
            f"{radio.terminal.user}: {event.status} {event.text}"
            for radio in self._radios
            for event in radio.heard
            if event.name == "ended" and id(event.call) in gone
        ]
        for radio in self._radios:
            for call in list(radio.terminal.calls.values()):
                radio.terminal.hang_up(call, radio.now)
            radio.pump()
        await until(lambda: not any(radio.terminal.calls for radio in self._radios), "all have hung up")

    async def close(self) -> None:
        """Let go of the sockets."""
        for radio in self._radios:
            radio.close()

    async def _stand(self, caller: Radio, called: Radio) -> None:
        call = caller.terminal.call(str(called.terminal.user), caller.now)
        caller.pump()
        await until(lambda: call.state is CallState.UP and called.terminal.calls, "a standing call is up")
        self._standing.append((call, next(iter(called.terminal.calls.values()))))

    async def _group(self) -> None:
        radios = [
            await self.radio(User(f"{core.digit}001", core.domain), core) for core in self.network.cores
        ]
        first = radios[0]
        first.terminal.call(f"{GROUP}@{self.network[1].domain}", first.now, GROUP_AUDIO)
        first.pump()
        for radio in radios:
            await until(partial(len, radio.terminal.calls), "a member is in the group call")
            self._members.append((radio, next(iter(radio.terminal.calls.values()))))

    async def _short(self, caller: Radio, called: Radio) -> None:
        while not self._over:
            call = caller.terminal.call(str(called.terminal.user), caller.now)
            caller.pump()
            await until(partial(_is_settled, call), "a short call")
            self.found.short[call.status] += 1
            if call.state is CallState.UP:
                caller.terminal.hang_up(call, caller.now)
                caller.pump()
            await until(caller.terminal.quiet, "the caller is quiet")
            await until(lambda: not called.terminal.calls, "the called is released")
            await asyncio.sleep(0.1)

    async def _talk(self) -> None:
        while not self._over:
            for radio, call in self._members:
                await self._talk_once(radio, call)

    async def _talk_once(self, radio: Radio, call: Call) -> None:
        if call.state is CallState.UP and not call.talking:
            radio.terminal.press(call, radio.now)
            radio.pump()
        with contextlib.suppress(AssertionError):
            await until(lambda: call.talking, "the floor", 2.0)
            self.found.talks += 1
        radio.terminal.let_go(call, radio.now)
        radio.pump()
        await until(radio.terminal.quiet, "the talker is quiet")
        await asyncio.sleep(0.05)


@contextlib.contextmanager
def beside() -> Iterator[Callable[[Coroutine[None, None, None]], None]]:
    """An event loop in a thread of its own: nodes are started here, for they end with the thread that started them."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda deed: asyncio.run_coroutine_threadsafe(deed, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def restart(network: Network, core: Core) -> float:
    """SIGTERM, the end, and a new start with the same store; until all see it up. How long it was away."""
    began = monotonic()
    assert core.program is not None
    core.program.tell(signal.SIGTERM)
    assert core.program.exit_code() == 0, core.program.report()
    core.start()
    took = monotonic() - began
    for other in network.cores:
        if other is not core:
            network.wait_up(other, core)
            network.wait_up(core, other)
    return took


def roll(network: Network, rounds: int, standing: int, short: int) -> Found:
    """Restart all nodes one after another, `rounds` times, under load."""
    busy = Load(network)
    with beside() as do:
        try:
            do(busy.begin(standing, short))
            for _ in range(rounds):
                for core in network.cores:
                    busy.found.away.append(restart(network, core))
            do(busy.end())
        finally:
            do(busy.close())
    return busy.found
