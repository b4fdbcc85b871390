"""A terminal of a run: does what the plan says, and writes down what it did and heard."""

import asyncio
from collections.abc import Callable

from opentcf.btrunc import extension
from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Param, Wire
from opentcf.chaos.configuration import EXPIRES
from opentcf.chaos.history import History, Kind
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.runtime.radio import Radio
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.terminal import Call, CallState, Event, control

AGAIN = 1.0
"""Seconds after which a terminal whose registration was refused or ended tries again, as radios do."""


class Phone:
    """`core` is where it is attached; `wanted`: it shall be registered."""

    def __init__(self, user: str, core: int, history: History) -> None:
        self.user = user
        self.core = core
        self.wanted = False
        self.radio: Radio
        self._history = history
        self._grants: dict[str, str] = {}
        self._talking: dict[str, str] = {}
        self._again: asyncio.TimerHandle | None = None

    @property
    def registered(self) -> bool:
        """As far as it knows."""
        return self.radio.terminal.registered

    def call_with(self, remote: str) -> Call | None:
        """The call that it has with somebody, however far it is."""
        return next((call for call in self.calls() if call.remote == remote), None)

    def calls(self) -> list[Call]:
        """Those that are not over."""
        return [call for call in self.radio.terminal.calls.values() if call.state is not CallState.ENDED]

    # --- what it does

    def register(self, core: int, proxy: tuple[str, int]) -> None:
        """Register there, anew if it was elsewhere."""
        terminal, now = self.radio.terminal, self.radio.now
        elsewhere = core != self.core
        self.core, self.wanted = core, True
        self._did("register", core=core)
        if elsewhere:
            terminal.move(Flow("d", "udp", *proxy), now)
        else:
            terminal.register(now, EXPIRES)
        self._done()

    def unregister(self) -> None:
        """De-register."""
        self.wanted = False
        self._did("unregister")
        self.radio.terminal.register(self.radio.now, 0)
        self._done()

    def dial(self, remote: str, verb: str) -> None:
        """Call a user or group."""
        self._did(verb, to=remote)
        self.radio.terminal.call(remote, self.radio.now)
        self._done()

    def hang_up(self, call: Call) -> None:
        """Leave a call, or cancel it."""
        self._did("hang up", call=call.id, key=call.key, remote=call.remote)
        self.radio.terminal.hang_up(call, self.radio.now)
        self._done()

    def press(self, call: Call) -> None:
        """Ask for the floor."""
        self._did("press", call=call.id, key=call.key, remote=call.remote)
        self.radio.terminal.press(call, self.radio.now)
        self._done()

    def release(self, call: Call) -> None:
        """Give the floor back."""
        self._did("release", call=call.id, key=call.key, remote=call.remote)
        self.radio.terminal.let_go(call, self.radio.now)
        self._done()

    def text(self, remote: str, msgid: str, *, group: bool) -> None:
        """Send short data."""
        self._did("group text" if group else "text", to=remote, msgid=msgid)
        self.radio.terminal.message(remote, f"message {msgid}", self.radio.now, msgid=msgid, group=group)
        self._done()

    def order(self, verb: str, about: str, members: tuple[str, ...], msgid: str) -> None:
        """Stun or revive a user, or make, change or end a temporary group."""
        order = _order(verb, Aor.parse(about), members)
        self._did(verb, to=about, members=list(members), msgid=msgid)
        named = ((Param.MESSAGE_ID, msgid),) if members or verb == "delete" else ()
        params, now = (*order.params, *named), self.radio.now
        self.radio.terminal.page(order.uri, order.token, params, now, order.body, order.content_type, msgid)
        self._done()

    # --- what it hears

    def heard(self, event: Event) -> None:
        """The terminal noticed something."""
        call, page = event.call, event.page
        about: dict[str, object] = {"status": event.status, "text": event.text}
        if call is not None:
            about |= {"call": call.id, "key": call.key, "remote": call.remote}
        if page is not None:
            about |= {"msgid": page.msgid or page.key, "sender": page.sender}
        if event.name in ("registered", "refreshed", "refused", "kicked") and page is None:
            about["core"] = self.core
        self._history.add(Kind.HEARD, self.user, event.name, **about)
        if event.name == "granted" and call is not None:
            self._grants[call.key] = event.text
        self._watch_floor()

    def tapped(self, data: bytes) -> None:
        """A BYE as it came: what a terminal reads as normal need not say so."""
        if not data.startswith(b"BYE "):
            return
        try:
            bye = parse(data)
            assert isinstance(bye, Request)
            said = extension.read(bye, Wire())
            call = self.radio.terminal.calls.get(bye.to_tag() or "")
        except RemoteError:
            return
        if call is not None:
            cause = said.get(Param.CAUSE) if said is not None else None
            about = {"cause": cause, "reason": bye.headers.get("Reason"), "call": call.id}
            self._history.add(Kind.HEARD, self.user, "bye", key=call.key, remote=call.remote, **about)

    def lost(self, attach: Callable[[], None]) -> None:
        """It shall be registered and is not: try again in a while."""
        if self._again is None:
            loop = asyncio.get_running_loop()
            self._again = loop.call_later(AGAIN, self._try_again, attach)

    def _try_again(self, attach: Callable[[], None]) -> None:
        self._again = None
        if self.wanted and not self.registered:
            attach()

    # --- inside

    def _did(self, verb: str, **about: object) -> None:
        self._history.add(Kind.DID, self.user, verb, **about)

    def _done(self) -> None:
        self.radio.pump()
        self._watch_floor()

    def _watch_floor(self) -> None:
        """Write down when it begins and ceases to talk."""
        now = {
            call.key: self._grants.get(call.key, "")
            for call in self.calls()
            if call.talking and self._grants.get(call.key)
        }
        for key in self._talking.keys() - now.keys():
            self._history.add(Kind.HEARD, self.user, "silent", key=key)
            self._grants.pop(key, None)
        for key, grant in now.items():
            if self._talking.get(key) != grant:
                call = self.radio.terminal.calls[key]
                about = {"key": key, "call": call.id, "remote": call.remote, "grant": grant}
                self._history.add(Kind.HEARD, self.user, "talks", **about)
        self._talking = now


def _order(verb: str, about: Aor, members: tuple[str, ...]) -> control.Order:
    states = {"stun": UserState.STUNNED, "revive": UserState.NORMAL}
    if verb in states:
        return control.becomes(states[verb], about)
    wish = Regroup(RegroupAction(verb), tuple(Member(Aor.parse(member)) for member in members))
    return control.regroup(about, wish, Wire())
