"""Call records: procedures and legs say what they do, and when something is over its record leaves by the outbox.

Open accounts and records that the shell has not written yet are in the store: a restart loses none.
"""

from collections.abc import Callable
from typing import TypeVar

from opentcf.btrunc import call as wire_call
from opentcf.btrunc.wire import Token
from opentcf.model.account import NOTHING, About, Account, CallRecord, LegAccount, Spent
from opentcf.model.call import CallSetup
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.floor import Floor
from opentcf.model.numbers import Aor
from opentcf.services import path
from opentcf.services.context import Context, Incoming
from opentcf.sip.errors import RemoteError
from opentcf.sip.outbox import Notice, Value

T = TypeVar("T")
OPEN, RECORD = "account", "call_record"
ENTRIES = {Token.INSERT: "insertion", Token.LISTEN: "listening"}
"""How somebody may enter a call of others."""
RESTART = "restart"
"""The cause of what did not go on after a restart."""


def load(ctx: Context, rows: dict[str, Value]) -> None:
    """Before the procedures go on with their calls. What is kept of earlier runs is of no use to who wants none."""
    for key, row in rows.items():
        if ctx.accounted:
            ctx.accounts[key] = Account.read(row)
        else:
            ctx.save(OPEN, key, None)


def settle(ctx: Context, running: frozenset[str]) -> None:
    """After they did: what is not running any more is over."""
    for key in [key for key in ctx.accounts if key not in running]:
        over(ctx, key, RESTART)


# --- what legs say


def leg_began(ctx: Context, call: str, leg: str, account: LegAccount) -> None:
    """A leg was made, by an INVITE in or out."""
    _account(ctx, call).legs[leg] = account
    _save(ctx, call)


def leg_named(ctx: Context, call: str, leg: str, online_call_id: str) -> None:
    """It bears another OnlineCallID than the call."""
    account = ctx.accounts.get(call)
    if account is not None and leg in account.legs:
        account.legs[leg] = account.legs[leg]._replace(call=online_call_id)
        _save(ctx, call)


def leg_up(ctx: Context, call: str, leg: str) -> None:
    """Its first INVITE was answered."""
    account = ctx.accounts.get(call)
    if account is not None and leg in account.legs:
        account.legs[leg] = account.legs[leg]._replace(answer=ctx.wall)
        _save(ctx, call)


def leg_over(
    ctx: Context, call: str, leg: str, cause: ReleaseCause | None = None, code: int = 0, *, far: bool = False
) -> None:  # fmt: skip
    """It is over, by the far end's deed or ours. What it says later is not heard."""
    account = ctx.accounts.get(call)
    found = account.legs.pop(leg, None) if account is not None else None
    if account is None or found is None:
        return
    account.ended = ctx.wall
    if found.direction == "in":
        account.code = code
    if far and cause is not ReleaseCause.HANDOVER:
        account.by, account.by_at = found.party, ctx.wall
    if account.about is not None:
        said = cause.name.lower() if cause is not None else ""
        _write_leg(ctx, account, account.about, found, said, code, found.party if far else "")
    elif not account.legs:
        del ctx.accounts[call]
    _save(ctx, call)


# --- what procedures say


def note(ctx: Context, call: str, about: About) -> None:
    """What the call is now. One that was an emergency once stays one here, whoever ended it."""
    if not ctx.accounted:
        return
    account = _account(ctx, call)
    before = account.about
    if before is not None and before.emergency and not about.emergency:
        about = about._replace(emergency=True)
    if about != before:
        account.about = about
        _save(ctx, call)


def up(ctx: Context, call: str) -> None:
    """It stands, if it did not before."""
    account = ctx.accounts.get(call)
    if account is not None and account.answer is None:
        account.answer = ctx.wall
        _save(ctx, call)


def arbitrated(ctx: Context, call: str, floor: Floor) -> None:
    """How the floor stands now, as the TCF that arbitrates it says."""
    account = ctx.accounts.get(call)
    if account is None:
        return
    waiting = [str(waiter.request.user) for waiter in floor.queue]
    changed = account.wait(waiting, ctx.wall)
    talker = str(floor.talker.user) if floor.talker is not None else ""
    if account.talk(talker, ctx.wall) or changed:
        _save(ctx, call)


def talks(ctx: Context, call: str, user: Aor | None) -> None:
    """Who talks from now on; None: nobody."""
    account = ctx.accounts.get(call)
    if account is not None and account.talk(str(user or ""), ctx.wall):
        _save(ctx, call)


def waits(ctx: Context, call: str, user: Aor) -> None:
    """He is in the queue from now on, as he was told."""
    account = ctx.accounts.get(call)
    if account is not None and account.wait({*account.waiting, str(user)}, ctx.wall):
        _save(ctx, call)


def lets_go(ctx: Context, call: str, user: Aor) -> None:
    """He neither talks nor waits any more."""
    account = ctx.accounts.get(call)
    if account is None:
        return
    if account.talks == str(user):
        talks(ctx, call, None)
    if account.wait(account.waiting.keys() - {str(user)}, ctx.wall):
        _save(ctx, call)


