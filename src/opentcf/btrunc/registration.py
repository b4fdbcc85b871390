"""Registration, network de-registration, heartbeat: `pttregister`, `pttkickoff`, `pttheartbeat` and membership XML."""

import re
from typing import NamedTuple

from opentcf.btrunc import extension, xml
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Body, Param, Token, Wire
from opentcf.model.cause import KickCause
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor, is_number
from opentcf.model.registration import RegType
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal
from opentcf.sip.headers import seconds
from opentcf.sip.message import Message, Request, Response

_IN_BRACKETS = re.compile(r'(?:\s*"(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^>]*)>')


class Kick(NamedTuple):
    """A network de-registration: why, (when not empty) which binding alone is meant, and which call moves along."""

    cause: KickCause
    binding: str
    call: str = ""


def read_reg_type(ext: Extension | None, wire: Wire) -> RegType:
    """What a REGISTER is about; a plain phone's is an initial one."""
    text = ext.get(Param.REG_TYPE) if ext is not None else None
    if text is None:
        return RegType.INITIAL
    found = wire.member(RegType, text)
    if found is None:
        raise RemoteError(488, f"the registration type {text[:20]!r} is not known")
    return found


def read_since(ext: Extension | None) -> float | None:
    """When the terminal attached at the V-TCF, wall seconds; None when not said."""
    text = ext.get(Param.SINCE) if ext is not None else None
    return None if text is None else milliseconds(text)


def milliseconds(text: str) -> float:
    """A wall time written in milliseconds."""
    return decimal(text, 10**15, "since") / 1000


def read_moved_call(ext: Extension | None) -> str:
    """The call that moves along: in a REGISTER by handover, and in H's 200; empty when none does (TC2-C 切换)."""
    return (ext.get(Param.CALL_ID) or "") if ext is not None else ""


def write_register(
    message: Message, wire: Wire, reg_type: RegType | None, since: float | None = None, call: str = ""
) -> None:
    """Put the registration token into a REGISTER; no type for a de-registration, `call` with a handover."""
    extension.write(
        message,
        wire,
        Token.REGISTER,
        (Param.REG_TYPE, wire.code(reg_type) if reg_type else ""),
        (Param.SINCE, "" if since is None else str(int(since * 1000))),
        (Param.CALL_ID, call),
    )


def network(element: str) -> str:
    """The network that one element of P-Visited-Network-ID names (RFC 7315 §4.3), in lower case."""
    return element.partition(";")[0].strip().strip('"').lower()


def spelled_contact(request: Request) -> str:
    """The URI of a valid Contact as it was spelled: to us it is opaque (profile 2.2). 400 when it is no SIP URI."""
    text = request.headers.elements("Contact")[0]
    found = _IN_BRACKETS.match(text)
    uri = found[1] if found else text.partition(";")[0].strip()
    if not uri.lower().startswith(("sip:", "sips:")):
        raise RemoteError(400, f"the Contact {uri[:60]!r} is no SIP URI")
    return uri


def asked_expiry(request: Request, default: int) -> int:
    """The expiry asked for in seconds: the Contact's parameter, Expires, else `default` (RFC 3261 §10.3)."""
    contact = None if request.headers.get("Contact") == "*" else request.contact()
    text = contact.parameters.get("expires") if contact is not None else None
    found = seconds(text, "expires") if text else seconds(request.headers.get("Expires"), "Expires")
    return default if found is None else found


def granted_expiry(response: Response, default: int) -> int:
    """What a 200 to our REGISTER grants, in seconds."""
    contact = response.contact()
    text = contact.parameters.get("expires") if contact is not None else None
    found = seconds(text, "expires") if text else seconds(response.headers.get("Expires"), "Expires")
    return default if found is None else found


def write_memberships(message: Message, wire: Wire, user: Aor, groups: list[Membership]) -> None:
    """Put a user's groups into a message as membership XML."""
    rows = "".join(
        f"\n  <group{xml.attributes(gdn=m.group.number, domain=m.group.domain, name=m.name, priority=m.priority)}/>"
        for m in groups
    )
    message.headers.set("Content-Type", wire.bodies[Body.MEMBERSHIP])
    message.body = (
        f"<pttmembershipinfo{xml.attributes(udn=str(user))}>{rows}\n</pttmembershipinfo>\n".encode()
    )


