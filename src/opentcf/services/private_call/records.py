"""What the store keeps of a private call (profile 5.1)."""

from __future__ import annotations

from opentcf.btrunc.wire import Token
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.model.floor import Floor
from opentcf.model.numbers import Aor
from opentcf.services import leg_record
from opentcf.services.context import Context
from opentcf.services.floor_leg import read_order, write_order
from opentcf.services.leg import LegState
from opentcf.services.path import Role
from opentcf.services.private_call.call import NAME, Guest, Move, PrivateCall, State
from opentcf.sip.outbox import Value
from opentcf.sip.transaction import Owner


def save(ctx: Context, call: PrivateCall) -> None:
    """Put the call into the store as it is now."""
    setup = call.setup
    codes = [
        int(setup.call_type),
        setup.full_duplex,
        setup.priority,
        setup.emergency,
        int(setup.called_type),
    ]
    row: dict[str, Value] = {
        "v": 1,
        "state": call.state.value,
        "id": call.id,
        "caller": str(call.caller),
        "called": str(call.called),
        "setup": codes,
        "operation": call.operation.value,
        "extra": [list(pair) for pair in setup.extra],
        "roles": [role.name for role in call.roles],
        "cause": int(call.cause),
        "began": call.began,
        "up": leg_record.write(call.up, ctx),
        "down": leg_record.write(call.down, ctx),
    }
    if call.moves or call.left or call.continued:
        row["moves"] = [[str(move.user), leg_record.write(move.new, ctx)] for move in call.moves]
        row["left"] = [leg_record.write(leg, ctx) for leg in call.left if leg.state is not LegState.ENDED]
        row["continued"] = sorted(call.continued)
    if call.guests or call.slots:
        row["guests"] = [[leg_record.write(guest.leg, ctx), guest.listens] for guest in call.guests]
        row["slots"] = {
            key: [[index, *own] for index, own in slots.items()] for key, slots in call.slots.items()
        }
    if call.floor is not None:
        row["floor"] = call.floor.record()
        row["untold"] = {side: write_order(op) for side, op in call.untold.items()}
        row["timers"] = {what: timer.when + ctx.wall_offset for what, timer in call.floor_timers.items()}
    ctx.save(NAME, call.key, row)


def read(ctx: Context, key: str, row: dict[str, Value]) -> PrivateCall:
    """The call again; its legs revive their open transactions."""
    owner = Owner(NAME, key)
    call_type, full_duplex, priority, emergency, called_type = row["setup"]
    caller, called = Aor.parse(row["caller"]), Aor.parse(row["called"])
    extra = tuple((name, value) for name, value in row["extra"])
    setup = CallSetup(
        CallType(call_type),
        full_duplex,
        priority,
        emergency,
        caller,
        row["id"],
        CalledType(called_type),
        extra,
    )
    up, down = leg_record.read(ctx, owner, row["up"]), leg_record.read(ctx, owner, row["down"])
    call = PrivateCall(key, setup, caller, called, up, down)
    call.state, call.cause, call.began = State(row["state"]), ReleaseCause(row["cause"]), row["began"]
    call.operation = Token(row.get("operation", Token.CALL))
    call.roles = tuple(Role[name] for name in row["roles"])
    call.left = [leg_record.read(ctx, owner, leg) for leg in row.get("left", ())]
    call.continued = set(row.get("continued", ()))
    for leg, listens in row.get("guests", ()):
        call.guests.append(Guest(leg_record.read(ctx, owner, leg), listens=listens))
    for leg_key, slots in row.get("slots", {}).items():
        call.slots[leg_key] = {index: (owner_key, kind) for index, owner_key, kind in slots}
    if "floor" in row:
        call.floor = Floor()
        call.floor.restore(row["floor"])
        call.untold = {side: read_order(op) for side, op in row.get("untold", {}).items()}
    for user_text, leg in row.get("moves", ()):
        user = Aor.parse(user_text)
        old = call.up if user == call.caller else call.down
        call.moves.append(Move(user, old, leg_record.read(ctx, owner, leg), call.other(old).remote_sdp))
    return call
