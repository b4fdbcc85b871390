"""Who there is in a run: core networks, their users, the groups, and the durations that the nodes are set to."""

from typing import NamedTuple

PASSWORD = "chaos"


class Durations(NamedTuple):
    """Seconds, by the names of `[timers]` and `[[peer]]`. Short, so that a short run sees them pass."""

    heartbeat: float = 0.7
    heartbeat_wait: float = 0.7
    t1: float = 2.0
    t2: float = 20.0
    t3: float = 1.0
    t4: float = 8.0
    tdown: float = 4.0
    tconfirm: float = 2.0
    tring: float = 10.0
    sip_t1: float = 0.1
    sip_t2: float = 0.4
    sip_t4: float = 0.5

    @property
    def cut_off(self) -> float:
        """How long a talker's V may need to notice that it is cut off and to take his floor: T1 runs from the first
        heartbeat that is not answered."""
        return self.heartbeat + self.t1


class Group(NamedTuple):
    """A group and the core network that masters it."""

    number: str
    core: int
    members: tuple[str, ...]

    @property
    def aor(self) -> str:
        """Number and domain."""
        return f"{self.number}@{domain(self.core)}"


class Cast(NamedTuple):
    """`terminals` users in each of `cores` core networks, and a dispatcher in the first."""

    cores: int = 4
    terminals: int = 3
    durations: Durations = Durations()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the core networks."""
        return tuple(range(1, self.cores + 1))

    def users(self, core: int) -> tuple[str, ...]:
        """At home there."""
        return tuple(f"{core}{number:03}@{domain(core)}" for number in range(1, self.terminals + 1))

    @property
    def everybody(self) -> tuple[str, ...]:
        """All terminals."""
        return tuple(user for core in self.numbers for user in self.users(core))

    @property
    def dispatcher(self) -> str:
        """Who stuns, revives and regroups."""
        return f"1100@{domain(1)}"

    @property
    def groups(self) -> tuple[Group, ...]:
        """Two, mastered by different core networks."""
        second = min(2, self.cores)
        ways = ((1, "8001", 0), (second, "8002", 1))
        return tuple(
            Group(number, core, tuple(user for c in self.numbers for user in self.users(c)[at : at + 2]))
            for core, number, at in ways
        )

    @property
    def temporary(self) -> tuple[str, ...]:
        """Groups that the dispatcher makes and ends."""
        return tuple(f"89{number:02}@{domain(1)}" for number in (1, 2))


def domain(core: int) -> str:
    """The SIP domain of a core network."""
    return f"core{core}.example"


def name(core: int) -> str:
    """How the history calls its node."""
    return f"core{core}"


def way(one: int, other: int) -> str:
    """How the history calls the way between two nodes."""
    low, high = sorted((one, other))
    return f"{name(low)}-{name(high)}"


def home(aor: str) -> int:
    """The core network in which a user or group is at home."""
    return int(aor.partition("@core")[2].partition(".")[0])
