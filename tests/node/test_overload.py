"""A node of which more is asked than it can do, in virtual time."""

import random
from collections import deque
from dataclasses import replace
from typing import NamedTuple

import pytest
from tests.node.net import SDP, Net, Party, Phone, phones, talk, tcf
from tests.node.test_border import peer, refusals

from opentcf.btrunc.urgency import Rank
from opentcf.model.bounds import LimitSettings
from opentcf.node.node import Node
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.overload import OFFER
from opentcf.sip.parse import parse
from opentcf.sip.render import render

LATE = 1.0
"""Longer than anything may wait."""


def new_call(party: Party, extension: str = "pttcall;calltype=1", offer: str = "") -> Request:
    made = party.make(
        "INVITE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=v", "<sip:1001@core1.example>"
    )
    made.headers.set("Ptt-Extension", extension)
    made.headers.set("Via", (made.headers.get("Via") or "") + offer)
    made.headers.set("Content-Type", "application/sdp")
    made.body = SDP
    return made


def hand_in(net: Net, party: Party, request: Request, waited: float = LATE) -> None:
    """As the shell does with what it cannot serve at once."""
    node, data = net.nodes[party.node_host], render(request)
    flow = Flow(party.side, "udp", party.host, party.port)
    if node.rank(data) is Rank.URGENT:
        node.receive(data, flow, net.now)
    else:
        node.offer(data, flow, waited, net.now)
    net.pump()


def crossing(net: Net) -> tuple[Party, Phone]:
    """A foreign TCF and a registered phone of core 1 that it calls."""
    phone = Phone(net, "1001", 1)
    assert phone.register() == 200
    return peer(net, 2, 1), phone


# --- who


def test_what_is_shed_is_no_call_record():
    net = Net(2)
    second, _ = crossing(net)
    net.node(1)._ctx.accounted = True
    hand_in(net, second, new_call(second))
    assert second.statuses("INVITE") == [503]
    assert net.noticed("call_record") == []
    hand_in(net, second, new_call(second, "pttcall;calltype=99"), waited=0.0)
    (record,) = net.noticed("call_record")
    assert (record["code"], record["type"], record["peer"]) == (488, "", "core2.example")


def test_what_waited_too_long_is_refused_before_anything_is_kept():
    net = Net(2)
    second, phone = crossing(net)
    before = net.node(1).quiet()
    hand_in(net, second, new_call(second))
    refused = second.response("INVITE")
    assert (refused.status, refused.to_tag() is not None) == (503, True)
    assert 1 <= int(refused.headers.get("Retry-After") or "") <= 4
    assert phone.requests("INVITE") == []
    assert net.node(1).quiet() == before
    assert refusals(net, "overload") == 1


def test_copies_get_the_same_answer_and_the_ack_of_it_ends_here():
    net = Net(2)
    second, _ = crossing(net)
    invite = new_call(second)
    hand_in(net, second, invite)
    hand_in(net, second, invite)
    first, again = (m for m in second.inbox if isinstance(m, Response) and m.status == 503)
    assert first.to_tag() == again.to_tag()
    said = len(net.seen)
    ack = second.make("ACK", invite.uri, "<sip:2001@core2.example>;tag=v", first.headers.get("To") or "")
    ack.headers.set("Via", invite.headers.get("Via") or "")
    second.send(ack)
    assert len(net.seen) == said


def test_a_copy_of_what_was_accepted_is_not_refused():
    net = Net(2)
    second, phone = crossing(net)
    invite = new_call(second)
    hand_in(net, second, invite, 0.0)
    hand_in(net, second, invite)
    assert second.statuses("INVITE") == [100, 100]
    phone.answer(phone.request("INVITE"), 180)
    assert second.statuses("INVITE")[-1] == 180


@pytest.mark.parametrize("extension", ["pttcall;calltype=1;emergency=1", "pttcall;emergency=1;calltype=1"])
def test_an_emergency_call_is_never_refused(extension):
    net = Net(2)
    second, phone = crossing(net)
    hand_in(net, second, new_call(second, extension))
    assert second.statuses("INVITE") == [100]
    assert len(phone.requests("INVITE")) == 1


def test_a_call_that_stands_is_not_touched():
    """Its ACK, re-INVITE, INFO and BYE, and a CANCEL."""
    net = Net(2)
    second, _ = crossing(net)
    invite = new_call(second)
    hand_in(net, second, invite, 0.0)
    cancel = second.make("CANCEL", invite.uri, "", "")
    for name in ("Via", "From", "To", "Call-ID"):
        cancel.headers.put(name, invite.headers.lines(name))
    hand_in(net, second, cancel)
    assert second.statuses("CANCEL") == [200]
    assert second.statuses("INVITE")[-1] == 487
    caller, called = phones(net, 1, 1, "1002", "1003")
    stands = talk(net, caller, called)
    node = net.node(1)
    for method in ("BYE", "INFO", "INVITE", "ACK"):
        request = stands.caller.within(method, stands.invite, stands.ok)
        assert node.rank(render(request)) is Rank.URGENT