def read_memberships(message: Message, wire: Wire) -> list[Membership] | None:
    """The groups in a message's membership XML; None when it has no such body."""
    if message.content_type() != wire.bodies[Body.MEMBERSHIP].lower() or not message.body:
        return None
    root = xml.parse(message.body, "pttmembershipinfo")
    return [_membership(element) for element in root.all("group")]


def _membership(element: xml.Element) -> Membership:
    gdn, domain = element.attributes.get("gdn", ""), element.attributes.get("domain", "")
    priority = element.attributes.get("priority", str(LOWEST_PRIORITY))
    if not is_number(gdn) or not domain:
        raise RemoteError(400, "a group in the membership body is malformed")
    rank = min(decimal(priority, 2**31, "priority"), LOWEST_PRIORITY)
    return Membership(Aor(gdn, domain.lower()), element.attributes.get("name", ""), rank)


SHARED = {"MD5": Param.HA1_MD5, "SHA-256": Param.HA1_SHA256}


def write_home_answer(
    message: Message, wire: Wire, *, stunned: bool, ha1: dict[str, str], call: str = ""
) -> None:
    """What H's 200 tells V beside the groups: that he is stunned, (where shared) his digest secrets, and the call that
    moves along."""
    algorithm, secret = next(iter(ha1.items())) if len(ha1) == 1 else ("", "")
    both = [(SHARED[name], value) for name, value in ha1.items()] if len(ha1) > 1 else []
    extension.write(
        message,
        wire,
        Token.REGISTER,
        (Param.STATE, wire.table["value.state.stunned"] if stunned else ""),
        (Param.HA1, secret),
        (Param.ALGORITHM, algorithm),
        *both,
        (Param.CALL_ID, call),
    )


def read_home_answer(ext: Extension | None, wire: Wire) -> tuple[bool, dict[str, str]]:
    """The reverse: stunned?, and the secrets by algorithm."""
    if ext is None:
        return False, {}
    stunned = (ext.get(Param.STATE) or "").lower() == wire.table["value.state.stunned"].lower()
    secrets = {name: value for name, param in SHARED.items() if (value := ext.get(param))}
    single = ext.get(Param.HA1)
    if single:
        secrets[(ext.get(Param.ALGORITHM) or "MD5").upper()] = single
    return stunned, secrets


def write_kick(message: Message, wire: Wire, kick: Kick) -> None:
    """Put a network de-registration into an OPTIONS."""
    extension.write(
        message,
        wire,
        Token.KICK_OFF,
        (Param.KICK_CAUSE, wire.code(kick.cause)),
        (Param.BINDING, kick.binding),
        (Param.CALL_ID, kick.call),
    )


def read_kick(ext: Extension, wire: Wire) -> Kick:
    """The reverse; an unknown cause is read as the operator's."""
    # Names compare without case: `Cause` reads as `cause`.
    text = ext.get(Param.KICK_CAUSE) or ext.get(Param.CAUSE)
    cause = wire.member(KickCause, text or "")
    return Kick(cause or KickCause.ADMIN, ext.get(Param.BINDING) or "", ext.get(Param.CALL_ID) or "")


def write_heartbeat(message: Message, wire: Wire, epoch: str) -> None:
    """Put the heartbeat token and our epoch into an OPTIONS or its 200."""
    extension.write(message, wire, Token.HEARTBEAT, (Param.EPOCH, epoch))


def write_group_update(
    message: Message, wire: Wire, user: Aor, version: int, groups: list[Membership]
) -> None:
    """Tell a user's home, V-TCF or terminal which groups he has."""
    extension.write(message, wire, Token.GROUP_UPDATE, (Param.VERSION, str(version)))
    write_memberships(message, wire, user, groups)


def write_location(
    message: Message, wire: Wire, group: Aor, user: Aor, domain: str, reg_type: RegType | None
) -> None:
    """Put a group location into a REGISTER whose To is in `domain`."""
    extension.write(
        message,
        wire,
        Token.REGISTER,
        (Param.GDN, extension.write_identity(group, domain)),
        (Param.UDN, extension.write_identity(user, domain)),
        (Param.REG_TYPE, wire.code(reg_type) if reg_type else ""),
    )
