"""What the store keeps of group calls (profile 5.1): one row a call and half, one a leg. Deadlines are wall seconds.

Legs have rows of their own, so that a change of the floor does not write them all again.
"""

from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.services import leg_record
from opentcf.services.context import Context
from opentcf.services.floor_leg import read_order, write_order
from opentcf.services.group_call.link import LEG, Half, Link
from opentcf.services.group_call.master import MasterCall
from opentcf.services.group_call.visited import VisitedCall, VisitedState
from opentcf.sip.outbox import Value
from opentcf.sip.transaction import Owner

MASTER, VISITED = "group_master", "group_visited"
Rows = dict[str, Value]


def write_master(call: MasterCall, ctx: Context, domain: str) -> Rows:
    """The master's half, without its legs. `domain` is this TCF's: it may have members as well."""
    return {
        "v": 1,
        "key": call.key,
        "setup": _write_setup(call.setup),
        "originator": str(call.originator),
        "codecs": call.codecs.decode("latin-1"),
        "state": call.state.value,
        "floor": call.floor.record(),
        "began": call.began,
        "changed": call.changed,
        "forwarded": call.forwarded,
        "untold": call.untold,
        "here": domain in call.branches,
        "caller_branch": call.caller_branch,
        "left": sorted(str(user) for user in call.left),
        "emergency_by": str(call.emergency_by) if call.emergency_by is not None else None,
        "waiting": {str(user): since for user, since in call.waiting.items()},
        "timers": {what: timer.when + ctx.wall_offset for what, timer in call.timers.items()},
    }


def read_master(row: Rows, group: Group) -> MasterCall:
    """The same again; legs and timers follow."""
    codecs = row["codecs"].encode("latin-1")
    call = MasterCall(row["key"], group, _read_setup(row["setup"]), Aor.parse(row["originator"]), codecs)
    call.floor.restore(row["floor"])
    call.began, call.changed, call.caller_branch = row["began"], row["changed"], row["caller_branch"]
    call.untold, call.forwarded = row["untold"], row.get("forwarded", False)
    call.waiting = {Aor.parse(user): since for user, since in row.get("waiting", {}).items()}
    call.left = {Aor.parse(user) for user in row["left"]}
    call.emergency_by = Aor.parse(row["emergency_by"]) if row["emergency_by"] else None
    return call


def write_visited(call: VisitedCall) -> Rows:
    """The visited half, without its legs."""
    return {
        "v": 1,
        "key": call.key,
        "setup": _write_setup(call.setup),
        "codecs": call.codecs.decode("latin-1"),
        "state": call.state.value,
        "talker": str(call.talker) if call.talker is not None else None,
        "grant": call.grant,
        "released": call.released,
        "opener": str(call.opener) if call.opener is not None else None,
        "hung_up": sorted(str(user) for user in call.hung_up),
        "untold": [write_order(op) for user, op in call.untold.items() if user in call.members],
        "began": call.began,
    }


def read_visited(row: Rows, group: Aor) -> VisitedCall:
    """The same again; legs follow."""
    call = VisitedCall(row["key"], group, _read_setup(row["setup"]), None, row["codecs"].encode("latin-1"))
    call.state, call.grant, call.began = VisitedState(row["state"]), row["grant"], row["began"]
    call.released = row["released"]
    call.opener = Aor.parse(row["opener"]) if row.get("opener") else None
    call.talker = Aor.parse(row["talker"]) if row["talker"] else None
    call.hung_up = {Aor.parse(user) for user in row["hung_up"]}
    call.untold = {op.user: op for op in map(read_order, row.get("untold", []))}
    return call


def read_link(ctx: Context, procedure: str, row: Rows) -> Link:
    """A leg again."""
    leg = leg_record.read(ctx, Owner(procedure, row["call"]), row)
    link = Link(leg, row["domain"], Half(row["half"]))
    link.told = Aor.parse(row["told"]) if row["told"] else None
    return link


def _write_setup(setup: CallSetup) -> list[Value]:
    caller = str(setup.caller) if setup.caller is not None else None
    extra: Value = [list(parameter) for parameter in setup.extra]
    kinds: list[Value] = [int(setup.call_type), int(setup.called_type)]
    return [*kinds, setup.priority, setup.emergency, caller, setup.online_call_id, extra]


def _read_setup(row: list[Value]) -> CallSetup:
    call_type, called_type, priority, emergency, caller, online_call_id, extra = row
    return CallSetup(
        CallType(call_type),
        True,
        priority,
        emergency,
        Aor.parse(caller) if caller else None,
        online_call_id,
        CalledType(called_type),
        tuple((name, value) for name, value in extra),
    )


__all__ = [
    "LEG",
    "MASTER",
    "VISITED",
    "read_link",
    "read_master",
    "read_visited",
    "write_master",
    "write_visited",
]
