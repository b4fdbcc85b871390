"""What a procedure may touch: time, the outbox, the directory, the transaction layer. Never a sibling."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from opentcf.btrunc.extension import Extension
from opentcf.btrunc.urgency import Urgency
from opentcf.btrunc.wire import Wire
from opentcf.model.account import Account
from opentcf.model.audit import AuditLog
from opentcf.model.bounds import LimitSettings, TimerSettings
from opentcf.model.directory import Directory
from opentcf.model.facts import Fact
from opentcf.model.lockout import Lockouts
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer, PeerState
from opentcf.model.rate import Rates
from opentcf.model.registration import Attachment
from opentcf.sip.dialog import Dialog
from opentcf.sip.grammar import quote
from opentcf.sip.headers import Via
from opentcf.sip.ids import Ids
from opentcf.sip.message import Request, Response
from opentcf.sip.meters import Meters
from opentcf.sip.outbox import Flow, Notice, Outbox, Save, Value
from opentcf.sip.render import render
from opentcf.sip.timers import Timer, Timers
from opentcf.sip.transaction import Layer, Outcome, Owner, ServerTransaction
from opentcf.sip.uri import Uri

if TYPE_CHECKING:
    from opentcf.services.leg import Happened, Leg

Facts = tuple[Fact, ...]
NONE: Facts = ()
TC2 = "tc2"
D = "d"
_METHODS = "INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, OPTIONS, REGISTER"
ALLOW = {TC2: _METHODS, D: f"{_METHODS}, SUBSCRIBE"}
"""What each side serves."""


class MediaPorts:
    """Ports of one side's media address, handed out in turn, two for each stream."""

    __slots__ = ("_first", "_last", "_next", "host")

    def __init__(self, host: str, first: int, last: int) -> None:
        self.host = host
        self._first, self._last, self._next = first, last, first

    def next_port(self) -> int:
        """The next even port; they are used again when all have been."""
        port = self._next
        self._next = port + 6 if port + 12 <= self._last else self._first
        return port


class Incoming:
    """A request on its way to a procedure.

    `peer` is the TCF that sent it (TC2), `user` and `attachment` the authenticated terminal (D); `wire` reads and
    writes what travels on that side; `leg` is set when it came within a dialog; `size` is its bytes as received.
    """

    __slots__ = (
        "_target", "attachment", "extension", "flow", "leg", "peer", "request", "size", "txn", "user", "via", "wire",
    )  # fmt: skip

    def __init__(self, request: Request, via: Via, flow: Flow, wire: Wire) -> None:
        self.request = request
        self.via = via
        self.flow = flow
        self.wire = wire
        self.size = 0
        self.peer: Peer | None = None
        self.user: Aor | None = None
        self.attachment: Attachment | None = None
        self.extension: Extension | None = None
        self.txn: ServerTransaction | None = None
        self.leg: Leg | None = None
        self._target: Uri | None = None

    @property
    def target(self) -> Uri:
        """The Request-URI, decoded once."""
        if self._target is None:
            self._target = self.request.target()
        return self._target

    @property
    def transaction(self) -> ServerTransaction:
        """The server transaction; there is one for everything but ACK."""
        assert self.txn is not None
        return self.txn


class Procedure(Protocol):
    """What the node calls on every procedure; each returns what others may care about."""

    def request(self, incoming: Incoming) -> Facts: ...
    def outcome(self, outcome: Outcome) -> Facts: ...
    def timer(self, owner: Owner) -> Facts: ...
    def happened(self, happened: Happened) -> Facts: ...


