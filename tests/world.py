"""A world in one process: TCFs, terminals and bad links on virtual time, from one seed.

Rule one: nothing here sleeps or looks at a clock; the next event is the smallest on one heap.
Rule two: what a seed did once it does again. Rule three: a node's saves reach its store before its sends leave.
"""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, NoReturn

from tests.lookout import Lookout

from opentcf.model.bounds import LimitSettings, TimerSettings
from opentcf.model.call import CallSetup
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber
from opentcf.node.node import Node
from opentcf.node.orders import Command, Reply, Save, Value
from opentcf.node.settings import Listener, Settings, Side
from opentcf.services.leg import LegState
from opentcf.sip import digest
from opentcf.sip.outbox import Flow, Notice, Send
from opentcf.sip.transaction import Layer, Owner, State
from opentcf.sip.transaction.layer import TransactionAlarm
from opentcf.terminal import Behaviour, Call, CallState, Terminal

TC2_PORT, D_PORT = 5060, 5070
PASSWORD = "secret"
WALL = 1_000_000_000.0
LASTING = (
    "heartbeat",
    "home_registration",
    "visited_registration",
    "short_data",
    "subscription",
    "group_info",
)
"""Procedures whose timers run on in a quiet node."""


class Chance:
    """The `Ids` of a node or terminal, from the world's seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


class Link(NamedTuple):
    """What a way does to datagrams: chances to lose, double and reorder them, and the seconds they take."""

    loss: float = 0.0
    double: float = 0.0
    delay: tuple[float, float] = (0.005, 0.02)
    reorder: float = 0.0


class Passed(NamedTuple):
    """A line of the transcript."""

    at: float
    source: str
    target: str
    data: bytes
    fate: str


class Core:
    """One TCF: its settings and its store outlive the node."""

    def __init__(self, number: int, settings: Settings) -> None:
        self.number = number
        self.name = f"core{number}"
        self.host = f"127.0.{number}.1"
        self.settings = settings
        self.store: dict[str, dict[str, Value]] = {}
        self.node: Node | None = None
        self.lives = 0
        self.replies: list[Reply] = []

    @property
    def domain(self) -> str:
        return self.settings.domain

    @property
    def proxy(self) -> Flow:
        """Where its terminals send."""
        return Flow("d", "udp", self.host, D_PORT)

    def keep(self, save: Save) -> None:
        """What a store does."""
        rows = self.store.setdefault(save.kind, {})
        if save.value is None:
            rows.pop(save.key, None)
        else:
            rows[save.key] = save.value


Party = Core | Terminal


class World:
    """`nodes` TCFs `core1.example` … with `users` subscribers each: 1001, 1002 … at core1, 2001 … at core2."""

    def __init__(
        self,
        seed: int = 0,
        *,
        nodes: int = 4,
        users: int = 5,
        loss: float = 0.0,
        double: float = 0.0,
        delay: tuple[float, float] = (0.005, 0.02),
        reorder: float = 0.0,
        timers: TimerSettings | None = None,
    ) -> None:
        self.seed = seed
        self.random = random.Random(f"world {seed}")
        self.now = 1000.0
        self.link = Link(loss, double, delay, reorder)
        self.links: dict[tuple[str, str], Link] = {}
        """Ways that are not like the others, by the names of both ends."""
        self.lose: Callable[[str, str, bytes], bool] = lambda source, target, data: False
        """May single out datagrams to be lost."""
        self.garble: Callable[[str, bytes], bytes] = lambda source, data: data
        """May change what arrives from somebody."""
        self.cut: set[frozenset[str]] = set()
        self.lookout = Lookout()
        self.transcript: list[Passed] = []
        self.notices: list[Notice] = []
        self.in_flight = 0
        self.terminals: dict[str, Terminal] = {}
        self._made = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._wakes: dict[Party, float] = {}
        self._looked = 0.0
        self._at: dict[tuple[str, int], Party] = {}
        self._names: dict[str, str] = {}
        durations = timers or TimerSettings()
        self.cores = {n: Core(n, _settings(n, nodes, users, durations)) for n in range(1, nodes + 1)}
        for core in self.cores.values():
            self._names[core.host] = core.name
            self._at[core.host, TC2_PORT] = self._at[core.host, D_PORT] = core
            self.restart(core.number)

    # --- TCFs

    def node(self, number: int) -> Node:
        """A TCF that runs."""
        node = self.cores[number].node
        assert node is not None, f"core{number} is down"
        return node

    def running(self) -> list[Core]:
        """Those that run."""
        return [core for core in self.cores.values() if core.node is not None]

    def crash(self, number: int) -> None:
        """Like kill -9: what the store holds is all that stays."""
        self.cores[number].node = None
        self._note(self.cores[number].name, "crashed")

    def restart(self, number: int, *, forget: bool = False) -> None:
        """Start it, or start it again; `forget` loses its store, so that it comes with a new epoch."""
        core = self.cores[number]
        if forget:
            core.store = {}
        core.lives += 1
        core.node = Node(core.settings, Chance(f"{self.seed} {core.name} {core.lives}"))
        self._note(core.name, "started")
        snapshot = {kind: dict(rows) for kind, rows in core.store.items()}
        core.node.load(snapshot, self.now, self.now + WALL)
        self.touch(core)

    def command(self, number: int, name: str, **arguments: Value) -> None:
        """What a person asks of a TCF."""
        self.node(number).command(Command(name, arguments), self.now)
        self.touch(self.cores[number])

    def part(self, one: str, other: str, seconds: float | None = None) -> None:
        """No datagram passes between two of them any more, for a while or until `cut` is cleared."""
        way = frozenset((one, other))
        self.cut.add(way)
        if seconds is not None:
            self.after(seconds, lambda: self.cut.discard(way))

    # --- terminals

    def terminal(
        self, number: str, at: int, behaviour: Behaviour = Behaviour.ANSWER, **more: Any
    ) -> Terminal:
        """A terminal of the user, attached to the D side of TCF `at`; it does not register by itself."""
        self._made = which = self._made + 1
        user = Aor(number, f"core{number[0]}.example")
        host, port, proxy = f"127.0.9.{which}", 6000 + which, self.cores[at].proxy
        again = f" {which}" if number in self._names.values() else ""
        ids = Chance(f"{self.seed} {number}{again}")
        ua = Terminal(user, PASSWORD, proxy, host, port, ids, behaviour=behaviour, **more)
        self.terminals[number] = ua
        self._at[host, port] = ua
        self._names[host] = number
        return ua

    def visited(self, ua: Terminal) -> Core:
        """The TCF that a terminal is attached to."""
        core = self._at[ua.proxy.host, ua.proxy.port]
        assert isinstance(core, Core)
        return core

    def register(self, ua: Terminal, expires: int = 600) -> None:
        ua.register(self.now, expires)
        self.touch(ua)

    def move(self, ua: Terminal, to: int) -> None:
        ua.move(self.cores[to].proxy, self.now)
        self.touch(ua)

    def call(self, ua: Terminal, number: str, setup: CallSetup | None = None) -> Call:
        """Call somebody by his number alone."""
        call = ua.call(f"{number}@core{number[0]}.example", self.now, setup)
        self.touch(ua)
        return call

    def answer(self, ua: Terminal, call: Call | None = None) -> None:
        ua.answer(call or _only(ua), self.now)
        self.touch(ua)

    def reject(self, ua: Terminal, call: Call | None = None, status: int = 603) -> None:
        ua.reject(call or _only(ua), self.now, status)
        self.touch(ua)

    def hang_up(self, ua: Terminal, call: Call | None = None) -> None:
        ua.hang_up(call or _only(ua), self.now)
        self.touch(ua)

    def text(self, ua: Terminal, to: str, content: str | bytes = "hello", **more: Any) -> str:
        """Send short data to somebody by his number alone; returns its msgid."""
        msgid = ua.message(f"{to}@core{to[0]}.example", content, self.now, **more)
        self.touch(ua)
        return msgid

    def switch_off(self, ua: Terminal) -> None:
        """Like pulling its battery: for all others it is silent from now on."""
        if self.terminals.pop(ua.user.number, None) is not None:
            del self._at[ua.host, ua.port]
            self._note(ua.user.number, "switched off")

    def rebind(self, ua: Terminal) -> None:
        """The network gives it another address; its registration does not know it yet."""
        del self._at[ua.host, ua.port]
        self._made = which = self._made + 1
        ua.host, ua.port = ua.line.host, ua.line.port = f"127.0.9.{which}", 6000 + which
        self._at[ua.host, ua.port] = ua
        self._names[ua.host] = ua.user.number

    def events(self, ua: Terminal) -> list[str]:
        """What its person noticed."""
        return [event.name for event in ua.events]

    # --- time

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later."""
        heappush(self._heap, (self.now + delay, next(self._number), action))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while self._heap and self._heap[0][0] <= until:
            when, _, action = heappop(self._heap)
            self.now = max(self.now, when)
            action()
            if self.now >= self._looked + 1.0:
                self._look()
        self.now = until

    def settle(self, bound: float = 400.0, *, standing: bool = False) -> None:
        """Let time pass until nothing goes on but heartbeats, registrations and (`standing`) traces of refreshes."""
        until = self.now + bound
        while trouble := self.unrest(standing):
            if self.now >= until:
                self.fail(f"not quiet after {bound} s", trouble)
            self.run(1.0)

    def unrest(self, standing: bool = False) -> list[str]:
        """What goes on besides heartbeats: on the links, in transactions, kick-offs not yet answered."""
        found = [f"{self.in_flight} datagrams under way"] if self.in_flight else []
        for core in self.running():
            assert core.node is not None
            found += [f"{core.name}: {key}" for key in _transactions(core.node._layer, standing)]
            found += [f"{core.name}: kick {key}" for key in core.store.get("kick", {})]
        for number, ua in self.terminals.items():
            found += [f"{number}: {key}" for key in _transactions(ua.line.layer, standing)]
        return found

    # --- what must hold when it is quiet

    def disagreements(self) -> list[str]:
        """Calls: each leg has its partner, up on both ends, and no terminal holds a call alone.
        Registrations: V and H name each other, and the terminal that thinks it is registered is."""
        return self._calls() + self._registrations()

    def remains(self) -> list[str]:
        """What is left in nodes, stores and timers besides heartbeats and registrations."""
        found = []
        for core in self.running():
            node = core.node
            assert node is not None
            found += [f"{core.name}: {leg}" for leg in node._ctx.legs.values()]
            found += [f"{core.name}: {call}" for call in node.procedures.private_call._calls.values()]
            found += [f"{core.name}: stored call {key}" for key in core.store.get("private_call", {})]
            found += [f"{core.name}: engaged {user}" for user in _engaged(node)]
            found += [f"{core.name}: timer {target}" for target in map(_outlived, _targets(node)) if target]
        found += [f"{number}: {call}" for number, ua in self.terminals.items() for call in ua.calls.values()]
        return found

    def check(self, *, empty: bool = False) -> None:
        """Fail with the transcript unless everybody agrees, and (`empty`) no call is left anywhere."""
        trouble = self.disagreements() + (self.remains() if empty else [])
        if trouble:
            self.fail("the world disagrees", trouble)

    def fail(self, what: str, trouble: list[str], lines: int = 400) -> NoReturn:
        """Say everything and stop."""
        raise AssertionError(f"seed {self.seed}: {what}\n  " + "\n  ".join(trouble) + "\n" + self.told(lines))

    def told(self, lines: int = 400) -> str:
        """The transcript for people, without heartbeats."""
        chosen = [passed for passed in self.transcript if not _short(passed.data).endswith("OPTIONS")]
        return "\n".join(_line(passed) for passed in chosen[-lines:])

    def ladder(self) -> list[str]:
        """What the calls brought about: `1001 core1 INVITE`, `core1 1001 100 INVITE`, in the order of sending."""
        said = [(f"{p.source} {p.target}", _short(p.data)) for p in self.transcript if p.target]
        return [
            f"{way} {what}" for way, what in said if what.rpartition(" ")[2] not in ("OPTIONS", "REGISTER")
        ]

    # --- inside

    def _look(self) -> None:
        self._looked = self.now
        for core in self.running():
            assert core.node is not None
            if overdue := list(self.lookout.overdue(core.node, self.now)):
                self.fail(f"{core.name} waits for too long", overdue)

    def touch(self, party: Party) -> None:
        """Take what a party wants sent, and note when it wants to be woken; one that is off wants nothing."""
        if self._is_off(party):
            return
        if isinstance(party, Core):
            if (node := party.node) is None:
                return
            batch = node.drain()
            for save in batch.saves:
                party.keep(save)
            sends, host, name, deadline = batch.sends, party.host, party.name, node.deadline()
            party.replies += batch.replies
            self.notices += batch.notices
            for notice in batch.notices:
                if notice.name == "fault":
                    self.fail(
                        "a fault", [f"{party.name}: {notice.fields['trace']}", notice.fields["message"]]
                    )
        else:
            sends, host, name, deadline = party.drain(), party.host, party.user.number, party.deadline()
        for send in sends:
            self._carry(send, host, name, party)
        if deadline is not None and not self.now < self._wakes.get(party, 0.0) <= deadline:
            self._wakes[party] = max(deadline, self.now)
            heappush(self._heap, (self._wakes[party], next(self._number), lambda: self._wake(party)))

    def _is_off(self, party: Party) -> bool:
        """Switched off, or another terminal of its user is there instead."""
        return isinstance(party, Terminal) and self.terminals.get(party.user.number) is not party

    def _wake(self, party: Party) -> None:
        if self._wakes.get(party) == self.now:
            del self._wakes[party]
        target = party.node if isinstance(party, Core) else party
        if target is not None and (due := target.deadline()) is not None and due <= self.now:
            target.wake(self.now)
        self.touch(party)

    def _carry(self, send: Send, host: str, name: str, sender: Party) -> None:
        """Onto the link, which does its worst."""
        flow = send.flow
        target = self._names.get(flow.host, f"{flow.host}:{flow.port}")
        link = self.links.get((name, target), self.link)
        heard = self._at.get((flow.host, flow.port))
        if wrong := self.lookout.sent(send.data, self.now):
            self.fail(f"{name} is wrong", [wrong])
        gone = frozenset((name, target)) in self.cut or self.lose(name, target, send.data)
        if heard is None or gone or self.random.random() < link.loss:
            self.transcript.append(Passed(self.now, name, target, send.data, "LOST"))
            return
        port = sender.port if isinstance(sender, Terminal) else TC2_PORT if flow.side == "tc2" else D_PORT
        source = Flow("tc2" if flow.port == TC2_PORT else "d", "udp", host, port)
        heartbeat = _short(send.data).endswith("OPTIONS")

        def arrive() -> None:
            self.in_flight -= not heartbeat
            self._arrive(heard, self.garble(name, send.data), source)

        copies = 2 if self.random.random() < link.double else 1
        for copy in range(copies):
            late = 10 * link.delay[1] if self.random.random() < link.reorder else 0.0
            fate = "twice" if copy else "late" if late else ""
            self.transcript.append(Passed(self.now, name, target, send.data, fate))
            self.in_flight += not heartbeat
            self.after(self.random.uniform(*link.delay) + late, arrive)

    def _arrive(self, party: Party, data: bytes, source: Flow) -> None:
        target = party.node if isinstance(party, Core) else party
        if target is not None:
            target.receive(data, source, self.now)
            self.touch(party)

    def _note(self, name: str, what: str) -> None:
        self.transcript.append(Passed(self.now, name, "", what.encode(), ""))

    def _calls(self) -> list[str]:
        found = []
        held = {}
        for number, ua in self.terminals.items():
            for call in ua.calls.values():
                if call.state is not CallState.UP:
                    found.append(f"{number}: {call} is neither up nor over")
                held[call.dialog.call_id, call.dialog.local_tag, call.dialog.remote_tag] = f"{number}: {call}"
        for core in self.running():
            assert core.node is not None
            for leg in core.node._ctx.legs.values():
                if leg.state is not LegState.UP:
                    found.append(f"{core.name}: {leg} is neither up nor over")
                dialog = leg.dialog
                held[dialog.call_id, dialog.local_tag, dialog.remote_tag] = f"{core.name}: {leg}"
        return found + [
            f"alone: {who}"
            for (call_id, local, remote), who in held.items()
            if (call_id, remote, local) not in held
        ]

    def _registrations(self) -> list[str]:
        found = []
        by_domain = {core.domain: core for core in self.cores.values()}
        bound, attached = {}, {}
        for core in self.running():
            assert core.node is not None
            for binding in core.node._ctx.directory.bindings():
                bound[binding.user, binding.visited] = binding.call_id
            for attachment in core.node._ctx.directory.attachments():
                attached[attachment.user, core.domain] = attachment.home_call_id
        for (user, domain), call_id in bound.items():
            if by_domain[domain].node is not None and attached.get((user, domain)) != call_id:
                found.append(
                    f"{user} is bound to {domain} as {call_id}, where {attached.get((user, domain))} stands"
                )
        for user, domain in attached.keys() - bound.keys():
            if by_domain[user.domain].node is not None:
                found.append(f"{user} is attached at {domain}, his home knows nothing of it")
        for number, ua in self.terminals.items():
            core = self.visited(ua)
            if ua.registered and core.node is not None and (ua.user, core.domain) not in attached:
                found.append(f"{number} thinks it is registered at {core.name}")
        return found


