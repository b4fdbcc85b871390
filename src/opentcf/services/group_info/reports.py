"""H→G: the masters of a user's groups are told where he is (group location, third-party REGISTER)."""

from opentcf.btrunc import registration as wire_registration
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.services.context import Context, peer_flow
from opentcf.services.group_info import rows
from opentcf.services.group_info.rows import Place
from opentcf.services.path import aor_uri
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

LOCATE = "locate"
RECORD = "report"
AGAIN = 30.0
"""Seconds until what nobody answered is sent again."""


class Report:
    """H: the group location that a master was sent last. What is not answered yet is in the store."""

    __slots__ = ("call_id", "cseq", "expires", "reg_type", "timer", "visited")

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.cseq = 0
        self.visited = ""
        self.expires = 0
        self.reg_type: RegType | None = None
        self.timer: Timer | None = None


class Reports:
    """What each master was told last. `name` is the owner of its requests and timers."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._reports: dict[Place, Report] = {}

    def withdraw(self, user: Aor) -> None:
        """He is nowhere, for all foreign masters of his groups."""
        for membership in self._ctx.directory.foreign_memberships(user):
            self._report(membership.group, user, "", 0, None)

    def report_all(self, user: Aor, visited: str, reg_type: RegType | None) -> None:
        """Every foreign master of his groups learns where he is."""
        binding = self._ctx.directory.binding(user)
        if binding is None or not self._ctx.directory.in_service(user):
            return
        left = max(1, int(binding.expires - self._ctx.now))
        for membership in self._ctx.directory.foreign_memberships(user):
            self._report(membership.group, user, visited, left, reg_type)

    def drop(self, group: Aor, user: Aor) -> None:
        """He is no member of it any more."""
        self._report(group, user, "", 0, None)

    def _report(self, group: Aor, user: Aor, visited: str, expires: int, reg_type: RegType | None) -> None:
        key = (group, user)
        report = self._reports.get(key)
        if report is None:
            report = self._reports[key] = Report(self._ctx.ids.token())
        report.visited, report.expires, report.reg_type = visited, expires, reg_type
        kind = reg_type.value if reg_type is not None else None
        self._ctx.save(RECORD, rows.key(key), [visited, self._ctx.wall + expires if expires else 0.0, kind])
        self._send_report(key, report)

    def load(self, found: dict[str, Value]) -> None:
        """What was not answered before a restart waits for its master to come up."""
        for text, (visited, wall, kind) in found.items():
            report = self._reports[rows.place(text)] = Report(self._ctx.ids.token())
            report.visited, report.reg_type = visited, RegType(kind) if kind else None
            report.expires = max(1, int(wall - self._ctx.wall)) if wall else 0

    def _send_report(self, key: Place, report: Report) -> None:
        ctx, (group, user) = self._ctx, key
        if report.timer is not None:
            report.timer.cancel()
            report.timer = None
        peer = ctx.directory.peer(group.domain)
        if peer is None or ctx.peer_is_down(group.domain):
            return
        report.cseq += 1
        aor = f"<{aor_uri(user)}>"
        request = ctx.new_request("REGISTER", f"sip:{group.domain}", aor, aor)
        request.headers.set("Call-ID", report.call_id)
        request.headers.set("CSeq", f"{report.cseq} REGISTER")
        request.headers.set("Contact", f"<{self._address_of(report.visited, peer_flow(peer))}>")
        request.headers.set("Expires", str(report.expires))
        if report.visited:
            request.headers.set("P-Visited-Network-ID", report.visited)
        wire = ctx.peer_wire(group.domain)
        wire_registration.write_location(request, wire, group, user, user.domain, report.reg_type)
        ctx.request(request, peer_flow(peer), Owner(self._name, rows.key(key), f"{LOCATE} {report.cseq}"))

    def _address_of(self, visited: str, flow: Flow) -> str:
        """V's TC2 URI, as we know it."""
        peer = self._ctx.directory.peer(visited)
        if peer is None:
            return self._ctx.our_contact(flow)
        return f"sip:{peer.host}:{peer.port}" if ":" not in peer.host else f"sip:[{peer.host}]:{peer.port}"

    def answered(self, outcome: Outcome) -> None:
        """A master took it, refused it, or said nothing."""
        report = self._reports.get(rows.place(outcome.owner.key))
        if report is None or outcome.owner.purpose != f"{LOCATE} {report.cseq}":
            return
        if outcome.response is None or outcome.status >= 500:
            report.timer = self._ctx.start(AGAIN, Owner(self._name, outcome.owner.key, LOCATE))
            return
        report.reg_type = None
        self._ctx.save(RECORD, outcome.owner.key, None)
        if outcome.status >= 300:
            self._ctx.notice("location_refused", location=outcome.owner.key, code=outcome.status)

    def again(self, text: str) -> None:
        """It is due again."""
        key = rows.place(text)
        report = self._reports.get(key)
        if report is not None:
            self._send_report(key, report)

    def resume(self, domain: str) -> None:
        """The peer is up, or lost its state."""
        for key, report in self._reports.items():
            if key[0].domain == domain:
                self._send_report(key, report)