def over(ctx: Context, call: str, cause: ReleaseCause | str) -> None:
    """The call is over, and each leg that did not say so."""
    account = ctx.accounts.get(call)
    if account is None:
        return
    said = cause if isinstance(cause, str) else cause.name.lower()
    for leg in list(account.legs):
        leg_over(ctx, call, leg, None if isinstance(cause, str) else cause)
    if account.about is not None:
        by = account.by if not account.about.group or account.by_at == ctx.wall else ""
        _write_call(ctx, account, account.about, said, by)
    ctx.accounts.pop(call, None)
    _save(ctx, call)


def refused(ctx: Context, incoming: Incoming, code: int, *, group: bool) -> None:
    """A call was refused before any leg of it was made: what it was, as far as it can be read."""
    if not ctx.accounted:
        return
    about, peer = _attempted(ctx, incoming, group=group), incoming.peer
    call_id, domain = incoming.request.headers.get("Call-ID") or "", peer.domain if peer is not None else ""
    _write(ctx, "call", about, code, "", start=ctx.wall, end=ctx.wall, peer=domain, sip_call_id=call_id)


# --- inside


def _account(ctx: Context, call: str) -> Account:
    account = ctx.accounts.get(call)
    if account is None:
        account = ctx.accounts[call] = Account(ctx.wall)
    return account


def _attempted(ctx: Context, incoming: Incoming, *, group: bool) -> About:
    ext = incoming.extension
    caller = _read(lambda: path.asserted(incoming, ctx))
    called = _read(lambda: path.called(ctx, incoming))
    domain = called.domain if called is not None else ctx.directory.domain
    said = _read(lambda: wire_call.read_setup(ext, incoming.wire, domain))
    setup = said or CallSetup()
    setup = setup._replace(online_call_id=setup.online_call_id or ctx.ids.token())
    if group and caller is not None:
        setup = _as_group(ctx, setup, caller)
    role = _role(ctx, incoming, caller, called, group=group)
    entry = ENTRIES.get(ext.token, "") if ext is not None and ext.token is not None else ""
    about = About.of(setup, role, caller, called, group=group, entry=entry)
    return about if said is not None else about._replace(type="")


def _as_group(ctx: Context, setup: CallSetup, caller: Aor) -> CallSetup:
    """As it is where a group has no calls of that type."""
    return _read(lambda: wire_call.for_group(setup, caller, ctx.ids)) or setup


def _role(ctx: Context, incoming: Incoming, caller: Aor | None, called: Aor | None, *, group: bool) -> str:
    """In which it came to this TCF; empty where it had none to come in."""
    if caller is None or called is None:
        return ""
    if group:
        return "master" if ctx.directory.is_home(called) else "visited"
    role = _read(lambda: path.entry(ctx, incoming, caller, called, known=False))
    return role.value if role is not None else ""


def _read(what: Callable[[], T]) -> T | None:
    """None for what cannot be read."""
    try:
        return what()
    except (Decline, RemoteError):
        return None


def _write_leg(
    ctx: Context, account: Account, about: About, leg: LegAccount, cause: str, code: int, by: str
) -> None:  # fmt: skip
    account.settle(ctx.wall)
    spent = account.leave(leg.party)
    _write(
        ctx, "leg", about, code, by, call=leg.call, entry=leg.entry, party=leg.party, peer=leg.peer,
        direction=leg.direction, sip_call_id=leg.sip_call_id, start=leg.start, answer=leg.answer, end=ctx.wall,
        cause=cause, talks=spent.talks, talk_seconds=round(spent.talk_seconds, 3), waits=spent.waits,
        wait_seconds=round(spent.wait_seconds, 3),
    )  # fmt: skip


def _write_call(ctx: Context, account: Account, about: About, cause: str, by: str) -> None:
    """A private call is over with its last leg; of a group no leg need be left."""
    end = ctx.wall if about.group else account.ended or ctx.wall
    account.talk("", end)
    account.wait((), end)
    spent, whole = account.all_spent(), NOTHING
    for one in spent.values():
        whole = whole.plus(one)
    code = account.code if account.answer is None else 0
    _write(
        ctx, "call", about, code, by, start=account.start, answer=account.answer, end=end, cause=cause,
        talkers=_talkers(spent), talks=whole.talks, talk_seconds=round(whole.talk_seconds, 3), waits=whole.waits,
        wait_seconds=round(whole.wait_seconds, 3),
    )  # fmt: skip


def _write(
    ctx: Context, kind: str, about: About, code: int, by: str, *, call: str = "", entry: str = "", **more: Value
) -> None:  # fmt: skip
    """`by` empty: we released it. `call`, `entry`: where they are not those of the whole call."""
    name, own = f"{int(ctx.wall * 1000):014}-{ctx.ids.token()}", ctx.directory.domain
    row = CallRecord(
        name, own, kind, call or about.id, about.type, about.role, about.priority, about.emergency, about.caller,
        about.called, code=code or None, released_by=by or own, entry=entry or about.entry, **more,
    )._asdict()  # fmt: skip
    ctx.save(RECORD, name, {"v": 1, **row})
    ctx.outbox.notices.append(Notice(RECORD, row))


def _talkers(spent: dict[str, Spent]) -> str:
    return " ".join(f"{user}={one.talk_seconds:.3f}" for user, one in spent.items() if one.talks)


def _save(ctx: Context, call: str) -> None:
    """Once a tick."""
    ctx.save_later(OPEN, call, lambda: account.record() if (account := ctx.accounts.get(call)) else None)
