"""G: where the members of its groups are, as their homes say (profile 3, group location)."""

from typing import NamedTuple

from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.extension import identity
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline
from opentcf.model.facts import MemberLocated
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.group_info import rows
from opentcf.services.group_info.rows import Place
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Owner

EXPIRE = "expire"


class Location(NamedTuple):
    """G: where the home of a foreign member says he is. `expires` is the node's time."""

    visited: str
    call_id: str
    cseq: int
    expires: float


class Locations:
    """Those of foreign members; where members at home are the directory knows. `name` is the owner of its timers."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._locations: dict[Place, Location] = {}
        self._expiries: dict[Place, Timer] = {}

    def located(self, incoming: Incoming) -> Facts:
        """REGISTER from a member's home: a group location, third party (H→G)."""
        ctx, peer, ext, request = self._ctx, incoming.peer, incoming.extension, incoming.request
        assert peer is not None
        assert ext is not None
        to = request.to().uri
        gdn = ext.get(Param.GDN) or ""
        group = Aor(gdn, ctx.directory.domain) if "@" not in gdn else identity(gdn, ctx.directory.domain)
        member = ext.identity(Param.UDN, to.host) or identity(f"{to.user}@{to.host}", to.host)
        known = ctx.directory.group(group)
        if member.domain != peer.domain:
            raise Decline(403, f"{peer.domain} is not the home of {member}")
        expires = wire_registration.asked_expiry(request, int(ctx.durations.register))
        if expires and known is None:
            raise Decline(404, f"{group} is no group here")
        if expires and known is not None and known.member(member) is None:
            raise Decline(403, f"{member} is no member of {group}")
        visited = (request.headers.get("P-Visited-Network-ID") or peer.domain).strip('"').lower()
        said = ext.get(Param.REG_TYPE) is not None
        reg_type = wire_registration.read_reg_type(ext, incoming.wire) if said else RegType.REFRESH
        facts = self._locate(group, member, visited, expires, request.call_id(), request.cseq()[0], reg_type)
        response = request.respond(200, ctx.ids.token())
        response.headers.set("Expires", str(expires))
        ctx.reply(incoming, response)
        return facts

    def _locate(
        self, group: Aor, member: Aor, visited: str, expires: int, call_id: str, cseq: int, reg_type: RegType
    ) -> Facts:
        key = (group, member)
        before = self._locations.get(key)
        if before is not None and before.call_id == call_id and cseq < before.cseq:
            raise Decline(500, "CSeq is lower than before", (("Retry-After", "0"),))
        if expires == 0:
            self.forget(key)
            return (MemberLocated(group, member, None),) if before is not None else NONE
        self._stop_expiry(key)
        location = Location(visited, call_id, cseq, self._ctx.now + expires)
        self._put(key, location)
        wall = location.expires + self._ctx.wall_offset
        self._ctx.save("location", rows.key(key), [visited, call_id, cseq, wall])
        moved = before is None or before.visited != visited
        source = before.visited if before is not None and reg_type is RegType.HANDOVER else ""
        located = MemberLocated(group, member, visited, source)
        return (located,) if moved or reg_type is RegType.INITIAL else NONE

    def forget(self, key: Place) -> None:
        """He is no member any more, or nowhere."""
        self._stop_expiry(key)
        self._ctx.directory.locate(*key, None)
        if self._locations.pop(key, None) is not None:
            self._ctx.save("location", rows.key(key), None)

    def _stop_expiry(self, key: Place) -> None:
        timer = self._expiries.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _put(self, key: Place, location: Location) -> None:
        self._locations[key] = location
        self._ctx.directory.locate(*key, location.visited)
        self._expiries[key] = self._ctx.timers.start(
            location.expires, Owner(self._name, rows.key(key), EXPIRE)
        )

    def expired(self, text: str) -> Facts:
        """A location ran out."""
        key = rows.place(text)
        if self._locations.pop(key, None) is None:
            return NONE
        self._expiries.pop(key, None)
        self._ctx.directory.locate(*key, None)
        self._ctx.save("location", text, None)
        return (MemberLocated(*key, None),)

    def load(self, found: dict[str, Value]) -> None:
        """Go on from what the store held."""
        for text, (visited, call_id, cseq, wall) in found.items():
            self._put(rows.place(text), Location(visited, call_id, cseq, wall - self._ctx.wall_offset))
