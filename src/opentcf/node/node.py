"""A whole TCF as five verbs: receive, command, wake, deadline, drain. No I/O, no clock, no chance.

Rule one: nothing here waits, nothing here calls up. Rule two: one message may fail, the node may not.
"""

import traceback
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.urgency import Rank, Urgency
from opentcf.btrunc.wire import Wire
from opentcf.model.audit import Audited
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.directory import Directory
from opentcf.model.facts import ConnectionLost
from opentcf.model.peer import PeerState
from opentcf.node import commands, overload, strays
from opentcf.node.border import CALLS, Border
from opentcf.node.orders import Batch, Command, Snapshot
from opentcf.node.overload import Overload
from opentcf.node.procedures import Procedures
from opentcf.node.provisioning import Provisioning
from opentcf.node.routes import (
    FORGIVEN,
    LENIENT,
    OFFERS,
    SERVICES,
    WITHIN,
    Side,
    capabilities,
    cares,
    no_route,
    routes,
)
from opentcf.node.settings import Settings
from opentcf.node.strays import Strays
from opentcf.services import accounting, heartbeat, path
from opentcf.services.admission import PeerAdmission, TerminalAdmission
from opentcf.services.context import TC2, Context, D, Facts, Incoming, MediaPorts
from opentcf.services.leg import Happened, Leg, What
from opentcf.sip.digest import Nonces
from opentcf.sip.errors import RemoteError
from opentcf.sip.ids import Ids
from opentcf.sip.message import Request, Response
from opentcf.sip.meters import Key, Meters, method_label
from opentcf.sip.outbox import Flow, Outbox, Reply, Send
from opentcf.sip.parse import Malformed, parse, skim
from opentcf.sip.render import render
from opentcf.sip.timers import Timers
from opentcf.sip.transaction import Layer, Outcome, Owner, State, TransactionTimers, Unacknowledged
from opentcf.sip.transaction.layer import TransactionAlarm, stamp_via
from opentcf.sip.transaction.machines import Result
from opentcf.sip.uri import join_host_port

UNDERSTOOD = frozenset(("timer",))
"""Option tags that a Require may name (RFC 3261 §8.2.2.3)."""
STRANGERS = 1024
"""How many sources that are no peers we remember for logging each only once in a while."""

LONGEST_SAID = 200
"""Characters of a party's number, as it was written, that a log line repeats."""

LABELS = 4096
"""Of how many flows to peers we remember whose they are."""


