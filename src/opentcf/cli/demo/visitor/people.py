"""The visitor's radio and his partners', who answer calls, read texts and speak when he has spoken."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import time
from typing import Any

from opentcf.cli.demo.guests import GROUP, PARTNERS, VISITOR
from opentcf.cli.demo.network import D_PORT, HTTP_PORT, MASTER, PASSWORD, domain, host
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.runtime.radio import Radio, open_radio
from opentcf.sip.outbox import Flow
from opentcf.terminal import Behaviour, Call, CallState, Event

KEPT = 200
TAKEN = ("granted", "floor")
"""Events that say who has the floor: the visitor, or somebody else."""
ANSWERS_AFTER, SPEAKS_FOR = 1.0, 3.0
"""Seconds until a partner reacts, and for which he talks."""


class Visitor:
    """Three radios. `log` is what the visitor's heard and did, newest last, each entry numbered."""

    def __init__(self) -> None:
        self.log: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.changed = asyncio.Event()
        self.core = 1
        self.chapter: dict[str, str] = {}
        self._number = 0
        self._radio: Radio | None = None
        self._partners: dict[str, Radio] = {}
        self._turn = 0
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Switch all radios on."""
        self._radio = await self._open(VISITOR, 1, Behaviour.RING, self._heard)
        for core, number in PARTNERS.items():
            listener = self._partner(number)
            self._partners[number] = await self._open(number, core, Behaviour.ANSWER, listener)

    def close(self) -> None:
        """Switch them off."""
        for radio in (self._radio, *self._partners.values()):
            if radio is not None:
                radio.close()

    async def _open(
        self, number: str, core: int, behaviour: Behaviour, listener: Callable[[Event], None]
    ) -> Radio:
        radio = await open_radio(
            Aor(number, domain(int(number[0]))),
            PASSWORD,
            (host(core), D_PORT),
            behaviour=behaviour,
            listener=listener,
        )
        radio.terminal.register(radio.now)
        radio.pump()
        return radio

    def begin(self, clock: str, english: str, chinese: str) -> None:
        """A chapter of the day begins around him."""
        self.chapter = {"clock": clock, "english": english, "chinese": chinese}
        self.changed.set()

    # --- what the visitor does

    @property
    def radio(self) -> Radio:
        """His own."""
        assert self._radio is not None
        return self._radio

    def state(self) -> dict[str, Any]:
        """For the page: where he is, his call, and who talks."""
        call = self._call()
        return {
            "number": VISITOR,
            "core": self.core,
            "registered": self.radio.terminal.registered,
            "console": f"http://{host(self.core)}:{HTTP_PORT}/",
            "chapter": self.chapter,
            "call": None if call is None else {"with": call.remote, "state": call.state.value, "id": call.id},
            "talking": call.talking if call is not None else False,
            "talker": call.talker if call is not None else "",
            "position": call.position if call is not None else 0,
        }

    def do(self, verb: str, number: str = "", text: str = "") -> str:
        """Carry out what the page asks; what is wrong with it, or nothing."""
        deed = getattr(self, f"_do_{verb}", None) if verb in VERBS else None
        if deed is None:
            return f"there is nothing called {verb!r}"
        wrong: str = deed(number, text) or ""
        self.radio.pump()
        self.changed.set()
        return wrong

    def _do_call(self, number: str, text: str) -> str:
        target = number or PARTNERS[2]
        if not target.partition("@")[0].isdigit():
            return "a number has only digits"
        home = f"{target}@{domain(int(target[0]))}" if "@" not in target and target[0] in "1234" else target
        self.radio.terminal.call(home, self.radio.now)
        self._note("call", home)
        return ""

    def _do_group(self, number: str, text: str) -> str:
        self.radio.terminal.call(f"{GROUP}@{domain(MASTER)}", self.radio.now, CallSetup(CallType.GROUP_AUDIO))
        self._note("call", GROUP)
        return ""

    def _do_answer(self, number: str, text: str) -> str:
        call = self._call()
        if call is None or call.state is not CallState.INCOMING:
            return "nobody calls"
        self.radio.terminal.answer(call, self.radio.now)
        return ""

    def _do_press(self, number: str, text: str) -> str:
        call = self._call()
        if call is None or call.state is not CallState.UP:
            return "there is no call to talk in"
        self.radio.terminal.press(call, self.radio.now, emergency=text == "emergency")
        return ""

    def _do_release(self, number: str, text: str) -> str:
        call = self._call()
        if call is not None and call.state is CallState.UP:
            self.radio.terminal.let_go(call, self.radio.now)
        return ""

    def _do_hang_up(self, number: str, text: str) -> str:
        call = self._call()
        if call is None:
            return "there is no call"
        self.radio.terminal.hang_up(call, self.radio.now)
        return ""

    def _do_text(self, number: str, text: str) -> str:
        if not text:
            return "there is nothing to send"
        to_group = number == GROUP
        target = number or PARTNERS[2]
        home = MASTER if to_group else int(target[0])
        self.radio.terminal.message(f"{target}@{domain(home)}", text, self.radio.now, group=to_group)
        self._note("sent", f"{target}: {text}")
        return ""

    def _do_move(self, number: str, text: str) -> str:
        """To another core network, with the call that he has."""
        if number not in ("1", "2", "3", "4"):
            return "there are core networks 1 to 4"
        self.core = int(number)
        proxy = Flow("d", "udp", host(self.core), D_PORT)
        self.radio.terminal.move(proxy, self.radio.now, RegType.HANDOVER, self._call())
        self._note("move", domain(self.core))
        return ""

    def _call(self) -> Call | None:
        return next(iter(self.radio.terminal.calls.values()), None)

    def _heard(self, event: Event) -> None:
        sender = event.page.sender if event.page is not None else ""
        who = sender or (event.call.remote if event.call is not None else "")
        self._note(event.name, " ".join(part for part in (who, event.text) if part), event.status)

    def _note(self, name: str, text: str, status: int = 0) -> None:
        self._number += 1
        self.log.append({"n": self._number, "time": time(), "name": name, "text": text, "status": status})
        self.changed.set()

    # --- what his partners do

    def _partner(self, number: str) -> Callable[[Event], None]:
        def listener(event: Event) -> None:
            if event.name == "message" and event.page is not None and event.page.sender.startswith(VISITOR):
                self._loop.call_later(ANSWERS_AFTER, self._reply, number, event)
            elif event.name == "floor" and event.text.startswith("idle") and event.call is not None:
                self._loop.call_later(ANSWERS_AFTER, self._speak, number, event.call)
            elif event.name == "granted" and event.call is not None:
                self._loop.call_later(SPEAKS_FOR, self._fall_silent, number, event.call)

        return listener

    def _reply(self, number: str, event: Event) -> None:
        radio = self._partners[number]
        visitor = f"{VISITOR}@{domain(int(VISITOR[0]))}"
        radio.terminal.message(visitor, f"{number}: {event.text}", radio.now)
        radio.pump()

    def _speak(self, number: str, call: Call) -> None:
        """They take turns, and only answer the visitor."""
        if list(self._partners)[self._turn % len(self._partners)] != number or call.state is not CallState.UP:
            return
        if not self._spoke_last():
            return
        self._turn += 1
        radio = self._partners[number]
        radio.terminal.press(call, radio.now)
        radio.pump()

    def _spoke_last(self) -> bool:
        spoken = (
            e["name"]
            for e in reversed(self.log)
            if e["name"] in ("granted", "floor") and "idle" not in e["text"]
        )
        return next(spoken, "") == "granted"

    def _fall_silent(self, number: str, call: Call) -> None:
        radio = self._partners[number]
        if call.state is CallState.UP and call.talking:
            radio.terminal.let_go(call, radio.now)
            radio.pump()


VERBS = ("call", "group", "answer", "press", "release", "hang_up", "text", "move")
