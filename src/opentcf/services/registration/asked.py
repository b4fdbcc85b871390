"""V: what a terminal asks by its REGISTER."""

from typing import NamedTuple

from opentcf.btrunc import registration as wire_registration
from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor
from opentcf.model.registration import Attachment, RegType
from opentcf.services.context import Context, Incoming
from opentcf.sip.errors import RemoteError


class Asked(NamedTuple):
    """A REGISTER of a terminal, read."""

    user: Aor
    contact: str
    expires: int
    reg_type: RegType
    call: str = ""


class Pending(NamedTuple):
    """A REGISTER of a terminal that waits for the home's word."""

    incoming: Incoming
    asked: Asked
    call_id: str
    since: float


def read(ctx: Context, incoming: Incoming) -> Asked:
    """What a terminal's REGISTER asks; Decline 423 or RemoteError when it may not."""
    request, user = incoming.request, incoming.user
    assert user is not None
    expires = wire_registration.asked_expiry(request, int(ctx.durations.register))
    reg_type = wire_registration.read_reg_type(incoming.extension, incoming.wire)
    if request.headers.get("Contact") == "*":
        if expires:
            raise RemoteError(400, "Contact * needs Expires 0")
        return Asked(user, "", 0, reg_type)
    contact = request.contact()
    if contact is None:
        return Asked(user, "", -1, reg_type)
    minimum = int(ctx.durations.register_min)
    if 0 < expires < minimum:
        raise Decline(423, f"the shortest registration is {minimum} s", (("Min-Expires", str(minimum)),))
    expires = min(expires, int(ctx.durations.register))
    call = wire_registration.read_moved_call(incoming.extension) if reg_type is RegType.HANDOVER else ""
    return Asked(user, str(contact.uri), expires, reg_type, call)


def in_order(incoming: Incoming, attachment: Attachment) -> bool:
    """RFC 3261 §10.3 step 7: within a Call-ID the CSeq rises."""
    request = incoming.request
    if request.call_id() == attachment.call_id and request.cseq()[0] < attachment.cseq:
        raise Decline(500, "CSeq is lower than before", (("Retry-After", "0"),))
    return True
