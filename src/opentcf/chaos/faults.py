"""Faults of a run: done to the nodes and their network, written down, and undone."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from opentcf.chaos.cast import domain, name, way
from opentcf.chaos.history import History, Kind
from opentcf.chaos.network import Bad, Network
from opentcf.chaos.node import Node
from opentcf.chaos.plan import Step, Verb

CUT = Bad(cut=True)


class Faults:
    """What is done to a network; `end` waits until all of it is undone."""

    def __init__(self, network: Network, history: History) -> None:
        self._network = network
        self._history = history
        self._open: set[asyncio.Task[None]] = set()
        self._busy: dict[int, asyncio.Lock] = {core: asyncio.Lock() for core in network.nodes}

    async def begin(self, step: Step) -> None:
        """Do it; it undoes itself in time."""
        task = asyncio.create_task(_DEEDS[step.verb](self, step))
        self._open.add(task)
        await asyncio.sleep(0)

    async def end(self) -> None:
        """Until all is undone. What went wrong on the way is raised."""
        await asyncio.gather(*self._open)
        self._open.clear()

    async def ask(self, node: Node, said: History, *, final: bool = False) -> None:
        """Write down what a node has to say of its state."""
        for what, read in _QUESTIONS.items():
            asked = self._history.now
            rows = dict(read(row, node.core) for row in await node.rows(what))
            said.add(
                Kind.STATE, node.name, what, rows=rows, asked=asked, **({"final": True} if final else {})
            )

    # --- deeds

    async def _kill(self, step: Step) -> None:
        """`kill -9` and a start with the same store; what it still has is written down at once."""
        node = self._network[int(step.who)]
        async with self._busy[node.core]:
            self._history.add(Kind.FAULT, node.name, "kill")
            await node.kill()
            await node.start()
            self._history.add(Kind.FAULT, node.name, "ready")
            await self.ask(node, self._history)

    async def _freeze(self, step: Step) -> None:
        node = self._network[int(step.who)]
        async with self._busy[node.core]:
            self._history.add(Kind.FAULT, node.name, "freeze")
            node.freeze()
            await asyncio.sleep(step.seconds)
            node.thaw()
            self._history.add(Kind.FAULT, node.name, "thaw")

    async def _part(self, step: Step) -> None:
        one, other = map(int, step.who.split("-"))
        ways = [(one, other), (other, one)]
        await self._impaired(ways, CUT, step.seconds, way(one, other), ("part", "join"))

    async def _isolate(self, step: Step) -> None:
        """From all other nodes: its link goes down, or all its ways are cut."""
        core, network = int(step.who), self._network
        if not network.ground.isolate(core, apart=True):
            others = [other for other in network.nodes if other != core]
            ways = [(core, other) for other in others] + [(other, core) for other in others]
            await self._impaired(ways, CUT, step.seconds, name(core), ("isolate", "rejoin"))
            return
        self._history.add(Kind.FAULT, name(core), "isolate", link="down")
        await asyncio.sleep(step.seconds)
        network.ground.isolate(core, apart=False)
        self._history.add(Kind.FAULT, name(core), "rejoin", link="up")

    async def _impair(self, step: Step) -> None:
        one, other = map(int, step.who.split("-"))
        ways = [(one, other), (other, one)] if step.to else [(one, other)]
        bad = Bad(round(step.loss, 2), step.double, step.delay)
        await self._impaired(ways, bad, step.seconds, way(one, other), ("impair", "mend"))

    async def _impaired(
        self, ways: list[tuple[int, int]], bad: Bad, seconds: float, who: str, words: tuple[str, str]
    ) -> None:
        about = {} if bad.cut else {**bad._asdict(), "from": name(ways[0][0]) if len(ways) == 1 else "both"}
        self._history.add(Kind.FAULT, who, words[0], **about)
        for source, target in ways:
            self._network.worsen(source, target, bad)
        await asyncio.sleep(seconds)
        for source, target in ways:
            self._network.mend(source, target, bad)
        self._history.add(Kind.FAULT, who, words[1])


_DEEDS: dict[Verb, Callable[[Faults, Step], Coroutine[None, None, None]]] = {
    Verb.KILL: Faults._kill,
    Verb.FREEZE: Faults._freeze,
    Verb.PART: Faults._part,
    Verb.ISOLATE: Faults._isolate,
    Verb.IMPAIR: Faults._impair,
}


def _peers_of(row: Mapping[str, Any]) -> list[str]:
    """The TCFs that a call has legs to."""
    return [leg["peer"] for leg in row["legs"] if leg.get("peer") and leg["state"] != "ended"]


_QUESTIONS: dict[str, Callable[[Mapping[str, Any], int], tuple[str, object]]] = {
    "peers": lambda row, core: (row["domain"], row["state"]),
    "registrations": lambda row, core: (row["user"], row["visited"]),
    "subscribers": lambda row, core: (f"{row['number']}@{domain(core)}", row["state"]),
    "groups": lambda row, core: (f"{row['number']}@{domain(core)}", row["members"]),
    "calls": lambda row, core: (row["id"], {"called": row["called"], "peers": _peers_of(row)}),
}
"""A list of the API, and what of each row is written down."""
