"""A node in the middle of its work, the same whenever it is asked for: a private call and a group call stand.

What it hears is one text: messages, each after a line `=== MOUTH` that says who said it.
"""

import copy
import re
from dataclasses import replace
from functools import cache

from tests.node.net import PASSWORD, WALL, Ids, Net, Phone, core, phones, polite, talk, tcf

from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right, Role
from opentcf.node.node import Node
from opentcf.node.orders import Batch
from opentcf.sip import digest
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.sip.render import render

CUE = re.compile(rb"^=== (\w+)\n", re.MULTILINE)
PAUSES = {b"moment": 0.5, b"while": 5.0, b"long": 70.0}
STRANGER = Flow("d", "udp", "127.6.6.6", 5060)
MOST = 12
"""Messages of one text that are heard."""
GROUP = Group(
    Aor("8001", core(1)), members=tuple(Member(Aor(n, core(int(n[0])))) for n in ("1001", "1002", "2001"))
)
DISPATCHER = {"role": Role.DISPATCHER, "rights": frozenset(Right)}


class Stage:
    """The node of core1, with core2 as its peer; `flows` are the mouths."""

    def __init__(self) -> None:
        net = Net(
            2, groups=(GROUP,), subscribers={"1004": DISPATCHER}, peers={n: {"control": True} for n in (1, 2)}
        )
        caller, called = phones(net, 1, 2, "1001", "2001")
        other, boss = Phone(net, "1002", 1), Phone(net, "1004", 1)
        for phone in (other, boss):
            assert phone.register() == 200
            phone.auto = polite
        self.talk = talk(net, caller, called)
        self.group = other.invite("8001@core1.example", extension="pttcall;calltype=4")
        other.ack(self.group, other.response("INVITE"))
        self.net, self.users = net, {b"caller": caller, b"member": other, b"boss": boss}
        self.flows = {name: Flow("d", "udp", phone.host, phone.port) for name, phone in self.users.items()}
        self.flows |= {b"peer": Flow("tc2", "udp", tcf(2), 5060), b"stranger": STRANGER}
        self._settings = replace(net.settings(1), records=True)
        self._saved = copy.deepcopy(net.saved[tcf(1)])
        self._begin = net.now

    @staticmethod
    @cache
    def shared() -> "Stage":
        """One for all texts: playing leaves it as it is."""
        return Stage()

    def node(self) -> Node:
        """As it comes back with what was stored."""
        node = Node(self._settings, Ids("stage"))
        node.load(copy.deepcopy(self._saved), self._begin, WALL + self._begin)
        return node

    def play(self, text: bytes) -> None:
        """AssertionError for a fault, or a message of the node's that cannot be read."""
        node, now = self.node(), self._begin
        check(node.drain())
        parts = CUE.split(text)
        for mouth, said in list(zip(parts[1::2], parts[2::2], strict=True))[:MOST]:
            if mouth in PAUSES:
                now = wait(node, now, PAUSES[mouth])
            elif mouth in self.flows:
                node.receive(self._signed(node, mouth, said, now), self.flows[mouth], now)
                check(node.drain())
        wait(node, now, 200.0)

    def _signed(self, node: Node, mouth: bytes, said: bytes, now: float) -> bytes:
        """A terminal's requests come with the answer to a challenge."""
        phone = self.users.get(mouth)
        if phone is None:
            return said
        try:
            message = parse(said)
            if isinstance(message, Request) and message.method not in ("ACK", "CANCEL"):
                message.headers.set(
                    "Authorization", authorization(node, phone, message, self.flows[mouth], now)
                )
                return render(message)
        except RemoteError:
            pass
        return said


def authorization(node: Node, phone: Phone, request: Request, flow: Flow, now: float) -> str:
    """For one request, by a challenge asked for before."""
    asked = phone.make("OPTIONS", f"sip:{core(1)}", f"{phone.aor};tag=o", f"<sip:{core(1)}>", "challenge")
    asked.headers.set("Via", (asked.headers.get("Via") or "").replace("branch=", "branch=z9hG4bKchallenge"))
    node.receive(render(asked), flow, now)
    answer = parse(next(order.data for order in node.drain().sends if b"challenge" in order.data))
    challenge = digest.choose(answer.headers.lines("WWW-Authenticate"))
    assert challenge is not None
    secret = digest.ha1(challenge.algorithm, phone.user, challenge.realm, PASSWORD)
    return digest.authorize(challenge, phone.user, secret, request.method, request.uri, "cnonce")


def wait(node: Node, now: float, seconds: float) -> float:
    """Let every timer come at its time; the new time."""
    until = now + seconds
    while (due := node.deadline()) is not None and due <= until:
        now = max(now, due)
        node.wake(now)
        check(node.drain())
    return until


def check(batch: Batch) -> None:
    """What a node may not do, whatever it hears."""
    for notice in batch.notices:
        assert notice.name != "fault", dict(notice.fields)
    for order in batch.sends:
        parse(order.data, stream=order.flow.transport != "udp")
