"""What who watches, and the call records, are told of a group's call."""

from opentcf.model.account import About
from opentcf.model.facts import GroupCallChanged
from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.services.group_call.master import MasterCall
from opentcf.services.group_call.visited import VisitedCall


def told(ctx: Context, group: Aor, master: MasterCall | None, visit: VisitedCall | None) -> GroupCallChanged:
    """The call as it is now: as G says where the group is ours, else by who is in it here."""
    if master is not None:
        return _of_master(ctx, master)
    if visit is not None and not ctx.directory.is_home(group):
        return _of_visit(visit)
    return GroupCallChanged(group)


def about_master(call: MasterCall) -> About:
    """For the call records: what it is."""
    setup = call.setup._replace(emergency=call.emergency_by is not None)
    return About.of(setup, "master", call.originator, call.group.aor, group=True)


def about_visit(call: VisitedCall) -> About:
    """The same of the visited half."""
    return About.of(call.setup, "visited", call.setup.caller, call.group, group=True)


def _of_master(ctx: Context, call: MasterCall) -> GroupCallChanged:
    group, where = call.group.aor, ctx.directory.where
    served = {domain for domain, branch in call.branches.items() if branch.up}
    users = [call.originator, *(member.aor for member in call.group.members)]
    there = [user for user in users if user not in call.left and where(group, user) in served]
    talker = call.floor.talker.user if call.floor.talker is not None else None
    emergency = call.emergency_by is not None
    kind, listeners = call.setup.call_type, _listeners(there, talker)
    return GroupCallChanged(
        group, call.id, kind, call.state.value, call.originator, talker, listeners, emergency, call.began
    )


def _of_visit(call: VisitedCall) -> GroupCallChanged:
    there = [user for user, link in call.members.items() if link.up]
    setup, listeners = call.setup, _listeners(there, call.talker)
    kind, state, emergency = setup.call_type, call.state.value, setup.emergency
    return GroupCallChanged(
        call.group, call.id, kind, state, None, call.talker, listeners, emergency, call.began
    )


def _listeners(there: list[Aor], talker: Aor | None) -> tuple[Aor, ...]:
    return tuple(sorted({user for user in there if user != talker}))