class Context:
    """The surroundings of all procedures of a node. `now` is the time of the verb that runs."""

    __slots__ = (
        "accounted", "accounts", "audit_log", "directory", "durations", "epoch", "heard", "ids", "layer", "legs",
        "limits", "local_hosts", "lockouts", "media", "meters", "now", "outbox", "peer_states", "timers",
        "urgency", "wall_offset", "watched", "wire", "wires", "wrong_passwords",
    )  # fmt: skip

    def __init__(
        self, directory: Directory, ids: Ids, layer: Layer, timers: Timers, outbox: Outbox, meters: Meters
    ) -> None:
        self.directory = directory
        self.ids = ids
        self.layer = layer
        self.timers = timers
        self.outbox = outbox
        self.meters = meters
        self.accounted = False
        """Are records of calls wanted? While they are not no account is opened."""
        self.accounts: dict[str, Account] = {}
        self.audit_log = AuditLog()
        self.durations = TimerSettings()
        self.limits = LimitSettings()
        self.local_hosts: frozenset[str] = frozenset()
        self.lockouts = Lockouts()
        self.wrong_passwords = Rates()
        self.media: dict[str, MediaPorts] = {}
        self.legs: dict[str, Leg] = {}
        self.wire = Wire()
        self.urgency = Urgency((self.wire,))
        self.wires: dict[str, Wire] = {}
        self.peer_states: dict[str, PeerState] = {}
        self.heard: dict[str, float] = {}
        """When a peer answered a heartbeat last."""
        self.epoch = ""
        self.watched = False
        """Does anybody watch calls? While nobody does no call tells of its changes."""
        self.now = 0.0
        self.wall_offset = 0.0

    # --- time

    @property
    def wall(self) -> float:
        """Wall seconds."""
        return self.now + self.wall_offset

    def start(self, delay: float, owner: Owner) -> Timer:
        """Wake `owner` after `delay` seconds."""
        return self.timers.start(self.now + delay, owner)

    # --- orders

    def save(self, kind: str, key: str, value: Value) -> None:
        """Persist, before anything of this tick leaves."""
        self.outbox.drafts.pop((kind, key), None)
        self.outbox.saves.append(Save(kind, key, value))

    def save_later(self, kind: str, key: str, make: Callable[[], Value]) -> None:
        """The same for what may change again within this tick: `make` says what it is when the tick is over."""
        self.outbox.drafts[kind, key] = make

    def is_saved_later(self, kind: str, key: str) -> bool:
        """Is that record to be made already?"""
        return (kind, key) in self.outbox.drafts

    def notice(self, name: str, **fields: Value) -> None:
        """Something worth a log line."""
        self.outbox.notices.append(Notice(name, fields))

    def audit(self, who: str, action: str, target: str, result: str = "done") -> None:
        """Enter what somebody did, or tried to do, into the audit log; it lasts before anything of this tick leaves.

        `who`: a user's UDN (`9001@core1.example`), a peer's domain, or who used the API (`token NAME`, `local`).
        `action`: the command's words (`user stun`). `target`: UDN, GDN or OnlineCallID, `str(aor)`.
        `result`: `done`, or the refusal as status and reason (`403 9001@core1.example may not stun`).
        """
        entry = self.audit_log.add(self.wall, who, action, target, result)
        self.save("audit", f"{entry.number:012}", {"v": 1, **entry._asdict()})
        self.notice("audit", **entry._asdict())

    def is_locked_out(self, user: Aor, source: str) -> bool:
        """Were there too many wrong passwords for this user from there?"""
        return self.lockouts.locked((user, source), self.now)

    def wrong_password(self, user: Aor, source: str) -> None:
        """Count it. The first is worth a log line, one source's every ten seconds at most; the audit log tells of each
        lock-out that begins."""
        self.meters.count("opentcf_refused_total", "digest")
        begins = self.lockouts.begins((user, source), self.now)
        if begins and self.wrong_passwords.spend(source, 0.1, self.now):
            self.notice("wrong_password", user=str(user), source=source)
        allowed = self.limits.max_failed_digests
        seconds = self.lockouts.wrong((user, source), allowed, self.now)
        if seconds:
            self.audit(source, "lock out", str(user), f"{allowed} wrong passwords, for {seconds:g} s")

    # --- SIP

    def respond(self, incoming: Incoming, status: int, *headers: tuple[str, str], tag: str = "") -> None:
        """Answer with no body; more elaborate answers go by `reply`."""
        txn = incoming.transaction
        response = incoming.request.respond(status, tag or self.ids.token())
        for name, value in headers:
            response.headers.add(name, value)
        self.layer.respond(txn, response, self.now)

    def warning(self, text: str) -> tuple[str, str]:
        """The field by which a refusal says why (RFC 3261 §20.43)."""
        return ("Warning", f"399 {self.directory.domain} {quote(text)}")

    def reply(self, incoming: Incoming, response: Response) -> None:
        """Answer with a response that the procedure has filled."""
        self.layer.respond(incoming.transaction, response, self.now)

    def request(
        self,
        request: Request,
        flow: Flow,
        owner: Owner,
        timeout: float | None = None,
        *,
        insist: bool = True,
    ) -> str:
        """Send a request outside legs; its outcome comes back to `owner`. Returns the branch."""
        held = self.is_held(request, flow)
        return self.layer.request(request, flow, owner, self.now, timeout, held=held, insist=insist).branch

    def is_held(self, request: Request, flow: Flow) -> bool:
        """Is this request to be held back, as its overloaded server asked us (RFC 7339 §5.5)? Never what goes on with
        or ends what was accepted, nor an emergency call (§5.10.1)."""
        throttles = self.layer.throttles
        if not throttles.share(flow, self.now) or request.to_tag() is not None:
            return False
        held = not self.urgency.spares(render(request).lower()) and throttles.holds(flow, self.now)
        if held:
            self.meters.count("opentcf_refused_total", "peer_overload")
        return held

    def new_request(self, method: str, uri: str, from_: str, to: str) -> Request:
        """A request outside a dialog (RFC 3261 §8.1.1), with tag, Call-ID and CSeq 1."""
        request = Request(method, uri)
        fields = request.headers.fields
        fields["Via"] = [""]
        fields["Max-Forwards"] = ["70"]
        fields["From"] = [f"{from_};tag={self.ids.token()}"]
        fields["To"] = [to]
        fields["Call-ID"] = [self.ids.token()]
        fields["CSeq"] = [f"1 {method}"]
        return request

    # --- peers

    def peer_wire(self, domain: str | None) -> Wire:
        """The wire table spoken with a peer; the profile's own on D."""
        return self.wires.get(domain, self.wire) if domain else self.wire

    def peer_is_down(self, domain: str) -> bool:
        """A peer is tried until it is known to be down."""
        return self.peer_states.get(domain) is PeerState.DOWN

    def our_address(self, flow: Flow) -> str:
        """`host:port` that the other side of a flow knows us by."""
        return self.layer.sent_by.get((flow.side, flow.transport, ":" in flow.host), "")

    def our_contact(self, flow: Flow, user: str = "") -> str:
        """Our Contact URI towards the other side of a flow."""
        transport = "" if flow.transport == "udp" else f";transport={flow.transport}"
        return f"sip:{user}{'@' if user else ''}{self.our_address(flow)}{transport}"


def first_hop(dialog: Dialog, flow: Flow) -> Flow:
    """Where requests within a dialog go: the route set first, else the known flow."""
    hop = dialog.next_hop()
    if hop is None:
        return flow
    transport = (hop.parameters.get("transport") or "udp").lower()
    return Flow(flow.side, "tls" if hop.scheme == "sips" else transport, hop.host, hop.port or 5060)


def peer_flow(peer: Peer, host: str = "") -> Flow:
    """The way to a peer: its configured address."""
    return Flow(TC2, peer.transport, host or peer.host, peer.port)
