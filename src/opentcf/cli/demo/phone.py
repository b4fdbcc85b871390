"""An actor's equipment on the stage."""

from opentcf.btrunc.wire import Package, Token
from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.network import D_PORT, domain, host
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.runtime.radio import Radio
from opentcf.sip.outbox import Flow
from opentcf.terminal import Call, Event, Watch
from opentcf.terminal.control import Order


class Phone:
    """An actor's equipment. Every verb carries out at once what the terminal orders."""

    def __init__(self, radio: Radio, actor: Actor) -> None:
        self.radio = radio
        self.terminal = radio.terminal
        self.actor = actor
        self._mark = 0

    @property
    def number(self) -> str:
        """The user's number."""
        return self.terminal.user.number

    @property
    def uri(self) -> str:
        """The user with his home domain."""
        return str(self.terminal.user)

    def register(self, expires: int = 600, kind: RegType = RegType.INITIAL) -> None:
        """Register, or refresh."""
        self.terminal.register(self.radio.now, expires, kind)
        self.radio.pump()

    def unregister(self) -> None:
        """De-register."""
        self.terminal.register(self.radio.now, 0)
        self.radio.pump()

    def move(self, core: int) -> None:
        """Attach to another core network."""
        self.terminal.move(Flow("d", "udp", host(core), D_PORT), self.radio.now)
        self.radio.pump()

    def hand_over(self, core: int, call: Call | None = None) -> None:
        """Attach to another core network by handover; the call comes along."""
        flow = Flow("d", "udp", host(core), D_PORT)
        self.terminal.move(flow, self.radio.now, RegType.HANDOVER, call)
        self.radio.pump()

    def prepare(self, call: Call, core: int) -> None:
        """Say where the handover will go."""
        self.terminal.prepare(call, domain(core), self.radio.now)
        self.radio.pump()

    def call(self, number: str, setup: CallSetup | None = None, offer: bytes | None = None) -> Call:
        """Call somebody; `offer` in place of a description of its own."""
        call = self.terminal.call(number, self.radio.now, setup, offer)
        self.radio.pump()
        return call

    def answer(self, call: Call) -> None:
        """Take a call."""
        self.terminal.answer(call, self.radio.now)
        self.radio.pump()

    def reject(self, call: Call) -> None:
        """Refuse a call."""
        self.terminal.reject(call, self.radio.now)
        self.radio.pump()

    def hang_up(self, call: Call) -> None:
        """Release or cancel a call."""
        self.terminal.hang_up(call, self.radio.now)
        self.radio.pump()

    def change(self, call: Call, direction: str) -> None:
        """Hold or resume."""
        self.terminal.change(call, direction, self.radio.now)
        self.radio.pump()

    def become(self, call: Call, kind: CallType, direction: str = "sendrecv") -> None:
        """Make another kind of call of it, which adds or removes streams."""
        self.terminal.become(call, CallSetup(kind), direction, self.radio.now)
        self.radio.pump()

    def enter(self, party: Aor, call: Call, operation: Token = Token.INSERT) -> Call:
        """Enter somebody's call, by force or only to listen."""
        entered = self.terminal.enter(party, call.id, self.radio.now, operation)
        self.radio.pump()
        return entered

    def text(
        self, to: str, text: str, *, group: bool = False, charset: str = "utf-8", msgid: str = ""
    ) -> str:
        """Send short data; returns its msgid."""
        msgid = self.terminal.message(to, text, self.radio.now, group=group, charset=charset, msgid=msgid)
        self.radio.pump()
        return msgid

    def dispatch(self, order: Order) -> None:
        """Give an order of a dispatcher."""
        self.terminal.dispatch(order, self.radio.now)
        self.radio.pump()

    def watch(self, package: Package, number: str = "") -> Watch:
        """Subscribe to an event; no number: all."""
        watch = self.terminal.watch(package, self.radio.now, number)
        self.radio.pump()
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Watch no longer."""
        self.terminal.unwatch(watch, self.radio.now)
        self.radio.pump()

    def addresses(self) -> None:
        """Ask for the address book."""
        self.terminal.addresses(self.radio.now)
        self.radio.pump()

    def press(self, call: Call, *, emergency: bool = False) -> None:
        """Ask for the floor."""
        self.terminal.press(call, self.radio.now, emergency=emergency)
        self.radio.pump()

    def let_go(self, call: Call) -> None:
        """Give the floor, or the place in the queue, back."""
        self.terminal.let_go(call, self.radio.now)
        self.radio.pump()

    def withdraw(self, call: Call) -> None:
        """Cancel the request for the floor."""
        self.terminal.withdraw(call, self.radio.now)
        self.radio.pump()

    def calm(self, call: Call) -> None:
        """End the emergency."""
        self.terminal.calm(call, self.radio.now)
        self.radio.pump()

    def is_registered(self) -> bool:
        """Does the terminal believe so?"""
        return self.terminal.registered

    def watches_nothing(self) -> bool:
        """Has it no subscription?"""
        return not self.terminal.watches

    def is_idle(self) -> bool:
        """Has it no call?"""
        return not self.terminal.calls

    def begin(self) -> None:
        """What was heard so far belongs to the preparations."""
        self._mark = len(self.radio.heard)

    def heard(self, name: str) -> Event | None:
        """The first event of that name since the procedure began."""
        return next((event for event in self.radio.heard[self._mark :] if event.name == name), None)

    def times(self, name: str, text: str = "") -> int:
        """How often an event of that name and text was heard since the procedure began."""
        heard = self.radio.heard[self._mark :]
        return sum(1 for event in heard if event.name == name and text in ("", event.text))

    def told(self) -> str:
        """All that was heard, for people."""
        events = self.radio.heard[self._mark :]
        return ", ".join(f"{event.name} {event.status or ''}".strip() for event in events) or "nothing"