def test_a_heartbeat_is_never_refused():
    net = Net(2)
    second, _ = crossing(net)
    beat = second.make("OPTIONS", "sip:core1.example", "<sip:core2.example>;tag=b", "<sip:core1.example>")
    beat.headers.set("Ptt-Extension", "pttheartbeat;epoch=1")
    hand_in(net, second, beat)
    assert second.statuses("OPTIONS") == [200]


def test_a_stranger_hears_nothing():
    net = Net(2)
    stranger = Party(net, 1, "tc2", "127.9.9.9", 5060)
    hand_in(net, stranger, new_call(stranger))
    assert stranger.inbox == []
    assert refusals(net, "overload") == 1


def test_on_d_nobody_is_challenged_who_is_refused():
    net = Net(1, limits=LimitSettings(max_rate_per_source=2.0))
    phone = Phone(net, "1001", 1)
    made = phone.make("REGISTER", "sip:core1.example", f"{phone.aor};tag=r", phone.aor)
    for _ in range(20):
        hand_in(net, phone, made)
    assert phone.statuses("REGISTER") == [503] * 10, "and no more often than max_rate_per_source"


def test_the_log_tells_of_each_overload_once():
    net = Net(2)
    second, _ = crossing(net)
    for _ in range(5):
        hand_in(net, second, new_call(second))
        net.advance(1.0)
    assert net.noticed("overload") == [{"state": "begins"}]
    net.advance(3.0)
    assert net.noticed("overload")[1:] == [{"state": "over", "seconds": 4.0, "refused": 5}]
    hand_in(net, second, new_call(second))
    assert len(net.noticed("overload")) == 3


# --- how many


class Served(NamedTuple):
    """What became of a request that came at `at` and waited."""

    at: float
    waited: float
    status: int


