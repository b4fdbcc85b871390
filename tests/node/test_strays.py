"""A 2xx to an INVITE that the node does not know (any more)."""

import pytest
from tests.node.net import SDP, Net, Party, Phone, tcf
from tests.node.test_border import peer

from opentcf.node.strays import MOST
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.render import render

ROUTE = "<sip:192.0.2.99:5060;lr>"


def answer(party: Party, *, via: str = "", call_id: str = "lost", to: str = "1001@core1.example") -> Response:
    """200 to an INVITE that core 1 sent to `party`, before it was killed."""
    port = 5060 if party.side == "tc2" else 5070
    invite = Request("INVITE", f"sip:{to}")
    for name, value in {
        "Via": via or f"SIP/2.0/UDP {tcf(1)}:{port};branch=z9hG4bK{call_id};rport",
        "From": "<sip:8001@core1.example>;tag=ours",
        "To": f"<sip:{to}>",
        "Call-ID": call_id,
        "CSeq": "7 INVITE",
    }.items():
        invite.headers.set(name, value)
    made = invite.respond(200, "theirs")
    made.headers.set("Contact", "<sip:victim@192.0.2.66:5060>")
    made.body = SDP
    return made


def parties() -> tuple[Net, Party, Phone]:
    net = Net(2)
    phone = Phone(net, "1001", 1)
    assert phone.register() == 200
    second = peer(net, 2, 1)
    second.auto = lambda request: 200 if request.method == "OPTIONS" else None
    net.advance(1.0)
    net.seen.clear()
    return net, second, phone


def sent(net: Net) -> list[tuple[str, str]]:
    """To whom core 1 said what."""
    heartbeat = ("OPTIONS", "200 OPTIONS")
    return [
        (seen.target, seen.what) for seen in net.seen if seen.source == tcf(1) and seen.what not in heartbeat
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_it_is_acknowledged_and_its_dialog_ended(which: int) -> None:
    net, *both = parties()
    party: Party = both[which]
    party.send(answer(party))
    assert sent(net) == [(party.host, "ACK"), (party.host, "BYE")]
    ack, bye = party.request("ACK"), party.request("BYE")
    assert (ack.cseq()[0], bye.cseq()[0] > 7) == (7, True)
    for request in (ack, bye):
        assert request.uri == "sip:victim@192.0.2.66:5060"
        assert (request.from_tag(), request.to_tag(), request.call_id()) == ("ours", "theirs", "lost")
    assert (bye.headers.get("Ptt-Extension"), bye.headers.get("Reason")) == (
        "pttrelease;cause=16",
        "SIP;cause=200",
    )
    party.send(answer(party))
    assert [what for _, what in sent(net)] == ["ACK", "BYE", "ACK"], "copies are acknowledged"
    party.answer(bye, 200)
    net.assert_quiet()


def test_a_route_says_nothing_of_where_it_goes() -> None:
    """Else whoever forges a peer's address could have a third one flooded."""
    net, second, _ = parties()
    routed = answer(second)
    routed.headers.set("Record-Route", ROUTE)
    second.send(routed)
    assert {target for target, _ in sent(net)} == {second.host}
    assert second.request("BYE").headers.lines("Route") == [ROUTE]


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKlost;rport",
        f"SIP/2.0/UDP {tcf(1)}:5060;branch=z9hG4bKlost;rport, SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1",
    ],
)
def test_what_is_not_for_us_is_dropped(via: str) -> None:
    net, second, _ = parties()
    second.send(answer(second, via=via))
    assert sent(net) == []


def test_strangers_hear_nothing() -> None:
    net, _, phone = parties()
    stranger = Party(net, 1, "tc2", "127.9.9.9", 5060)
    stranger.send(answer(stranger))
    other = Party(net, 1, "d", "127.9.9.9", 5060)
    other.send(answer(other))
    other.send(answer(other, to="1002@core1.example"))
    other.send(answer(other, to="nobody@core1.example"))
    assert sent(net) == []
    phone.send(answer(phone, to="1002@core1.example"))
    assert sent(net) == [], "nor does one who was not called"


def test_there_are_never_many() -> None:
    net, second, _ = parties()
    node, flow = net.node(1), Flow("tc2", "udp", second.host, second.port)
    for number in range(2 * MOST):
        node.receive(render(answer(second, call_id=f"c{number}")), flow, net.now)
    net.pump()
    assert len(second.requests("BYE")) == len(second.requests("ACK")) == MOST
    net.advance(33.0)
    second.inbox.clear()
    second.send(answer(second, call_id="late"))
    assert [bye.call_id() for bye in second.requests("BYE")] == ["late"]
