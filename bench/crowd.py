"""People of several core networks in one process, who do by chance what people do: `python -m bench.crowd PLAN`.

Each second `rate` of them do something. It prints `ready` when all are registered, goes on for `seconds`, then all
hang up and go home, and what was heard is printed in JSON.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import Radio, open_radio
from opentcf.sip.outbox import Flow
from opentcf.terminal import Behaviour, Call, CallState, Event

GROUP = CallSetup(CallType.GROUP_AUDIO)
DEEDS = {
    "calls": 28,
    "texts": 20,
    "texts a group": 2,
    "dials a group": 3,
    "presses": 25,
    "registers": 12,
    "roams": 8,
}
"""How often somebody does each, of a hundred times."""
TALKS = (1.0, 8.0)
"""Seconds that a private call stands."""
HOLDS = (0.3, 3.0)
"""Seconds that a talker keeps the floor."""
STAYS = (15.0, 45.0)
"""Seconds after which the caller of a group leaves it."""


class Crowd:
    """Everybody's radio. `cores` are the D addresses, `groups` each group's members, both by name."""

    def __init__(self, seed: int, cores: dict[str, str], groups: dict[str, list[str]]) -> None:
        self.random = random.Random(seed)
        self.cores = {domain: Flow("d", "udp", *_address(at)) for domain, at in cores.items()}
        self.groups = groups
        self.radios: dict[str, Radio] = {}
        self.heard: Counter[str] = Counter()
        self.complete = asyncio.Event()
        self.deeds: dict[str, Callable[[Radio], None]] = {
            "calls": self.calls,
            "texts": self.texts,
            "texts a group": self.texts_a_group,
            "dials a group": self.dials_a_group,
            "presses": self.presses,
            "registers": self.registers,
            "roams": self.roams,
        }

    async def register(self, user: Aor, password: str) -> None:
        """Switch a radio on, at its home."""
        at = self.cores[user.domain]
        radio = await open_radio(
            user, password, (at.host, at.port), behaviour=Behaviour.ANSWER, listener=self.listen
        )
        self.radios[str(user)] = radio
        self.registers(radio)

    def listen(self, event: Event) -> None:
        """Count what a person notices; a refusal by its status."""
        failed = event.status >= 300
        self.heard[f"{event.name} {event.status}" if failed else event.name] += 1
        if event.name == "registered" and all(radio.terminal.registered for radio in self.radios.values()):
            self.complete.set()

    async def act(self, rate: float, seconds: float) -> None:
        """`rate` deeds a second, by chance."""
        loop = asyncio.get_running_loop()
        due, end = loop.time(), loop.time() + seconds
        while due < end:
            await asyncio.sleep(max(due - loop.time(), 0))
            due += self.random.expovariate(rate)
            what = self.random.choices(tuple(DEEDS), tuple(DEEDS.values()))[0]
            self.deeds[what](self.random.choice(list(self.radios.values())))

    def later(
        self, between: tuple[float, float], deed: Callable[[Radio, Call], None], radio: Radio, call: Call
    ) -> None:
        """Do that to a call after a while, if it still stands."""

        def now() -> None:
            if call.key in radio.terminal.calls:
                deed(radio, call)

        asyncio.get_running_loop().call_later(self.random.uniform(*between), now)

    # --- what people do

    def calls(self, radio: Radio) -> None:
        """Somebody idle calls somebody, and hangs up after a while."""
        other = self.random.choice(list(self.radios))
        if radio.terminal.registered and not radio.terminal.calls and other != str(radio.terminal.user):
            self.did("calls", radio)
            call = radio.terminal.call(other, radio.now)
            radio.pump()
            self.later(TALKS, self.hangs_up, radio, call)

    def hangs_up(self, radio: Radio, call: Call) -> None:
        radio.terminal.hang_up(call, radio.now)
        radio.pump()

    def dials_a_group(self, radio: Radio) -> None:
        """Into the running call of the group, or a new one; he talks first, if he may."""
        mine = [group for group, members in self.groups.items() if str(radio.terminal.user) in members]
        if mine and radio.terminal.registered and not radio.terminal.calls:
            self.did("dials a group", radio)
            call = radio.terminal.call(self.random.choice(mine), radio.now, GROUP)
            radio.pump()
            self.later(HOLDS, self.lets_go, radio, call)
            self.later(STAYS, self.hangs_up, radio, call)

    def presses(self, radio: Radio) -> None:
        """All who hear one group want to talk at once, or one of them does."""
        call = next(iter(self.in_groups(radio)), None)
        if call is None:
            return
        rivals = self.random.choice((1, 1, 2, 4))
        for other in list(self.radios.values()):
            for same in self.in_groups(other):
                if rivals and same.remote == call.remote and other.terminal.quiet():
                    rivals -= 1
                    self.did("presses", other)
                    other.terminal.press(same, other.now)
                    other.pump()
                    self.later(HOLDS, self.lets_go, other, same)

    def in_groups(self, radio: Radio) -> list[Call]:
        """The group calls in which he is."""
        return [
            c for c in radio.terminal.calls.values() if c.state is CallState.UP and c.remote in self.groups
        ]

    def lets_go(self, radio: Radio, call: Call) -> None:
        if call.state is CallState.UP and (call.talking or call.position):
            radio.terminal.let_go(call, radio.now)
            radio.pump()

    def texts(self, radio: Radio) -> None:
        """To somebody."""
        if radio.terminal.registered:
            self.did("texts", radio)
            radio.terminal.message(self.random.choice(list(self.radios)), "on my way", radio.now)
            radio.pump()

    def texts_a_group(self, radio: Radio) -> None:
        mine = [group for group, members in self.groups.items() if str(radio.terminal.user) in members]
        if mine and radio.terminal.registered:
            self.did("texts a group", radio)
            radio.terminal.message(self.random.choice(mine), "all here?", radio.now, group=True)
            radio.pump()

    def registers(self, radio: Radio) -> None:
        """Once more, where he is."""
        self.did("registers", radio)
        radio.terminal.register(radio.now)
        radio.pump()

    def roams(self, radio: Radio) -> None:
        """Somebody idle goes to another core network."""
        if not radio.terminal.calls and radio.terminal.quiet():
            self.did("roams", radio)
            here = radio.terminal.proxy
            radio.terminal.move(
                self.random.choice([flow for flow in self.cores.values() if flow != here]), radio.now
            )
            radio.pump()

    def did(self, what: str, radio: Radio) -> None:
        self.heard[f"did {what}"] += 1
        radio.heard.clear()

    async def end(self) -> None:
        """Everybody hangs up and goes home."""
        for radio in self.radios.values():
            for call in list(radio.terminal.calls.values()):
                self.hangs_up(radio, call)
            if radio.terminal.proxy != (home := self.cores[radio.terminal.user.domain]):
                radio.terminal.move(home, radio.now)
                radio.pump()
            await asyncio.sleep(0.005)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main(plan: dict[str, Any]) -> None:
    """The whole run."""
    crowd = Crowd(plan["seed"], plan["cores"], plan["groups"])
    for number, domain, password in plan["people"]:
        await crowd.register(Aor(number, domain), password)
        await asyncio.sleep(0.02)
    await crowd.complete.wait()
    print("ready", flush=True)
    await asyncio.sleep(plan["rest"])
    await crowd.act(plan["rate"], plan["seconds"])
    print("over", flush=True)
    await crowd.end()
    await asyncio.sleep(plan["rest"])
    print("heard", json.dumps(crowd.heard), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