def _settings(number: int, nodes: int, users: int, timers: TimerSettings) -> Settings:
    domain, host = f"core{number}.example", f"127.0.{number}.1"
    peers = tuple(
        Peer(f"core{other}.example", "udp", f"127.0.{other}.1", TC2_PORT)
        for other in range(1, nodes + 1)
        if other != number
    )
    subscribers = []
    for user in range(1, users + 1):
        digits = f"{number}{user:03}"
        secrets = {name: digest.ha1(name, digits, domain, PASSWORD) for name in ("MD5", "SHA-256")}
        subscribers.append(Subscriber(Aor(digits, domain), ha1=secrets))
    return Settings(
        domain,
        tc2=Side((Listener("udp", host, TC2_PORT),)),
        d=Side((Listener("udp", host, D_PORT),)),
        peers=peers,
        subscribers=tuple(subscribers),
        timers=timers,
        limits=LimitSettings(),
    )


def _only(ua: Terminal) -> Call:
    (call,) = ua.calls.values()
    return call


def _transactions(layer: Layer, standing: bool) -> list[str]:
    """Heartbeats go on for ever, and answered registrations linger; kick-offs are seen by their records.

    While calls are standing their refreshes linger, too: an INVITE that was answered and acknowledged.
    """
    return [
        repr(txn)
        for table in (layer._clients, layer._servers)
        for key, txn in table.items()
        if "OPTIONS" not in key
        and ("REGISTER" not in key or txn.state < State.COMPLETED)
        and not (standing and txn.state is State.ACCEPTED and txn.repeat is None)
    ]


