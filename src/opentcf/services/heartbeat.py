"""Heartbeat between TCFs (心跳检测): who is up, and who lost its state."""

from opentcf.btrunc import extension
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Param
from opentcf.model.facts import Fact, PeerDown, PeerLostState, PeerSilent, PeerUp
from opentcf.model.peer import Peer, PeerState
from opentcf.services.context import ALLOW, NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "heartbeat"


class Pulse:
    """What we know of one peer. `rtt` is seconds, `epoch` the last one it told."""

    __slots__ = ("domain", "epoch", "misses", "open", "rtt", "sent", "state", "timer")

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.state = PeerState.UNKNOWN
        self.epoch = ""
        self.misses = 0
        self.rtt: float | None = None
        self.sent = 0.0
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
        response.headers.set("Allow", ALLOW)
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
        if outcome.response is None:
            return self._missed(pulse)
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
                    "address": f"{peer.transport}:{peer.host}:{peer.port}",
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
        pulse.open = True
        pulse.sent = ctx.now
        own = f"<sip:{ctx.directory.domain}>"
        request = ctx.new_request("OPTIONS", f"sip:{peer.domain}", own, f"<sip:{peer.domain}>")
        request.headers.set("Contact", f"<{ctx.our_contact(peer_flow(peer))}>")
        request.headers.set("Accept", "application/sdp")
        wire_registration.write_heartbeat(request, ctx.peer_wire(peer.domain), ctx.epoch)
        ctx.request(request, peer_flow(peer), Owner(NAME, pulse.domain), timeout=peer.heartbeat_wait)

    def _schedule(self, pulse: Pulse, peer: Peer) -> None:
        if pulse.timer is not None:
            pulse.timer.cancel()
        pulse.timer = self._ctx.start(peer.heartbeat, Owner(NAME, pulse.domain))

    def _missed(self, pulse: Pulse) -> Facts:
        peer = self._ctx.directory.peer(pulse.domain)
        assert peer is not None
        pulse.misses += 1
        pulse.rtt = None
        silent: tuple[Fact, ...] = (PeerSilent(pulse.domain, pulse.sent),)
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
