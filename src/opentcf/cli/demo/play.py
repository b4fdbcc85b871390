"""Run the procedures in turn, and show what happens as it happens."""

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from time import time

from opentcf.cli.demo.actor import CheckError
from opentcf.cli.demo.feed import POLL_SECONDS, SETTLE_SECONDS, Feed, Line, Note
from opentcf.cli.demo.network import CORES, Network, NetworkError
from opentcf.cli.demo.procedure import PROCEDURES, Procedure
from opentcf.cli.demo.procedures import MODULES
from opentcf.cli.demo.show import Outcome, Show
from opentcf.cli.demo.stage import Stage

LINE_SECONDS = 0.07
"""How long a line of the ladder stands alone when somebody watches."""
BETWEEN_SECONDS = 2.0


class Player:
    """`paced`: somebody watches; else as fast as it honestly can."""

    def __init__(self, network: Network, show: Show, *, paced: bool) -> None:
        self._network = network
        self._show = show
        self._paced = paced
        self._feed = Feed(network)
        self._stage = Stage(network, self._feed, paced=paced)

    async def settle(self) -> None:
        """Wait until all core networks see each other."""
        self._show.busy("the core networks find each other")
        for core in CORES:
            await self._stage.until_peers(core, "up", within=20.0)
        self._show.close()

    async def play(self, chosen: Sequence[Procedure]) -> list[Outcome]:
        """Each once, in order."""
        outcomes = []
        for number, procedure in enumerate(chosen, 1):
            self._show.begin(number, len(chosen), procedure)
            outcome = await self._perform(procedure)
            self._show.end(outcome)
            outcomes.append(outcome)
            if self._paced:
                await asyncio.sleep(BETWEEN_SECONDS)
        return outcomes

    async def _perform(self, procedure: Procedure) -> Outcome:
        stage, failure = self._stage, ""
        ladder = _Ladder(
            self._feed, self._show, procedure, LINE_SECONDS if self._paced else 0.0, lambda: stage.waits_for
        )
        try:
            await stage.enter(procedure.actors)
            await self._feed.poll()
            self._feed.ready(everything=True)
            began, shown = time(), asyncio.create_task(ladder.run(time()))
            try:
                await procedure.run(stage)
            finally:
                seconds = time() - began
                ladder.finish()
                await shown
        except CheckError as error:
            failure = str(error)
            seconds = time() - ladder.began
        except OSError as error:
            failure, seconds = str(error), time() - ladder.began
        except NetworkError as error:
            failure, seconds = str(error), time() - ladder.began
        failure = await self._clean_up(failure)
        return Outcome(procedure, failure, ladder.messages, seconds)

    async def _clean_up(self, failure: str) -> str:
        """After a failure too the next procedure finds everything as it was."""
        try:
            for node in self._network.nodes.values():
                if node.stopped:
                    node.thaw()
                elif not node.alive:
                    await self._stage.start(node.core)
            await self._stage.leave()
        except (CheckError, OSError, NetworkError) as error:
            return failure or f"afterwards: {error}"
        return failure


class _Ladder:
    """Shows what the feed has for as long as a procedure runs."""

    def __init__(
        self, feed: Feed, show: Show, procedure: Procedure, line_seconds: float, waits_for: Callable[[], str]
    ) -> None:
        self.began = time()
        self.messages = 0
        self._feed = feed
        self._show = show
        self._procedure = procedure
        self._line_seconds = line_seconds
        self._waits_for = waits_for
        self._finished = False

    def finish(self) -> None:
        """The procedure is over: show what is left."""
        self._finished = True

    async def run(self, began: float) -> None:
        """Until `finish`."""
        self.began = began
        while not self._finished:
            await self._feed.poll()
            await self._entries(self._feed.ready())
            if time() - began > 1.0:
                self._show.busy(self._waits_for())
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(SETTLE_SECONDS / 3)
        await self._feed.poll()
        await self._entries(self._feed.ready(everything=True))

    async def _entries(self, entries: Sequence[Line | Note]) -> None:
        for entry in entries:
            if isinstance(entry, Line):
                if not self._belongs(entry):
                    continue
                self.messages += 1
            self._show.entry(entry, self.began)
            if self._line_seconds:
                await asyncio.sleep(self._line_seconds)

    def _belongs(self, line: Line) -> bool:
        return not line.heartbeat or self._procedure.heartbeats in (line.source, line.target)


def everything() -> list[Procedure]:
    """All procedures, in the order of showing."""
    for module in MODULES:
        import_module(f"opentcf.cli.demo.procedures.{module}")
    return list(PROCEDURES)
