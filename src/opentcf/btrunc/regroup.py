"""Dynamic regroup (动态重组): `pttDGNA` with its member list, and the report `reDGNA` of each member's result."""

from typing import NamedTuple

from opentcf.btrunc import extension, xml
from opentcf.btrunc.extension import Extension, Params, identity
from opentcf.btrunc.wire import Body, Param, Token, Wire
from opentcf.model.cause import Result
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal
from opentcf.sip.message import Message, Request

MOST_MEMBERS = 500
"""Members of one list; a longer one is 413."""
LONGEST_NAME = 128
USER = "1"
_CONTRARY = {RegroupAction.CREATE: "del", RegroupAction.ADD: "del", RegroupAction.REMOVE: "add"}
"""What no record of a list may say. Where the group ends it does not matter who is listed."""


class Regroup(NamedTuple):
    """What a dispatcher wants of a temporary group. `expires` is seconds; None where he does not say."""

    action: RegroupAction
    members: tuple[Member, ...] = ()
    name: str | None = None
    priority: int | None = None
    expires: int | None = None


class Report(NamedTuple):
    """What became of one member; `request` tells which regroup it belongs to."""

    user: Aor
    result: Result
    group: Aor | None = None
    request: str = ""


def read(request: Request, wire: Wire, group: Aor) -> Regroup:
    """The list in a MESSAGE to `group`: 415, 400, 413 or 488 when it is not one that can be served."""
    if request.content_type() != wire.bodies[Body.REGROUP].lower():
        raise RemoteError(415, "the member list is missing", (("Accept", wire.bodies[Body.REGROUP]),))
    root = xml.parse(request.body, "pttgroupmanage")
    action = wire.member(RegroupAction, root.attributes.get("action", ""))
    if action is None:
        raise RemoteError(400, "the action of the regroup is not known")
    said = _said(root)
    gdn = said.get("GDN")
    if gdn is not None and identity(gdn, group.domain) != group:
        raise RemoteError(400, f"the list is for {gdn}, the request for {group}")
    name, priority, expires = said.get("GroupName"), said.get("priority"), said.get("expires")
    return Regroup(
        action,
        _members(root, group.domain, action),
        None if name is None else name[:LONGEST_NAME],
        None if priority is None else min(decimal(priority, 2**31, "priority"), LOWEST_PRIORITY),
        None if expires is None else decimal(expires, 2**31, "expires"),
    )


def _said(root: xml.Element) -> dict[str, str]:
    info = root.first("pttdgnagrpinfo")
    return {p.attributes.get("t", ""): p.attributes.get("v", "") for p in info.all("p")} if info else {}


def _members(root: xml.Element, domain: str, action: RegroupAction) -> tuple[Member, ...]:
    """Each once; who comes twice is as he came last."""
    listed = root.first("pttdgnagrpmbrlist")
    records = [record for part in (listed.all("records") if listed else []) for record in part.all("record")]
    if len(records) > MOST_MEMBERS:
        raise RemoteError(413, f"more than {MOST_MEMBERS} members")
    found: dict[Aor, Member] = {}
    for record in records:
        member = _member(record, domain, action)
        found[member.aor] = member
    return tuple(found.values())


def _member(record: xml.Element, domain: str, action: RegroupAction) -> Member:
    number, priority = record.first("UDN"), record.first("TalkPriority")
    if number is None:
        raise RemoteError(400, "a record of the member list has no UDN")
    operate = record.attributes.get("operate", "")
    if operate.lower() == _CONTRARY.get(action):
        who = number.text.strip()
        reason = f"the record of {who} says operate={operate}, the list action={action.value}"
        raise RemoteError(400, reason)
    if number.attributes.get("utype", USER) != USER:
        raise RemoteError(488, "a group cannot be a member")
    rank = LOWEST_PRIORITY
    if priority is not None and priority.text.strip():
        rank = min(decimal(priority.text.strip(), 2**31, "TalkPriority"), LOWEST_PRIORITY)
    return Member(identity(number.text.strip(), domain), rank)


def body(wire: Wire, group: Aor, regroup: Regroup) -> bytes:
    """The list as it is sent."""
    info = {"GDN": group.number, "GroupName": regroup.name}
    info |= {"priority": _text(regroup.priority), "expires": _text(regroup.expires)}
    rows = "".join(f"<p{xml.attributes(t=t, v=v)}/>" for t, v in info.items() if v is not None)
    operate = "Del" if regroup.action in (RegroupAction.REMOVE, RegroupAction.DELETE) else "Add"
    records = "".join(
        f'<record operate="{operate}"><UDN utype="{USER}">{member.aor}</UDN>'
        f"<TalkPriority>{member.priority}</TalkPriority></record>"
        for member in regroup.members
    )
    return (
        f"<pttgroupmanage{xml.attributes(action=wire.code(regroup.action))}>\n"
        f"<pttdgnagrpinfo>{rows}</pttdgnagrpinfo>\n"
        f'<pttdgnagrpmbrlist><records count="{len(regroup.members)}">{records}</records></pttdgnagrpmbrlist>\n'
        "</pttgroupmanage>\n"
    ).encode()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def write_report(message: Message, wire: Wire, report: Report, domain: str) -> None:
    """Put one member's result into a MESSAGE whose To is in `domain`."""
    extension.write(message, wire, Token.REGROUP_RESULT, *_report(wire, report, domain))


def _report(wire: Wire, report: Report, domain: str) -> Params:
    group = extension.write_identity(report.group, domain) if report.group is not None else ""
    return (
        (Param.UDN, extension.write_identity(report.user, domain)),
        (Param.REGROUP_RESULT, wire.code(report.result)),
        (Param.GDN, group),
        (Param.MESSAGE_ID, report.request),
    )


def read_report(ext: Extension, wire: Wire, domain: str) -> Report:
    """The reverse; 400 when it names nobody."""
    user = ext.identity(Param.UDN, domain)
    if user is None:
        raise RemoteError(400, "the result names no user")
    result = wire.member(Result, ext.get(Param.REGROUP_RESULT) or "")
    group = ext.identity(Param.GDN, domain)
    return Report(user, Result.REFUSED if result is None else result, group, ext.get(Param.MESSAGE_ID) or "")
