"""Heartbeat between TCFs (心跳检测): who is up and at which of its addresses, and who lost its state.

Each heartbeat asks at the first address of a peer, and at the next one when nothing answers there. The one that
answers is in use until the next heartbeat; none, and the heartbeat is missed.
"""

from opentcf.btrunc import extension
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Param
from opentcf.model.facts import Fact, PeerDown, PeerLostState, PeerSilent, PeerUp
from opentcf.model.peer import Address, Peer, PeerState
from opentcf.services.context import ALLOW, NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner
from opentcf.sip.uri import join_host_port

NAME = "heartbeat"


class Pulse:
    """What we know of one peer. `rtt` is seconds, `epoch` the last one it told.

    `began`: when the latest heartbeat did; `sent`: when it was asked at the address number `way`. `used`: the address
    that answered last.
    """

    __slots__ = ("began", "domain", "epoch", "misses", "open", "rtt", "sent", "state", "timer", "used", "way")

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.state = PeerState.UNKNOWN
        self.epoch = ""
        self.misses = 0
        self.rtt: float | None = None
        self.began = self.sent = 0.0
        self.way = 0
        self.used: Address | None = None
        self.open = False
        self.timer: Timer | None = None


class Heartbeat:
    """The procedure."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pulses: dict[str, Pulse] = {}

    def begin(self, epochs: dict[str, str]) -> None:
        """At start and reload: a pulse for every configured peer, none for others. `epochs` are those stored."""
        configured = {peer.domain for peer in self._ctx.directory.peers()}
        for domain in [domain for domain in self._pulses if domain not in configured]:
            pulse = self._pulses.pop(domain)
            if pulse.timer is not None:
                pulse.timer.cancel()
            self._ctx.peer_states.pop(domain, None)
        for domain in sorted(configured - self._pulses.keys()):
            pulse = self._pulses[domain] = Pulse(domain)
            pulse.epoch = epochs.get(domain, "")
            self._beat(pulse)

    def request(self, incoming: Incoming) -> Facts:
        """Their heartbeat. From one that we hold to be down it is a reason to ask at once.

        TC2-C 心跳检测成功响应.
        """
        ctx = self._ctx
        response = incoming.request.respond(200, ctx.ids.token())
        wire_registration.write_heartbeat(response, incoming.wire, ctx.epoch)
        response.headers.set("Allow", ALLOW[incoming.flow.side])
        ctx.reply(incoming, response)
        if incoming.peer is None:
            return NONE
        pulse = self._pulses.get(incoming.peer.domain)
        if pulse is None:
            return NONE
        if pulse.state is PeerState.DOWN and not pulse.open:
            self._beat(pulse)
        return self._learn_epoch(pulse, incoming.extension)

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to ours: any final response means alive."""
        pulse = self._pulses.get(outcome.owner.key)
        if pulse is None or outcome.status < 200:
            return NONE
        pulse.open = False
        peer = self._ctx.directory.peer(pulse.domain)
        assert peer is not None
        if outcome.response is None:
            return self._unanswered(pulse, peer)
        self._use(pulse, peer)
        pulse.misses = 0
        self._ctx.heard[pulse.domain] = self._ctx.now
        pulse.rtt = self._ctx.now - pulse.sent
        facts = self._become(pulse, PeerState.UP)
        wire = self._ctx.peer_wire(pulse.domain)
        return facts + self._learn_epoch(pulse, extension.read(outcome.response, wire))

    def timer(self, owner: Owner) -> Facts:
        """Time for the next one."""
        pulse = self._pulses.get(owner.key)
        if pulse is not None:
            self._beat(pulse)
        return NONE

    def doubt(self, flow: Flow) -> None:
        """Something could not be sent there: where the peer has another address that is asked for at once."""
        for pulse in self._pulses.values():
            peer = self._ctx.directory.peer(pulse.domain)
            if peer is None or len(peer.ways) == 1 or peer.address != (flow.transport, flow.host, flow.port):
                continue
            if not pulse.open and self._ctx.now >= pulse.began + peer.heartbeat_wait:
                self._beat(pulse)

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def view(self) -> list[dict[str, Value]]:
        """For people: one row a peer."""
        rows: list[dict[str, Value]] = []
        for domain in sorted(self._pulses):
            pulse, peer = self._pulses[domain], self._ctx.directory.peer(domain)
            assert peer is not None
            rows.append(
                {
                    "domain": domain,
                    "state": pulse.state.value,
                    "address": _spelled(peer.address),
                    "addresses": [_spelled(way) for way in peer.ways],
                    "way": peer.ways.index(peer.address) + 1,
                    "rtt": pulse.rtt,
                    "misses": pulse.misses,
                    "epoch": pulse.epoch,
                }
            )
        return rows

    # --- inside

    def _beat(self, pulse: Pulse) -> None:
        """TC2-C 心跳检测."""
        ctx = self._ctx
        peer = ctx.directory.peer(pulse.domain)
        assert peer is not None
        self._schedule(pulse, peer)
        if pulse.open:
            return
        pulse.began = ctx.now
        self._ask(pulse, peer, 0)

    def _ask(self, pulse: Pulse, peer: Peer, way: int) -> None:
        ctx = self._ctx
        pulse.open, pulse.way, pulse.sent = True, way, ctx.now
        flow = peer_flow(peer.at(peer.ways[way]))
        own = f"<sip:{ctx.directory.domain}>"
        request = ctx.new_request("OPTIONS", f"sip:{peer.domain}", own, f"<sip:{peer.domain}>")
        request.headers.set("Contact", f"<{ctx.our_contact(flow)}>")
        request.headers.set("Accept", "application/sdp")
        wire_registration.write_heartbeat(request, ctx.peer_wire(peer.domain), ctx.epoch)
        owner = Owner(NAME, pulse.domain)
        ctx.request(request, flow, owner, timeout=peer.heartbeat_wait, insist=False)

    def _unanswered(self, pulse: Pulse, peer: Peer) -> Facts:
        """A reload may have taken addresses away meanwhile."""
        if pulse.way + 1 < len(peer.ways):
            self._ask(pulse, peer, pulse.way + 1)
            return NONE
        return self._missed(pulse, peer)

    def _use(self, pulse: Pulse, peer: Peer) -> None:
        """What goes on with the peer goes on at the address that answered: its calls, and what waits for its answer."""
        ctx, used = self._ctx, peer.ways[min(pulse.way, len(peer.ways) - 1)]
        if len(peer.ways) == 1 or pulse.used == used == peer.address:
            return
        old, new = peer_flow(peer), peer_flow(peer.at(used))
        pulse.used = used
        ctx.directory.reach(peer.domain, used)
        for leg in ctx.legs.values():
            if leg.peer == peer.domain:
                leg.flow = new
        if old != new:
            ctx.layer.reroute(old, new, ctx.now)
            ctx.notice(
                "peer_address", peer=peer.domain, address=_spelled(used), before=_spelled(peer.address)
            )

    def _schedule(self, pulse: Pulse, peer: Peer) -> None:
        if pulse.timer is not None:
            pulse.timer.cancel()
        pulse.timer = self._ctx.start(peer.heartbeat, Owner(NAME, pulse.domain))

    def _missed(self, pulse: Pulse, peer: Peer) -> Facts:
        pulse.misses += 1
        pulse.rtt = None
        silent: tuple[Fact, ...] = (PeerSilent(pulse.domain, pulse.began),)
        return silent + (
            self._become(pulse, PeerState.DOWN) if pulse.misses >= peer.heartbeat_misses else NONE
        )

    def _become(self, pulse: Pulse, state: PeerState) -> Facts:
        if pulse.state is state:
            return NONE
        pulse.state = state
        self._ctx.peer_states[pulse.domain] = state
        self._ctx.notice("peer", peer=pulse.domain, state=state.value)
        return (PeerUp(pulse.domain),) if state is PeerState.UP else (PeerDown(pulse.domain),)

    def _learn_epoch(self, pulse: Pulse, said: Extension | None) -> Facts:
        """The first epoch seen is no change (profile 5.1)."""
        epoch = said.get(Param.EPOCH) if said is not None else None
        if not epoch or epoch == pulse.epoch:
            return NONE
        before, pulse.epoch = pulse.epoch, epoch
        self._ctx.save(NAME, pulse.domain, epoch)
        if not before:
            return NONE
        self._ctx.notice("peer_lost_state", peer=pulse.domain, epoch=epoch)
        return (PeerLostState(pulse.domain),)


def _spelled(address: Address) -> str:
    transport, host, port = address
    return f"{transport}:{join_host_port(host, port)}"