def _engaged(node: Node) -> list[str]:
    directory = node._ctx.directory
    users = {a.user for a in directory.attachments()} | {s.aor for s in directory.subscribers()}
    return sorted(str(user) for user in users if directory.load(user))


def _targets(node: Node) -> list[object]:
    return [timer.target for _, _, timer in node._timers._heap if timer.target is not None]


def _outlived(target: object) -> str:
    if isinstance(target, TransactionAlarm):
        lasts = any(method in target.transaction.key for method in ("OPTIONS", "REGISTER"))
        return "" if lasts else repr(target.transaction)
    return "" if isinstance(target, Owner) and target.procedure in LASTING else repr(target)


def _short(data: bytes) -> str:
    """`INVITE`, or `200 INVITE`."""
    head = data.decode("utf-8", "replace").split("\r\n")
    words = head[0].split(" ")
    if words[0] != "SIP/2.0":
        return words[0]
    method = next((line.rpartition(" ")[2] for line in head if line.lower().startswith("cseq:")), "")
    return f"{words[1]} {method}"


def _line(passed: Passed) -> str:
    at = f"{passed.at - 1000:9.3f}  "
    if not passed.target:
        return f"{at}{passed.source} {passed.data.decode()}"
    head = passed.data.decode("utf-8", "replace").split("\r\n")
    kept = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    named = f"{kept.get('call-id', '')[:8]} {kept.get('cseq', '')}"
    return f"{at}{passed.source:>6} → {passed.target:<6} {head[0][:60]:<60} {named:<24} {passed.fate}"
