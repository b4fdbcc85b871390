"""What the store keeps of a leg, and a leg made from it again (profile 5.1)."""

from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.services.leg import ENDED, INVITE, Leg, LegState, Ours
from opentcf.services.voice import Voice
from opentcf.sip.dialog import Dialog
from opentcf.sip.headers import Headers, Via
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.session_timer import Session
from opentcf.sip.transaction import Owner, ServerTransaction

CSEQ_JUMP = 1000
"""How far local CSeq numbers jump at a restart: what was sent since the record was written is behind them."""
KEPT = ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq")


def write(leg: Leg, ctx: Context) -> dict[str, Value]:
    """A plain record; times are wall seconds. What says nothing is left out; of a leg that ended its name is kept."""
    dialog, session = leg.dialog, leg.session
    row: dict[str, Value] = {
        "peer": leg.peer,
        "party": str(leg.party),
        "flow": list(leg.flow[:4]),
        "state": leg.state.value,
        "call_id": dialog.call_id,
        "tags": [dialog.local_tag, dialog.remote_tag],
    }
    if leg.state is ENDED:
        return row
    row |= {
        "caller": leg.caller,
        "ptt": leg.ptt,
        "uris": [dialog.local, dialog.remote, dialog.target],
        "cseq": [dialog.local_cseq, dialog.remote_cseq],
        "routes": dialog.routes,
        "carry": [list(field) for field in leg.carry],
        "local_sdp": leg.local_sdp.decode("latin-1"),
        "remote_sdp": leg.remote_sdp.decode("latin-1"),
    }
    if leg.package:
        row["package"] = leg.package
    if session is not None:
        row["session"] = [session.interval, session.ours, leg.session_at + ctx.wall_offset]
    if leg.voice is not None and leg.voice.kept:
        row["voice"] = _write_voice(leg.voice)
    if leg.theirs is not None:
        row["theirs"] = _write_theirs(leg, leg.theirs, ctx)
    if leg.ours is not None and not leg.ours.answered:
        row["ours"] = _write_ours(leg.ours)
    return row


def _write_voice(voice: Voice) -> Value:
    codecs = voice.codecs.decode("latin-1")
    return [voice.host, voice.port, voice.session_id, voice.version, codecs, voice.lines]


def _read_voice(row: Value) -> Voice | None:
    """The version jumps as CSeq does."""
    if row is None:
        return None
    host, port, session_id, version, codecs, *lines = row
    voice = Voice(host, port, session_id, codecs.encode("latin-1"))
    voice.version, voice.lines = version + CSEQ_JUMP, sum(lines)
    return voice


def _write_theirs(leg: Leg, txn: ServerTransaction, ctx: Context) -> Value:
    """Their INVITE: while it is open what an answer needs, then the answer until it is acknowledged."""
    request = txn.request
    if request is None:
        return {
            "key": txn.key,
            "flow": list(txn.flow),
            "answer": txn.last.decode("latin-1"),
            "at": leg.answered_at + ctx.wall_offset,
        }
    fields = _fields(request, *KEPT, leg.wire.extension)
    return {"uri": request.uri, "flow": list(txn.flow), "fields": fields}


def _write_ours(ours: Ours) -> Value:
    return {"uri": ours.request.uri, "branch": ours.branch, "fields": _fields(ours.request, *KEPT)}


def _fields(request: Request, *names: str) -> Value:
    fields = request.headers.fields
    return {name: list(fields[name]) for name in names if name in fields}


def read(ctx: Context, owner: Owner, row: dict[str, Value]) -> Leg:
    """The leg again, with its open transactions and its session timer. Older records have both bodies as `sdp`."""
    side, transport, host, port = row["flow"]
    party, peer = Aor.parse(row["party"]), row["peer"]
    leg = Leg(owner, _read_dialog(row), Flow(side, transport, host, port), party, peer, ctx.peer_wire(peer))
    leg.state = LegState(row["state"])
    if leg.state is ENDED:
        return leg
    leg.caller, leg.ptt = row.get("caller", False), row.get("ptt", False)
    leg.package = row.get("package", "")
    leg.carry = tuple((name, value) for name, value in row.get("carry", ()))
    local, remote = row.get("sdp") or (row.get("local_sdp", ""), row.get("remote_sdp", ""))
    leg.local_sdp, leg.remote_sdp = local.encode("latin-1"), remote.encode("latin-1")
    leg.voice = _read_voice(row.get("voice"))
    ctx.legs[leg.key] = leg
    if row.get("session"):
        interval, ours, over = row["session"]
        leg.resume_session(ctx, Session(interval, ours), over - ctx.wall_offset)
    if row.get("theirs"):
        leg.theirs = _read_theirs(ctx, leg, row["theirs"])
    if row.get("ours"):
        _read_ours(ctx, leg, row["ours"])
    return leg


def _read_dialog(row: dict[str, Value]) -> Dialog:
    local_tag, remote_tag = row["tags"]
    dialog = Dialog(row["call_id"], local_tag, *row.get("uris", ("", "", "")))
    dialog.remote_tag = remote_tag
    local_cseq, dialog.remote_cseq = row.get("cseq", (0, 0))
    dialog.local_cseq = local_cseq + CSEQ_JUMP
    dialog.routes = row.get("routes", [])
    return dialog


def _read_theirs(ctx: Context, leg: Leg, row: dict[str, Value]) -> ServerTransaction | None:
    flow = Flow(*row["flow"])._replace(connection=0)
    if "answer" in row:
        if row["at"] - ctx.wall_offset + 64 * ctx.layer.values.t1 < ctx.now:
            return None
        leg.revived = True
        return ctx.layer.revive_answer(
            row["key"], row["answer"].encode("latin-1"), flow, leg.owner(INVITE), ctx.now
        )
    request = Request(
        "INVITE", row["uri"], Headers({name: list(lines) for name, lines in row["fields"].items()})
    )
    txn = ctx.layer.accept(request, Via.parse(request.headers.fields["Via"][0]), flow, ctx.now)
    txn.flow = flow
    txn.owner = leg.owner(INVITE)
    return txn


def _read_ours(ctx: Context, leg: Leg, row: dict[str, Value]) -> None:
    request = Request(
        "INVITE", row["uri"], Headers({name: list(lines) for name, lines in row["fields"].items()})
    )
    ours = Ours(request, request.cseq()[0], None)
    ours.branch, ours.proceeding, ours.late, ours.revived = row["branch"], True, False, True
    leg.ours = ours
    ctx.layer.revive(request, leg.hop(), leg.owner(INVITE), ours.branch, ctx.now)
