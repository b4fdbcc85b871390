"""A group's call on the stage: what its members do, and what all of them must come to see."""

from functools import partial

from opentcf.cli.demo.actor import Actor, CheckError
from opentcf.cli.demo.network import GROUPS, MASTER, domain
from opentcf.cli.demo.phone import Phone
from opentcf.cli.demo.stage import PATIENCE, Stage
from opentcf.model.call import CallSetup, CallType
from opentcf.terminal import Behaviour, Call, CallState

LOOK = 3.0
"""Seconds that somebody who watches needs for what just happened."""


def member(user: str, at: int = 0, *, left: bool = False, plain: bool = False, near: int = 0) -> Actor:
    """An actor whose equipment takes a group's call by itself."""
    return Actor(user, at, Behaviour.ANSWER, plain, left, near)


class GroupCall:
    """`number` is a group of the master core network."""

    def __init__(self, stage: Stage, number: str = "8001") -> None:
        self.stage = stage
        self.aor = f"{number}@{domain(MASTER)}"
        self.title = f"{number} {GROUPS[number][0]}"

    # --- what persons do

    def dial(self, user: str, *, emergency: bool = False) -> Call:
        """Call the group. A plain phone just dials its number."""
        phone = self.stage[user]
        setup = CallSetup(CallType.GROUP_AUDIO, emergency=emergency)
        return phone.call(self.aor, None if phone.terminal.plain else setup)

    async def begin(self, caller: str, *others: str, emergency: bool = False) -> Call:
        """Call it, until all others are in and know who talks."""
        call = self.dial(caller, emergency=emergency)
        await self.until_in(caller, *others)
        await self.until_floor(caller)
        return call

    def press(self, user: str, *, emergency: bool = False) -> None:
        """Press to talk."""
        self.stage[user].press(self.call_of(user), emergency=emergency)

    def let_go(self, user: str) -> None:
        """Release to listen."""
        self.stage[user].let_go(self.call_of(user))

    async def leave(self, user: str) -> None:
        """Hang up, and be out of the call."""
        call = self.call_of(user)
        self.stage[user].hang_up(call)
        await self.stage.until_over(call, f"{user} has left")

    async def until_queued(self, user: str, position: int) -> None:
        """He was told his place in the queue."""
        phone, text = self.stage[user], str(position)
        await self.stage.until(
            lambda: phone.times("queued", text) + phone.times("floor", f"queue {text}") > 0,
            f"{user} waits at place {text}",
        )

    async def until_heard(self, user: str, name: str, text: str = "", within: float = PATIENCE) -> None:
        """Something came to a terminal, with that text."""
        phone = self.stage[user]
        await self.stage.until(
            lambda: phone.times(name, text) > 0, f"{user} hears: {name} {text}".rstrip(), within
        )

    # --- what all must see

    def call_of(self, user: str) -> Call:
        """The call of one who is in it."""
        call = _up(self.stage[user])
        if call is None:
            raise CheckError(f"{user} is not in the call")
        return call

    async def until_in(self, *users: str, within: float = PATIENCE) -> None:
        """Exactly these are in the call, and their terminals and TCFs have nothing left to say about it."""

        def true() -> bool:
            return {phone.number for phone in self.stage.phones() if _up(phone)} == set(users)

        await self.stage.until(true, f"in the call are {', '.join(users) or 'none'}", within)
        await self.stage.until_quiet()

    async def until_floor(self, talker: str | None, *queue: str, within: float = PATIENCE) -> None:
        """The master and every terminal agree on who talks; the master knows who waits, in this order."""
        full, wait = self._full(talker), [self._full(user) for user in queue]
        await self.stage.until_node(
            MASTER,
            "floors",
            lambda rows: any(
                (row["group"], row["talker"], row["queue"]) == (self.aor, full, wait) for row in rows
            ),
            f"{talker or 'nobody'} talks in {self.title}",
            within,
        )
        for phone in self.stage.phones():
            if not phone.terminal.plain:
                await self.stage.until(
                    partial(_agrees, phone, full or ""),
                    f"{phone.number} knows that {talker or 'nobody'} talks",
                    within,
                )
        await self.stage.until_quiet()

    async def until_over(self, within: float = PATIENCE) -> None:
        """Nothing is left of the call anywhere."""
        await self.stage.until_released(within)

    def _full(self, user: str | None) -> str | None:
        return self.stage[user].uri if user is not None else None


def _up(phone: Phone) -> Call | None:
    return next((call for call in phone.terminal.calls.values() if call.state is CallState.UP), None)


def _agrees(phone: Phone, talker: str) -> bool:
    """Only the talker's terminal believes that it talks; who is in the call knows him."""
    call = _up(phone)
    return call is None or (call.talker == talker and call.talking == (phone.uri == talker))