class Node:
    """One TCF. `load` comes first; after any verb `drain` gives what is to be done."""

    def __init__(self, settings: Settings, ids: Ids) -> None:
        self.settings = settings
        self.meters = Meters()
        self._outbox = Outbox()
        self._timers = Timers()
        self._tickets = 0
        self._leaving: list[int] = []
        self._left = False
        self._strangers: dict[str, float] = {}
        self._labels: dict[Flow, str] = {}
        timers = settings.timers
        values = TransactionTimers(timers.sip_t1, timers.sip_t2, timers.sip_t4, timers.tring + 5.0)
        self._layer = Layer(
            self._timers,
            self._outbox,
            ids,
            self.meters,
            values,
            _sent_by(settings),
            settings.limits.udp_message,
            self._label,
        )
        self._ctx = Context(
            Directory(settings.domain), ids, self._layer, self._timers, self._outbox, self.meters
        )
        self.provisioning = Provisioning(self._ctx)
        self.procedures = Procedures.on(self._ctx)
        self._by_name = self.procedures.by_name()
        self._routes = routes(self.procedures, self._ctx)
        self._cares = cares(self.procedures)
        self._peers = PeerAdmission()
        self._border = Border(self._ctx)
        self._strays = Strays(self._ctx, self._peers)
        self._overload = Overload(self._ctx)
        self._terminals: TerminalAdmission
        self.configure(settings)

    # --- the five verbs, and what only the shell can see

    def load(self, snapshot: Snapshot, now: float, wall: float) -> None:
        """Go on from what the store held; `wall` is the wall time at `now`."""
        ctx = self._ctx
        ctx.now, ctx.wall_offset = now, wall - now
        own = snapshot.get("node", {})
        ctx.epoch = own.get("epoch") or ctx.ids.token()
        secret = own.get("secret") or ctx.ids.token() + ctx.ids.token()
        ctx.save("node", "epoch", ctx.epoch)
        ctx.save("node", "secret", secret)
        algorithms = self.settings.digest
        self._terminals = TerminalAdmission(
            ctx, Nonces(secret.encode()), algorithms, self.procedures.visited_registration.foreign_nonces
        )
        self.provisioning.load(snapshot.get("subscriber", {}), snapshot.get("group", {}))
        self.provisioning.apply(self.settings)
        temporary, rounds = dict(snapshot.get("temporary_group", {})), dict(snapshot.get("regroup", {}))
        self.procedures.regrouping.load(temporary, rounds)
        for _, row in sorted(snapshot.get("audit", {}).items()):
            ctx.audit_log.restore(Audited(*(row[name] for name in Audited._fields)))
        self.procedures.home_registration.load(
            dict(snapshot.get("binding", {})), dict(snapshot.get("kick", {}))
        )
        self.procedures.stun.load(dict(snapshot.get("user_state", {})))
        self.procedures.visited_registration.load(dict(snapshot.get("attachment", {})))
        self.procedures.group_info.load(
            dict(snapshot.get("told", {})),
            dict(snapshot.get("membership", {})),
            dict(snapshot.get("location", {})),
            dict(snapshot.get("report", {})),
        )
        accounting.load(ctx, dict(snapshot.get(accounting.OPEN, {})))
        self.procedures.private_call.load(dict(snapshot.get("private_call", {})))
        self.procedures.group_call.load(
            dict(snapshot.get("group_master", {})),
            dict(snapshot.get("group_visited", {})),
            dict(snapshot.get("group_leg", {})),
            dict(snapshot.get("hung_up", {})),
        )
        self.procedures.short_data.load(
            dict(snapshot.get("short_message", {})), dict(snapshot.get("short_message_body", {}))
        )
        self.procedures.heartbeat.begin(dict(snapshot.get("heartbeat", {})))
        self._spread(self._after_enrolment())
        self._spread(self.procedures.subscription.load(dict(snapshot.get("subscription", {}))))
        self._spread(self.procedures.regrouping.resume())
        self._spread(self.procedures.video_forward.load(dict(snapshot.get("video_forward", {}))))
        have = self.procedures
        accounting.settle(ctx, have.private_call.keys | have.group_call.keys | have.video_forward.keys)

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        """A datagram or one framed message of a stream."""
        self._ctx.now = now
        try:
            if not self._overload.is_ours(data):
                self._receive(data, source, too_much=False)
        except Exception:  # noqa: BLE001 - a bug fails one message, never the node
            self._fault(data)

    def rank(self, data: bytes) -> Rank:
        """The order in which to serve messages that wait; `offer` what is not URGENT. Nothing changes by it."""
        return self._ctx.urgency.rank(data, self._ctx.legs)

    def offer(self, data: bytes, source: Flow, waited: float, now: float) -> None:
        """Receive what has waited so many seconds, or refuse it if that is too long."""
        self._ctx.now = now
        self.meters.observe("opentcf_queue_seconds", waited)
        try:
            self._receive(data, source, self._overload.is_too_much(data, source, waited))
        except Exception:  # noqa: BLE001 - a bug fails one message, never the node
            self._fault(data)

    def command(self, command: Command, now: float) -> int:
        """What a person or program asks; the Reply with this ticket comes when it is true."""
        self._ctx.now = now
        self._tickets += 1
        ticket = self._tickets
        try:
            value, facts = commands.run(self, self._ctx, command)
            self._spread(facts)
        except Decline as decline:
            self._outbox.replies.append(Reply(ticket, None, decline.text, decline.status))
            return ticket
        except Exception:  # noqa: BLE001 - a bug fails one command, never the node
            self._fault(command.name.encode())
            self._outbox.replies.append(Reply(ticket, None, "internal error", 500))
            return ticket
        if command.name == "leave":
            self._left = True
            self._leaving.append(ticket)
        else:
            self._outbox.replies.append(Reply(ticket, value))
        return ticket

    def wake(self, now: float) -> None:
        """Everything that is due."""
        self._ctx.now = now
        while (target := self._timers.due(now)) is not None:
            try:
                if isinstance(target, TransactionAlarm):
                    self._result(self._layer.fire(target, now))
                elif isinstance(target, Owner):
                    self._timer(target)
            except Exception:  # noqa: BLE001 - a bug fails one timer, never the node
                self._fault(repr(target).encode())

    def deadline(self) -> float | None:
        """When `wake` is wanted."""
        return self._timers.deadline()

    def drain(self) -> Batch:
        """The orders since last time."""
        if self._leaving and not self._layer.open_transactions(but=heartbeat.NAME):
            self._outbox.replies += [Reply(ticket, {"left": True}) for ticket in self._leaving]
            self._leaving = []
        return self._outbox.drain()

    def failed(self, order: Send, error: str, now: float) -> None:
        """An order could not be sent: refused, unreachable, unresolvable."""
        self._ctx.now = now
        try:
            self._result(self._layer.failed(order, now))
            self.procedures.heartbeat.doubt(order.flow)
        except Exception:  # noqa: BLE001 - a bug fails one order, never the node
            self._fault(order.data)

    def closed(self, flow: Flow, now: float) -> None:
        """A stream went away."""
        self._ctx.now = now
        try:
            self._peers.closed(flow)
            self._layer.closed(flow, now)
            self._labels.clear()
            if flow.side == D:
                lost = (flow.side, flow.transport, flow.host, flow.port, flow.connection)
                self._spread((ConnectionLost(lost),))
        except Exception:  # noqa: BLE001 - a bug fails one connection, never the node
            self._fault(repr(flow).encode())

    def proved(self, flow: Flow, names: Iterable[str], now: float) -> None:
        """The certificate of a TLS connection bears these names."""
        self._ctx.now = now
        try:
            self._peers.proved(flow, names)
            self._labels.clear()
        except Exception:  # noqa: BLE001 - a bug fails one connection, never the node
            self._fault(repr(flow).encode())

    # --- settings

    def configure(self, settings: Settings) -> None:
        """At start and at reload: everything that can change while calls go on."""
        self.settings = settings
        ctx = self._ctx
        ctx.durations, ctx.limits, ctx.accounted = settings.timers, settings.limits, settings.records
        self.provisioning.apply(settings)
        ctx.wires = {peer.domain: Wire(peer.wire) for peer in settings.peers if peer.wire}
        ctx.urgency = Urgency((ctx.wire, *ctx.wires.values()))
        self._layer.offers = frozenset((TC2,)) if settings.tc2.overload_control else frozenset()
        ctx.local_hosts = _local_hosts(settings)
        for name, side in ((TC2, settings.tc2), (D, settings.d)):
            if side.media is not None:
                ctx.media[name] = MediaPorts(side.media.host, side.media.first, side.media.last)
        self._peers.configure(settings.peers, dict(settings.peer_addresses))
        self._labels.clear()

    def reload(self, settings: Settings) -> None:
        """Take new settings; peers that are new get their heartbeat."""
        self.configure(settings)
        self.procedures.heartbeat.begin({})
        self._spread(self._after_enrolment())

    def enrolled(self) -> Facts:
        """Subscribers or groups were changed by command: the directory learns it, and whoever is concerned."""
        self.provisioning.apply(self.settings)
        return self._after_enrolment()

    def _after_enrolment(self) -> Facts:
        return self.procedures.home_registration.dismiss() + self.procedures.group_info.announce()

    def gauges(self) -> dict[Key, float]:
        """What can be counted by looking."""
        directory = self._ctx.directory
        up = {domain: state is PeerState.UP for domain, state in self._ctx.peer_states.items()}
        found: dict[Key, float] = {
            ("opentcf_peer_up", (domain,)): float(is_up) for domain, is_up in up.items()
        }
        for row in self.procedures.heartbeat.view():
            if row["rtt"] is not None:
                found["opentcf_peer_rtt_seconds", (row["domain"],)] = row["rtt"]
            found["opentcf_peer_address", (row["domain"],)] = row["way"]
        found["opentcf_registrations_active", ("home",)] = sum(1 for _ in directory.bindings())
        found["opentcf_registrations_active", ("visited",)] = sum(1 for _ in directory.attachments())
        found["opentcf_calls_active", ("private",)] = len(self.procedures.private_call)
        found["opentcf_calls_active", ("group",)] = len(self.procedures.group_call)
        for package, number in self.procedures.subscription.counts().items():
            found["opentcf_subscriptions_active", (self._ctx.wire.events[package],)] = number
        found["opentcf_overload_loss", ()] = self._overload.loss
        found["opentcf_timers", ()] = len(self._timers)
        found["opentcf_transactions", ()] = len(self._layer)
        return found

    def quiet(self) -> dict[str, int]:
        """What is still going on; a quiet node has nothing but its bindings and heartbeats."""
        return {
            "transactions": len(self._layer),
            "legs": len(self._ctx.legs),
            "calls": len(self.procedures.private_call),
        }

    # --- requests

    def _receive(self, data: bytes, source: Flow, too_much: bool) -> None:
        limits = self.settings.limits
        try:
            message = (skim(data) if too_much else None) or parse(
                data,
                stream=source.transport != "udp",
                max_headers=limits.max_headers,
                max_header=limits.max_header,
            )
        except Malformed as error:
            self.meters.count("opentcf_sip_malformed_total", str(error.status))
            self._refuse_malformed(error, source)
            return
        except RemoteError:
            self.meters.count("opentcf_sip_malformed_total", "unanswerable")
            return
        if isinstance(message, Response):
            self._response(message, source)
        else:
            self._request(message, source, len(data), too_much)

    def _request(self, request: Request, source: Flow, size: int, too_much: bool) -> None:
        try:
            via = request.via()
        except RemoteError:
            self.meters.count("opentcf_sip_malformed_total", "via")
            return
        stamp_via(request, via, source)
        incoming = Incoming(request, via, source, self._ctx.wire)
        incoming.size = size
        try:
            self._serve_or_decline(incoming, too_much)
        except Exception:  # noqa: BLE001 - a bug fails one message, never the node
            self._fault(render(request))
            self._decline(incoming, 500, "internal error", ())

    def _serve_or_decline(self, incoming: Incoming, too_much: bool) -> None:
        try:
            self._admit_and_serve(incoming, too_much)
        except (Decline, RemoteError) as refusal:
            self._decline(incoming, refusal.status, refusal.text, refusal.headers)

    def _admit_and_serve(self, incoming: Incoming, too_much: bool) -> None:
        request, via, now = incoming.request, incoming.via, self._ctx.now
        txn = self._layer.match(request, via)
        if txn is not None and not (
            request.method == "ACK" and txn.state is State.ACCEPTED and self._leg_of(request)
        ):
            self._layer.repeated(txn, request, now)
            return
        if too_much:
            self._refuse(incoming)
            return
        self._admit(incoming)
        label = incoming.peer.domain if incoming.peer else ""
        method = method_label(request.method)
        self.meters.count("opentcf_sip_requests_total", incoming.flow.side, label, method, "in")
        if request.method == "ACK":
            self._acknowledgement(incoming)
        elif request.method == "CANCEL":
            self._cancel(incoming)
        else:
            self._border.check(incoming)
            self._check(incoming)
            incoming.txn = self._layer.accept(request, via, incoming.flow, now, label)
            self._spread(self._serve(incoming))

    def _admit(self, incoming: Incoming) -> None:
        """Peers by their source, terminals by digest; nothing is kept for anybody else."""
        request = incoming.request
        if incoming.flow.side == TC2:
            peer = self._peers.find(incoming.flow, incoming.via)
            if peer is None:
                self._stranger(incoming)
                raise Decline(403, "")
            incoming.peer = self._ctx.directory.peer(peer.domain)
            incoming.wire = self._ctx.peer_wire(peer.domain)
            incoming.extension = _read_extension(incoming)
            return
        incoming.extension = _read_extension(incoming)
        if request.method not in ("ACK", "CANCEL"):
            self._terminals.admit(incoming)

    def _check(self, incoming: Incoming) -> None:
        """What every request must satisfy (RFC 3261 §8.2): a Request-URI that can be read is the first of it."""
        request, _ = incoming.request, incoming.target
        if len(request.body) > self.settings.limits.max_body:
            self.meters.count("opentcf_refused_total", "max_body")
            raise Decline(413, f"the body is larger than {self.settings.limits.max_body} bytes")
        strange = request.tokens("Require") - UNDERSTOOD if "Require" in request.headers else None
        if strange:
            raise Decline(
                420,
                "an extension is required that is not known",
                (("Unsupported", ", ".join(sorted(strange))),),
            )
        if request.headers.get("Content-Encoding") not in (None, "identity"):
            raise Decline(415, "encoded bodies are not accepted", (("Accept-Encoding", "identity"),))
        if request.method == "INVITE" and request.body and request.content_type() not in OFFERS:
            raise Decline(415, f"{request.content_type()!r} is no offer", (("Accept", "application/sdp"),))

    def _serve(self, incoming: Incoming) -> Facts:
        request, ext = incoming.request, incoming.extension
        tag = request.to_tag()
        if request.method in SERVICES and self._is_barred(incoming):
            raise Decline(403, f"{incoming.user} is stunned")
        if tag is not None:
            return self._in_dialog(incoming, tag)
        side = Side.D if incoming.flow.side == D else Side.TC2
        token = ext.token if ext is not None else None
        if ext is not None and token is None and request.method not in LENIENT:
            raise Decline(488, f"the operation {ext.spelled} is not known")
        if request.method == "INVITE" and self._left:
            raise Decline(503, "this TCF is leaving", (("Retry-After", "10"),))
        route = self._routes.get((side, request.method, token))
        if route is not None:
            return route(incoming)
        if request.method == "OPTIONS":
            capabilities(self._ctx, incoming)
            return ()
        raise no_route(incoming)

    def _is_barred(self, incoming: Incoming) -> bool:
        """Was the user stunned, as his V or as his home knows? Who is attached elsewhere can still ask his home."""
        if incoming.user is None:
            return False
        here = incoming.attachment is not None and incoming.attachment.stunned
        return here or not self._ctx.directory.in_service(incoming.user)

    def _in_dialog(self, incoming: Incoming, tag: str) -> Facts:
        """TC2-C 481."""
        request = incoming.request
        leg = self._ctx.legs.get(tag)
        if leg is None and self.procedures.subscription.holds(tag, request):
            return self.procedures.subscription.within(incoming, tag)
        if leg is None or not leg.dialog.belongs(request, request.from_tag()):
            raise Decline(481, "no such dialog")
        self._check_partner(leg, incoming)
        if request.method not in ("INVITE", "BYE", "INFO"):
            if request.method == "OPTIONS":
                capabilities(self._ctx, incoming)
                return ()
            raise no_route(incoming)
        ext = incoming.extension
        if request.method == "INVITE" and ext is not None and ext.token not in WITHIN:
            raise Decline(488, f"the operation {ext.spelled} is not served within a call")
        if request.method == "INFO":
            _check_package(incoming)
        incoming.leg = leg
        return self._happened(leg.receive(self._ctx, incoming))

    def _check_partner(self, leg: Leg, incoming: Incoming) -> None:
        """A dialog is between those who opened it."""
        if leg.peer is not None:
            if incoming.peer is None or incoming.peer.domain != leg.peer:
                raise Decline(403, "this dialog belongs to another peer")
        elif incoming.request.method != "ACK" and incoming.user != leg.party:
            raise Decline(403, "this dialog belongs to another user")

    def _acknowledgement(self, incoming: Incoming) -> None:
        """TC2-C ACK/TC2, TC2-C ACK/D."""
        leg = self._leg_of(incoming.request)
        if leg is not None and leg.dialog.belongs(incoming.request, incoming.request.from_tag()):
            self._check_partner(leg, incoming)
            self._spread(self._happened(leg.receive(self._ctx, incoming)))

    def _leg_of(self, request: Request) -> Leg | None:
        tag = request.to_tag()
        return self._ctx.legs.get(tag) if tag is not None else None

    def _cancel(self, incoming: Incoming) -> None:
        """RFC 3261 §9.2: 200 to the CANCEL at once, what it does to the INVITE is for the procedure.

        TC2-C 单呼呼叫取消响应, TC2-C CANCEL/TC2, TC2-C CANCEL/D.
        """
        request, now = incoming.request, self._ctx.now
        invite = self._layer.cancelled(incoming.via)
        if invite is None or invite.owner is None or invite.flow.host != incoming.flow.host:
            raise Decline(481, "nothing to cancel")
        incoming.txn = self._layer.accept(request, incoming.via, incoming.flow, now)
        leg = self._ctx.legs.get(invite.owner.key)
        tag = leg.key if leg else self._ctx.ids.token()  # the same in both answers (RFC 3261 §9.2)
        response = request.respond(200, tag)
        operation = wire_call.cancelled_operation(incoming.wire, invite.request, request)
        wire_call.write_release(response, incoming.wire, ReleaseCause.NORMAL, operation)
        response.headers.remove("Reason")
        self._layer.respond(incoming.txn, response, now)
        if leg is not None and invite.open:
            self._spread(self._happened(Happened(What.CANCELLED, leg, incoming=incoming)))
        elif invite.open and invite.request is not None:  # it is held up, and no leg of it stands yet
            refusal = invite.request.respond(487, tag)
            wire_call.write_cancelled(refusal, incoming.wire, ReleaseCause.NORMAL, operation)
            self._layer.respond(invite, refusal, now)

    # --- responses, timers, facts

    def _response(self, response: Response, source: Flow) -> None:
        try:
            found, result = self._layer.receive_response(response, source, self._ctx.now)
            if found and not self._is_too_late(response, result):
                self._result(result)
            else:
                self._stray(response, source)
        except RemoteError:
            self.meters.count("opentcf_sip_malformed_total", "response")

    def _is_too_late(self, response: Response, result: Result) -> bool:
        """A 2xx to an INVITE whose leg has given up."""
        if not isinstance(result, Outcome) or result.owner.procedure != "leg":
            return False
        return response.status // 100 == 2 and result.owner.key not in self._ctx.legs

    def _stray(self, response: Response, source: Flow) -> None:
        """A 2xx in a known dialog is always acknowledged, even when its transaction is gone (profile 5.1)."""
        if response.status // 100 != 2 or response.cseq()[1] != "INVITE":
            return
        leg = self._ctx.legs.get(response.from_tag() or "")
        if leg is not None and leg.dialog.belongs(response, response.to_tag()):
            leg.acknowledge_again(self._ctx, response)
        else:
            self._strays.take(response, source)

    def _result(self, result: Result) -> None:
        if result is None:
            return
        owner = result.owner
        if owner.procedure == strays.NAME:
            return
        if owner.procedure != "leg":
            if isinstance(result, Outcome):
                self._spread(self._by_name[owner.procedure].outcome(result))
            return
        leg = self._ctx.legs.get(owner.key)
        if leg is None:
            return
        happened = (
            leg.unacknowledged(self._ctx)
            if isinstance(result, Unacknowledged)
            else leg.outcome(self._ctx, result)
        )
        self._spread(self._happened(happened))

    def _timer(self, owner: Owner) -> None:
        if owner.procedure == overload.NAME:
            self._overload.timer()
            return
        if owner.procedure != "leg":
            self._spread(self._by_name[owner.procedure].timer(owner))
            return
        leg = self._ctx.legs.get(owner.key)
        if leg is not None:
            self._spread(self._happened(leg.timer(self._ctx, owner.purpose)))

    def _happened(self, happened: Happened | None) -> Facts:
        if happened is None:
            return ()
        return self._by_name[happened.leg.procedure].happened(happened)

    def _spread(self, facts: Facts) -> None:
        """Fact → procedures: who cares about what."""
        queue = deque(facts)
        while queue:
            fact = queue.popleft()
            for told in self._cares.get(type(fact), ()):
                queue.extend(told(fact))

    # --- refusing

    def _refuse(self, incoming: Incoming) -> None:
        """503 before anything is checked or kept (RFC 3261 §21.5.4); a stranger on TC2 hears nothing."""
        source, via = incoming.flow, incoming.via
        self._overload.refused()
        if self._peers.find(source, via) if source.side == TC2 else self._border.answers(source):
            self._layer.respond_once(incoming.request, via, source, self._overload.refusal(incoming.request))

    def _decline(
        self, incoming: Incoming, status: int, text: str, headers: tuple[tuple[str, str], ...]
    ) -> None:
        """The one place that turns a refusal into a response. Before a transaction exists nothing is kept."""
        request = incoming.request
        if request.method == "ACK" or (incoming.txn is not None and not incoming.txn.open):
            return
        leg_tag = (
            incoming.txn.owner.key if incoming.txn is not None and incoming.txn.owner is not None else ""
        )
        noted = self._border.take_note(incoming, status)
        if noted:
            self._note_refusal(incoming, status, text)
        response = request.respond(status, leg_tag or self._ctx.ids.token())
        for name, value in headers:
            response.headers.add(name, value)
        if text:
            response.headers.add(*self._ctx.warning(text))
        if incoming.txn is not None:
            self._layer.respond(incoming.txn, response, self._ctx.now)
            if noted and self._ctx.accounted:
                self._record_attempt(incoming, status)
        elif not self._amplifies(incoming, response) and self._answers(incoming):
            self._layer.respond_once(request, incoming.via, incoming.flow, response)

    def _record_attempt(self, incoming: Incoming, status: int) -> None:
        """A call that was refused before any leg of it was made is in the call records all the same."""
        ext, txn = incoming.extension, incoming.txn
        if (txn is not None and txn.owner is not None) or (ext is not None and ext.token not in CALLS):
            return
        try:
            group = self.procedures.group_call.serves(incoming)
        except (Decline, RemoteError):
            group = False
        accounting.refused(self._ctx, incoming, status, group=group)

    def _note_refusal(self, incoming: Incoming, status: int, text: str) -> None:
        """A new call of somebody who was admitted is refused by the service: worth a log line."""
        request = incoming.request
        caller, called = request.headers.get("From") or "", request.uri
        with suppress(RemoteError):
            caller = str(path.asserted(incoming, self._ctx))
        with suppress(Decline, RemoteError):
            called = str(path.called(self._ctx, incoming))
        who = {"caller": caller[:LONGEST_SAID], "called": called[:LONGEST_SAID]}
        self._ctx.notice("call", state="refused", **who, code=status, reason=text)

    def _amplifies(self, incoming: Incoming, response: Response) -> bool:
        """On TC2 a source that is no peer never gets more bytes back than it sent (profile 5.2)."""
        is_stranger = incoming.flow.side == TC2 and self._peers.find(incoming.flow, incoming.via) is None
        return is_stranger and len(render(response)) > incoming.size

    def _answers(self, incoming: Incoming) -> bool:
        """Who has proved nothing is answered only so often."""
        known = incoming.peer is not None or incoming.user is not None
        return known or self._border.answers(incoming.flow, incoming)

    def _refuse_malformed(self, error: Malformed, source: Flow) -> None:
        """Answered where it can be, never to a stranger on TC2."""
        try:
            via = error.request.via()
            if source.side == TC2 and self._peers.find(source, via) is None:
                return
            stamp_via(error.request, via, source)
            response = error.request.respond(error.status, self._ctx.ids.token())
        except RemoteError:
            return
        if source.side == D and not self._border.answers(source):
            return
        response.headers.add(*self._ctx.warning(_printable(error.text)))
        self._layer.respond_once(error.request, via, source, response)

    def _stranger(self, incoming: Incoming) -> None:
        self.meters.count("opentcf_refused_total", "not_a_peer")
        host, now = incoming.flow.host, self._ctx.now
        if self._strangers.get(host, 0.0) > now:
            return
        if len(self._strangers) >= STRANGERS:
            self._strangers.clear()
        self._strangers[host] = now + 60.0
        self._ctx.notice("not_a_peer", source=f"{host}:{incoming.flow.port}", method=incoming.request.method)

    def _fault(self, message: bytes) -> None:
        """TC2-C 500."""
        self.meters.count("opentcf_faults_total")
        self._ctx.notice("fault", trace=traceback.format_exc(), message=message.decode("utf-8", "replace"))

    def _label(self, flow: Flow) -> str:
        """The peer's domain, for the counters."""
        if flow.side != TC2:
            return ""
        label = self._labels.get(flow)
        if label is None:
            if len(self._labels) >= LABELS:
                self._labels.clear()
            peer = self._peers.find(flow)
            label = self._labels[flow] = peer.domain if peer is not None else ""
        return label


