"""V→H: the REGISTER of a visitor, and what its 200 grants (TC2-C 初始注册请求)."""

from contextlib import suppress

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import registration as wire_registration
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.services.context import Context, peer_flow
from opentcf.services.path import HOME, aor_uri
from opentcf.services.registration.home import Granted
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request, Response


def register(
    ctx: Context,
    user: Aor,
    call_id: str,
    cseq: int,
    expires: int,
    reg_type: RegType | None,
    since: float | None,
    call: str = "",
) -> Request:
    """V→H REGISTER, to be sent; no type and 0 seconds for a de-registration."""
    peer = ctx.directory.peer(user.domain)
    assert peer is not None
    aor = f"<{aor_uri(user)}>"
    request = ctx.new_request("REGISTER", f"sip:{user.domain}", aor, aor)
    request.headers.set("Call-ID", call_id)
    request.headers.set("CSeq", f"{cseq} REGISTER")
    contact = ctx.our_contact(peer_flow(peer), user.number)
    request.headers.set("Contact", f"<{contact};{HOME}={user.domain}>")
    request.headers.set("P-Visited-Network-ID", ctx.directory.domain)
    request.headers.set("Expires", str(expires))
    wire_registration.write_register(request, ctx.peer_wire(user.domain), reg_type, since, call)
    return request


def read_grant(ctx: Context, response: Response, user: Aor, asked: int) -> Granted:
    """H holds him now: what is malformed beside that is passed over."""
    wire = ctx.peer_wire(user.domain)
    groups: list[Membership] = []
    stunned, ha1, expires, call = False, dict[str, str](), asked, ""
    with suppress(RemoteError):
        groups = wire_registration.read_memberships(response, wire) or []
    with suppress(RemoteError):
        ext = wire_extension.read(response, wire)
        stunned, ha1 = wire_registration.read_home_answer(ext, wire)
        call = wire_registration.read_moved_call(ext)
    with suppress(RemoteError):
        expires = wire_registration.granted_expiry(response, asked)
    return Granted(expires, groups, stunned, ha1, call)