class Dice:
    """Chance from a seed."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def token(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


class Queue:
    """One server in front of a node: it serves 1,000 requests a second, and refuses one in 30 µs."""

    SERVE, REFUSE = 0.001, 0.00003

    def __init__(self, offer: str = "") -> None:
        self.node = Node(Net(2).settings(1), Dice())
        self.node.load({}, 0.0, 1e9)
        self.node.drain()
        self.flow = Flow("tc2", "udp", tcf(2), 5060)
        self.offer = offer
        self.now = 0.0
        self.waiting: deque[float] = deque()
        self.served: list[Served] = []
        self.notices: list[str] = []
        self.told = 0.0
        self._number = 0

    def run(self, rate: float, seconds: float) -> None:
        """Requests at a rate, evenly spread; whoever offers it holds back what he is told to."""
        dice, start = Dice(), self.now
        arrivals = deque(start + number / rate for number in range(int(rate * seconds)))
        while arrivals or self.waiting:
            while arrivals and arrivals[0] <= self.now:
                at = arrivals.popleft()
                if not self.offer or dice.uniform(0.0, 1.0) >= self.told:
                    self.waiting.append(at)
            if self.waiting:
                self._serve(self.waiting.popleft())
            elif arrivals:
                self.now = max(self.now, arrivals[0])
        self._wake(max(self.now, start + seconds))

    def _serve(self, at: float) -> None:
        self._wake(self.now)
        self._number += 1
        self.node.offer(self._request(), self.flow, self.now - at, self.now)
        (answer,) = [message for message in self._drained() if isinstance(message, Response)]
        self.served.append(Served(at, self.now - at, answer.status))
        self.told = int(answer.via().parameters.get("oc") or 0) / 100
        self.now += self.REFUSE if answer.status == 503 else self.SERVE

    def _request(self) -> bytes:
        via = f"SIP/2.0/UDP {tcf(2)}:5060;branch=z9hG4bK{self._number};rport{self.offer}"
        head = f"PING-{self._number}"
        return (
            f"SUBSCRIBE sip:x@core1.example SIP/2.0\r\nVia: {via}\r\nFrom: <sip:x@core2.example>;tag=a\r\n"
            f"To: <sip:x@core1.example>\r\nCall-ID: {head}\r\nCSeq: 1 SUBSCRIBE\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    def _wake(self, now: float) -> None:
        self.now = now
        while (due := self.node.deadline()) is not None and due <= now:
            self.node.wake(now)
        self._drained()

    def _drained(self) -> list[Request | Response]:
        batch = self.node.drain()
        self.notices += [notice.fields["state"] for notice in batch.notices if notice.name == "overload"]
        return [parse(order.data) for order in batch.sends]

    def since(self, at: float) -> list[Served]:
        return [served for served in self.served if served.at >= at]


def good(served: list[Served]) -> int:
    return sum(one.status != 503 for one in served)


def test_at_five_times_its_capacity_a_node_serves_as_much_as_it_can():
    queue = Queue()
    queue.run(5_000.0, 6.0)
    steady = queue.since(1.0)
    assert good(steady) >= 0.85 * 5.0 * 1_000
    assert max(one.waited for one in steady if one.status != 503) <= 0.25
    assert queue.notices == ["begins"]


def test_when_the_flood_is_over_nobody_is_refused_after_two_seconds():
    queue = Queue()
    queue.run(5_000.0, 2.0)
    over = queue.now
    queue.run(800.0, 6.0)
    assert good(queue.since(over + 2.0)) == len(queue.since(over + 2.0))
    assert queue.notices == ["begins", "over"]
    assert queue.node.gauges()["opentcf_overload_loss", ()] == 0.0


def test_a_burst_is_no_overload():
    queue = Queue()
    for _ in range(5):
        queue.run(2_000.0, 0.2)
        queue.run(200.0, 2.0)
    assert good(queue.served) == len(queue.served)
    assert queue.notices == []


def test_who_offers_overload_control_holds_back_by_himself():
    queue = Queue(OFFER)
    queue.run(5_000.0, 6.0)
    steady = queue.since(2.0)
    assert good(steady) >= 0.85 * 4.0 * 1_000
    assert len(steady) < 0.25 * 4.0 * 5_000, "of five he sends little more than one"


@pytest.mark.parametrize("offer", [f"{OFFER}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", ""])
def test_only_the_topmost_via_offers(offer):
    """A neighbour that does not know it passes on what another offered, and is refused like who offers nothing."""
    queue = Queue(offer or f", SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1{OFFER}")
    queue.told = 0.0
    queue.run(5_000.0, 2.0)
    refused = [one for one in queue.since(1.0) if one.status == 503 and one.waited < 0.2]
    assert bool(refused) is not bool(offer)


def test_what_cannot_be_read_is_not_answered_under_load_either():
    queue = Queue()
    queue.run(3000, 3.0)
    assert queue.node.gauges()["opentcf_overload_loss", ()] > 0.1
    data = render(new_call(peer(Net(2), 2, 1), offer=';a="b, c')).replace(b"INVITE sip:", b"INVITE sip:x")
    queue.node.offer(data, queue.flow, 0.0, queue.now)
    assert queue.node.drain().sends == []


def test_who_offers_overload_control_is_not_sent_away_for_a_time():
    """He would keep his emergency calls back, too (RFC 7339 §5.10.2)."""
    net = Net(2)
    second, _ = crossing(net)
    call = new_call(second)
    call.headers.set("Via", f"{call.headers.get('Via')}{OFFER}")
    hand_in(net, second, call)
    assert second.statuses("INVITE") == [503]
    assert "Retry-After" not in second.response("INVITE").headers


# --- as a client


def test_a_node_holds_back_what_its_peer_cannot_take():
    """Not what is urgent, and only for as long as it was told."""
    net = Net(2)
    second, _ = crossing(net)
    caller = Phone(net, "1002", 1)
    assert caller.register() == 200
    caller.invite("2001")
    offered = second.request("INVITE")
    assert (offered.headers.get("Via") or "").endswith(OFFER)
    via = (offered.headers.get("Via") or "").replace(
        OFFER, ';oc=60;oc-algo="loss";oc-validity=500;oc-seq=1.1'
    )
    second.answer(offered, 486, Via=via)
    caller.invite("2001")
    net.advance(0.01)
    assert caller.response("INVITE").status == 503
    assert len(second.requests("INVITE")) == 1
    assert refusals(net, "peer_overload") == 1
    caller.invite("2001", extension="pttcall;calltype=1;emergency=1")
    assert len(second.requests("INVITE")) == 2
    second.answer(second.request("INVITE"), 486)
    net.advance(0.6)
    caller.invite("2001")
    assert len(second.requests("INVITE")) == 3
    net.assert_no_fault()


def test_a_site_can_do_without():
    net = Net(2)
    settings = net.settings(1)
    net.node(1).reload(replace(settings, tc2=replace(settings.tc2, overload_control=False)))
    second, _ = crossing(net)
    caller = Phone(net, "1002", 1)
    assert caller.register() == 200
    caller.invite("2001")
    assert "oc" not in second.request("INVITE").via().parameters