def _check_package(incoming: Incoming) -> None:
    """469 for an INFO of a package that was not asked for (RFC 6086 §4.2.2)."""
    named, known = incoming.request.headers.get("Info-Package"), incoming.wire.info_package
    if named is not None and named.partition(";")[0].strip().lower() != known.lower():
        raise Decline(469, f"the package {named!r} is not known", (("Recv-Info", known),))


def _read_extension(incoming: Incoming) -> Extension | None:
    """What ends a call, or tells of it, is never refused for its spelling."""
    read = wire_extension.peek if incoming.request.method in FORGIVEN else wire_extension.read
    return read(incoming.request, incoming.wire)


def _sent_by(settings: Settings) -> dict[tuple[str, str, bool], str]:
    """What our Via and Contact say, per side, transport and address family."""
    found: dict[tuple[str, str, bool], str] = {}
    for name, side in ((TC2, settings.tc2), (D, settings.d)):
        for listener in side.listen:
            key = (name, listener.transport, ":" in listener.host)
            found.setdefault(key, join_host_port(side.advertise or listener.host, listener.port))
    return found


def _local_hosts(settings: Settings) -> frozenset[str]:
    """Hosts that stand for this TCF in what a terminal dials."""
    hosts = {listener.host.lower() for listener in settings.d.listen}
    if settings.d.advertise:
        hosts.add(settings.d.advertise.lower())
    return frozenset(hosts)


def _printable(text: str) -> str:
    return text.encode("ascii", "replace").decode()
