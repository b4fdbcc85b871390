"""What the store keeps of an attachment; times are wall seconds."""

from opentcf.model.numbers import Aor
from opentcf.model.registration import Attachment
from opentcf.services.context import Context
from opentcf.sip.outbox import Value

ATTACHMENT = "attachment"


def save(ctx: Context, attachment: Attachment, *, leaves: bool = False) -> None:
    """Keep it as it is now; `leaves`: it is over, but its home has not answered that yet."""
    offset = ctx.wall_offset
    row: dict[str, Value] = {
        "v": 1,
        "contact": attachment.contact,
        "flow": list(attachment.flow[:4]),
        "call_id": attachment.call_id,
        "cseq": attachment.cseq,
        "expires": attachment.expires + offset,
        "granted": attachment.granted,
        "home_call_id": attachment.home_call_id,
        "home_cseq": attachment.home_cseq,
        "home_expires": attachment.home_expires + offset,
        "ha1": dict(attachment.ha1),
        "groups": [list(group) for group in attachment.groups],
        "since": attachment.since,
        "stunned": attachment.stunned,
        "ptt": attachment.ptt,
    }
    if leaves:
        row["leaves"] = True
    ctx.save(ATTACHMENT, str(attachment.user), row)


def read(ctx: Context, key: str, row: dict[str, Value]) -> Attachment:
    """The attachment again."""
    side, transport, host, port = row["flow"]
    attachment = Attachment(
        Aor.parse(key), row["contact"], (side, transport, host, port, 0), row["home_call_id"]
    )
    attachment.call_id, attachment.cseq = row["call_id"], row["cseq"]
    attachment.expires = row["expires"] - ctx.wall_offset
    attachment.granted = row["granted"]
    attachment.home_cseq = row["home_cseq"]
    attachment.home_expires = row["home_expires"] - ctx.wall_offset
    attachment.ha1 = row["ha1"]
    attachment.groups = tuple((n, d, name, priority) for n, d, name, priority in row["groups"])
    attachment.since, attachment.stunned, attachment.ptt = row["since"], row["stunned"], row["ptt"]
    return attachment
