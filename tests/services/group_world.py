"""A world with a group: what the tests of group calls share."""

import re
from dataclasses import replace
from typing import Any

from tests.world import Core, World

from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor
from opentcf.sip.message import Message, Response
from opentcf.sip.parse import parse
from opentcf.terminal import Call, CallState, Terminal

AUDIO = CallSetup(CallType.GROUP_AUDIO)
MEMBERS = ("1001", "1002", "2001", "2002", "3001", "4001")


def aor(number: str) -> Aor:
    return Aor(number, f"core{number[0]}.example")


def fire(*numbers: str, number: str = "8001", **values: Any) -> Group:
    """Group 8001 of core1."""
    members = tuple(Member(aor(member)) for member in numbers or MEMBERS)
    return Group(Aor(number, "core1.example"), "Fire", members, **values)


class GroupWorld(World):
    """Core1 is the master of `groups`; `at` says where the terminals are: number → core."""

    def __init__(self, *groups: Group, at: dict[str, int] | None = None, seed: int = 0, **more: Any) -> None:
        super().__init__(seed, **more)
        self.groups = groups or (fire(),)
        core = self.cores[1]
        core.settings = replace(core.settings, groups=self.groups)
        self.restart(1)
        self.run(2.0)
        for number, where in (at or {}).items():
            self.attach(number, where)
        self.run(2.0)

    def attach(self, number: str, where: int, **more: Any) -> Terminal:
        """A registered terminal."""
        ua = self.terminal(number, where, **more)
        self.register(ua)
        self.run(1.0)
        assert ua.registered
        return ua

    def regroup(self, *groups: Group) -> None:
        """The configuration of core1 is reloaded with other groups."""
        core = self.cores[1]
        core.settings = replace(core.settings, groups=groups)
        self.command(1, "reload", settings=core.settings)

    # --- what persons do

    def ua(self, number: str) -> Terminal:
        return self.terminals[number]

    def dial(self, number: str, setup: CallSetup | None = AUDIO, group: str = "8001") -> Call:
        call = self.ua(number).call(f"{group}@core1.example", self.now, setup)
        self.touch(self.ua(number))
        return call

    def its(self, number: str) -> Call:
        """The call of a terminal that stands, if any does."""
        calls = list(self.ua(number).calls.values())
        return next((call for call in calls if call.state is CallState.UP), calls[0])

    def press(self, number: str, **more: Any) -> None:
        self.ua(number).press(self.its(number), self.now, **more)
        self.touch(self.ua(number))

    def let_go(self, number: str) -> None:
        self.ua(number).let_go(self.its(number), self.now)
        self.touch(self.ua(number))

    def offer(self, number: str, setup: CallSetup, *changes: tuple[bytes, bytes]) -> None:
        """A re-INVITE with a description that no terminal of ours would make: its own, and what is changed in it."""
        self.garble = lambda source, data: _described(data, changes) if source == number else data
        self.ua(number).become(self.its(number), setup, "sendrecv", self.now)
        self.touch(self.ua(number))
        self.run(1.0)
        self.garble = lambda source, data: data

    def leave(self, number: str) -> None:
        self.hang_up(self.ua(number), self.its(number))

    # --- what can be seen

    def in_call(self) -> set[str]:
        """Whose terminals are in a call."""
        return {
            n for n, ua in self.terminals.items() if any(c.state is CallState.UP for c in ua.calls.values())
        }

    def talking(self) -> list[str]:
        """Whose terminals think that they talk."""
        return [n for n, ua in self.terminals.items() if any(call.talking for call in ua.calls.values())]

    def heard(self, number: str) -> str:
        """Who talks, as a terminal was told."""
        return self.its(number).talker.partition("@")[0]

    def floor(self, group: str = "8001") -> tuple[str, list[str]]:
        """Talker and queue at the master."""
        for row in self.node(1).procedures.group_call.floors():
            if row["group"] == f"{group}@core1.example":
                return (row["talker"] or "").partition("@")[0], [n.partition("@")[0] for n in row["queue"]]
        raise AssertionError("no call")

    def running(self) -> list[Core]:
        return super().running()

    def calls(self) -> int:
        return sum(len(core.node.procedures.group_call) for core in self.running() if core.node)

    def messages(self, source: str = "", target: str = "") -> list[Message]:
        """What was sent on a way, heartbeats and registrations left out."""
        found = [
            parse(p.data)
            for p in self.transcript
            if p.target and source in ("", p.source) and target in ("", p.target)
        ]
        return [message for message in found if _of_a_call(message)]

    def said(self, source: str, target: str) -> list[str]:
        """The same in short: `INVITE pttrequest sendrecv`, `200 INVITE pttaccept recvonly`."""
        return [short(message) for message in self.messages(source, target)]

    def last(self, what: str, source: str = "", target: str = "") -> Message:
        return next(m for m in reversed(self.messages(source, target)) if short(m).startswith(what))

    def count(self, what: str, source: str = "", target: str = "") -> int:
        return sum(short(message).startswith(what) for message in self.messages(source, target))

    def told_events(self, number: str) -> list[str]:
        return [f"{e.name} {e.text}".strip() for e in self.ua(number).events]

    def clear(self) -> None:
        self.transcript.clear()

    def assert_over(self) -> None:
        """Nothing is left of any group call."""
        self.settle()
        self.run(40.0)
        assert self.calls() == 0
        left = [repr(leg) for core in self.running() if core.node for leg in core.node._ctx.legs.values()]
        assert left == []
        assert not any(ua.calls for ua in self.terminals.values())


def _described(data: bytes, changes: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """An INVITE with another description."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"INVITE"):
        return data
    for before, after in changes:
        body = re.sub(before, after, body)
    return re.sub(rb"Content-Length: *\d+", b"Content-Length: %d" % len(body), head) + gap + body


def short(message: Message) -> str:
    words = [f"{message.status} {message.cseq()[1]}" if isinstance(message, Response) else message.cseq()[1]]
    words += [ext(message).partition(";")[0]]
    body = message.body.decode()
    words += [d for d in ("sendrecv", "sendonly", "recvonly", "inactive") if f"a={d}" in body][:1]
    return " ".join(word for word in words if word)


def ext(message: Message) -> str:
    return message.headers.get("Ptt-Extension") or ""


def _of_a_call(message: Message) -> bool:
    method = message.cseq()[1]
    provisional = isinstance(message, Response) and message.status == 100
    return (
        method not in ("OPTIONS", "REGISTER", "MESSAGE")
        and not provisional
        and short(message) != "401 INVITE"
    )
