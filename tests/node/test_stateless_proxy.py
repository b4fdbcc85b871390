"""RFC 3261 §16.11: a proxy without any state stands between two nodes.

A node keeps transactions, so it never forwards statelessly itself. What the section asks of it is what such a proxy
relies on: responses bear the whole stack of Via fields, a request is repeated as it was to the byte, and CANCEL and the
ACK of a failure bear the branch of their INVITE, so that the branch the proxy computes is the same for all of these.
"""

import hashlib
from dataclasses import replace

import pytest
from tests.node.net import ANSWER, Net, Party, Phone, Seen, phones, talk, tcf

from opentcf.node.settings import Settings
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.render import render

PROXY = "127.0.8.1"
OTHER = {tcf(1): tcf(2), tcf(2): tcf(1)}


class StatelessProxy(Party):
    """Computes everything from the message at hand; `branches` is what the test looks at, not what it works with."""

    def __init__(self, net: Net) -> None:
        super().__init__(net, 1, "tc2", PROXY, 5060)
        self.branches: dict[tuple[str, str, str], set[str]] = {}
        self.requests_seen: dict[tuple[str, str], set[bytes]] = {}

    def take(self, message: Request | Response) -> None:
        lines = message.headers.lines("Via")
        if isinstance(message, Response):
            message.headers.put("Via", lines[1:])
            self._to(message.via().host, message)
            return
        via = message.via()
        self._note(message, via.branch or "")
        branch = "z9hG4bK" + hashlib.md5((via.branch or "").encode(), usedforsecurity=False).hexdigest()
        message.headers.put("Via", [f"SIP/2.0/UDP {PROXY}:5060;branch={branch}", *lines])
        message.headers.set("Max-Forwards", str(int(message.headers.get("Max-Forwards") or "70") - 1))
        self._to(OTHER[via.host], message)

    def _to(self, host: str, message: Request | Response) -> None:
        self.net.nodes[host].receive(render(message), Flow("tc2", "udp", PROXY, 5060), self.net.now)

    def _note(self, request: Request, branch: str) -> None:
        number, method = request.cseq()
        self.branches.setdefault((request.call_id(), str(number), method), set()).add(branch)
        self.requests_seen.setdefault((branch, method), set()).add(render(request))


class ProxiedNet(Net):
    """Two cores that know each other only by the address of the proxy."""

    def __init__(self) -> None:
        super().__init__(2, foreign=(1, 2))
        self.proxy = StatelessProxy(self)
        for number in (1, 2):
            self.start(number)
        self.pump()

    def settings(self, number: int) -> Settings:
        made = super().settings(number)
        return replace(made, peers=tuple(replace(peer, host=PROXY) for peer in made.peers))


def lose_each_once(net: Net) -> None:
    """Every message between a node and the proxy is lost the first time."""
    known: set[tuple[str, str, str, str]] = set()

    def first(seen: Seen) -> bool:
        what = (seen.what, seen.source, seen.message.call_id(), str(seen.message.cseq()))
        lost = PROXY in (seen.source, seen.target) and what not in known
        known.add(what)
        return lost

    net.lose = first


@pytest.fixture(params=["no loss", "each message lost once"])
def net(request: pytest.FixtureRequest) -> ProxiedNet:
    made = ProxiedNet()
    if request.param != "no loss":
        lose_each_once(made)
    return made


@pytest.fixture
def pair(net: ProxiedNet) -> tuple[Phone, Phone]:
    """A caller at core 1 and a called user at core 2, both at home."""
    return phones(net, 1, 2, "1001", "2001")


def same_for_all_copies(net: ProxiedNet) -> None:
    """One branch for a transaction and its CANCEL and ACK of a failure, one text for all copies of a request."""
    for (call_id, number, method), branches in net.proxy.branches.items():
        assert len(branches) == 1, (call_id, number, method)
        if method == "CANCEL":
            assert branches == net.proxy.branches[call_id, number, "INVITE"]
    for (_, method), copies in net.proxy.requests_seen.items():
        assert len(copies) == 1, method


def test_rfc_3261_16_11_a_call_passes_a_stateless_proxy(net: ProxiedNet, pair: tuple[Phone, Phone]) -> None:
    caller, called = pair
    invite = caller.invite("2001")
    net.advance(2.0)
    offered = called.request("INVITE")
    called.answer(offered, 180)
    called.answer(offered, 200, ANSWER, Supported="timer")
    net.advance(4.0)
    ok = caller.response("INVITE")
    assert ok.status == 200
    caller.ack(invite, ok)
    net.advance(4.0)
    branches = {offer.via().branch for offer in called.requests("INVITE")}
    assert len(branches) == 1, "a copy that came by the proxy is known by its branch"
    assert len(called.requests("ACK")) >= 1
    caller.ask(caller.within("BYE", invite, ok))
    net.advance(4.0)
    assert len({bye.via().branch for bye in called.requests("BYE")}) == 1
    net.assert_quiet()
    same_for_all_copies(net)


def test_rfc_3261_16_11_cancel_and_ack_find_their_invite(net: ProxiedNet, pair: tuple[Phone, Phone]) -> None:
    caller, called = pair
    invite = caller.invite("2001")
    net.advance(2.0)
    called.answer(called.request("INVITE"), 180)
    net.advance(2.0)
    caller.cancel(invite)
    net.advance(2.0)
    assert len({cancel.via().branch for cancel in called.requests("CANCEL")}) == 1
    called.answer(called.request("INVITE"), 487)
    net.advance(10.0)
    assert caller.response("INVITE").status == 487
    assert net.node(2).quiet()["calls"] == 0
    net.assert_quiet()
    same_for_all_copies(net)


def test_rfc_3261_16_11_a_refusal_finds_its_way_back_by_the_via_fields_alone(
    net: ProxiedNet, pair: tuple[Phone, Phone]
) -> None:
    caller, called = pair
    caller.invite("2001")
    net.advance(2.0)
    called.answer(called.request("INVITE"), 486)
    net.advance(4.0)
    assert caller.response("INVITE").status == 486
    net.assert_quiet()
    same_for_all_copies(net)


def test_rfc_3261_16_11_each_transaction_has_a_branch_of_its_own() -> None:
    net = ProxiedNet()
    call = talk(net, *phones(net, 1, 2, "1001", "2001"))
    call.hang_up()
    of_the_call = [
        branch
        for (_, _, method), branches in net.proxy.branches.items()
        for branch in branches
        if method in ("INVITE", "ACK", "BYE")
    ]
    assert len(of_the_call) == len(set(of_the_call)) == 3
