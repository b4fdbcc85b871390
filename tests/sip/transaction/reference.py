"""The four machines once more, as RFC 3261 figures 5-8 and RFC 6026 §7, §8 draw them: the judge, not the judged.

Written from the figures alone. States are words, timers are instants by their letters; each input returns nothing and
appends to `sent` and `told`.
"""

T1, T2, T4 = 0.5, 4.0, 5.0
C = 65.0
"""How long an INVITE may ring: timer C of a proxy (§16.6), which a B2BUA needs as well."""


class Machine:
    """What the figures have in common: a state, timers by letter, what was sent, what the user was told."""

    start = ""

    def __init__(self, reliable: bool, now: float) -> None:
        self.reliable = reliable
        self.state = self.start
        self.now = now
        self.timers: dict[str, float] = {}
        self.interval: dict[str, float] = {}
        self.sent: list[tuple[float, str]] = []
        self.told: list[tuple[float, int | str]] = []
        self.began()

    def began(self) -> None:
        """What happens on entering the first state."""

    def timer(self, letter: str) -> None:
        """A timer goes off."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self.timers:
            letter = min(self.timers, key=lambda name: (self.timers[name], name in "AEG2"))
            if self.timers[letter] > until:
                break
            self.now = self.timers.pop(letter)
            self.timer(letter)
        self.now = until

    def send(self, what: str) -> None:
        self.sent.append((self.now, what))

    def tell(self, what: int | str) -> None:
        self.told.append((self.now, what))

    def run(self, letter: str, seconds: float) -> None:
        self.timers[letter] = self.now + seconds
        self.interval[letter] = seconds

    def enter(self, state: str, *stopped: str) -> None:
        self.state = state
        for letter in stopped:
            self.timers.pop(letter, None)

    def linger(self, state: str, letter: str, seconds: float) -> None:
        """Enter a state that only waits for one timer, which is zero where nothing can come any more."""
        self.state = state
        self.timers.clear()
        if seconds:
            self.run(letter, seconds)
        else:
            self.state = "terminated"


class InviteClient(Machine):
    """Figure 5 with RFC 6026 figure 2 (Accepted, timer M)."""

    start = "calling"

    def began(self) -> None:
        self.send("INVITE")
        if not self.reliable:
            self.run("A", T1)
        self.run("B", 64 * T1)
        self.acknowledged = False

    def timer(self, letter: str) -> None:
        if letter == "A":
            self.send("INVITE")
            self.run("A", 2 * self.interval["A"])
        elif letter in "BC":
            self.enter("terminated", "A")
            self.tell(408)
        else:
            self.enter("terminated")

    def response(self, status: int) -> None:
        if status < 200 and self.state in ("calling", "proceeding"):
            if self.state == "calling":
                self.run("C", C)
            self.enter("proceeding", "A", "B")
            self.tell(status)
        elif 200 <= status < 300 and self.state in ("calling", "proceeding"):
            self.linger("accepted", "M", 64 * T1)
            self.tell(status)
        elif 200 <= status < 300 and self.state == "accepted" and self.acknowledged:
            self.send("ACK")
        elif status >= 300 and self.state in ("calling", "proceeding"):
            self.send("ACK")
            self.linger("completed", "D", 0 if self.reliable else 64 * T1)
            self.tell(status)
        elif status >= 300 and self.state == "completed":
            self.send("ACK")

    def broken(self) -> None:
        if self.state == "calling":
            self.enter("terminated", "A", "B")
            self.tell(503)

    def user_acknowledges(self) -> None:
        if self.state == "accepted":
            self.send("ACK")
            self.acknowledged = True


class Client(Machine):
    """Figure 6."""

    start = "trying"

    def began(self) -> None:
        self.send("OPTIONS")
        if not self.reliable:
            self.run("E", T1)
        self.run("F", 64 * T1)

    def timer(self, letter: str) -> None:
        if letter == "E":
            self.send("OPTIONS")
            self.run("E", min(2 * self.interval["E"], T2) if self.state == "trying" else T2)
        elif letter == "F":
            self.enter("terminated", "E")
            self.tell(408)
        else:
            self.enter("terminated")

    def response(self, status: int) -> None:
        if self.state not in ("trying", "proceeding"):
            return
        if status < 200:
            self.enter("proceeding")
        else:
            self.linger("completed", "K", 0 if self.reliable else T4)
        self.tell(status)

    def broken(self) -> None:
        if self.state in ("trying", "proceeding"):
            self.enter("terminated", "E", "F")
            self.tell(503)


class InviteServer(Machine):
    """Figure 7 with RFC 6026 figure 1 (Accepted, timer L); timer 2 is the user's repetition of its 2xx (§13.3.1.4)."""

    start = "proceeding"

    def began(self) -> None:
        self.last = ""

    def timer(self, letter: str) -> None:
        if letter in "G2":
            self.send(self.last)
            self.run(letter, min(2 * self.interval[letter], T2))
        else:
            if letter == "L" and "2" in self.timers:
                self.tell("unacknowledged")
            self.enter("terminated", "G", "2")

    def respond(self, status: int) -> None:
        if self.state != "proceeding":
            return
        self.last = str(status)
        self.send(self.last)
        if 200 <= status < 300:
            self.state = "accepted"
            self.run("2", T1)
            self.run("L", 64 * T1)
        elif status >= 300:
            self.state = "completed"
            if not self.reliable:
                self.run("G", T1)
            self.run("H", 64 * T1)

    def copy(self) -> None:
        if self.state in ("proceeding", "completed") and self.last:
            self.send(self.last)

    def ack(self) -> None:
        """The ACK with the INVITE's own branch."""
        if self.state == "completed":
            self.linger("confirmed", "I", 0 if self.reliable else T4)

    def user_acknowledged(self) -> None:
        """The ACK of the 2xx, which the user matched."""
        if self.state == "accepted":
            self.timers.pop("2", None)


class Server(Machine):
    """Figure 8."""

    start = "trying"

    def began(self) -> None:
        self.last = ""

    def timer(self, letter: str) -> None:
        self.enter("terminated")

    def respond(self, status: int) -> None:
        if self.state not in ("trying", "proceeding"):
            return
        self.last = str(status)
        self.send(self.last)
        if status < 200:
            self.state = "proceeding"
        else:
            self.linger("completed", "J", 0 if self.reliable else 64 * T1)

    def copy(self) -> None:
        if self.state in ("proceeding", "completed"):
            self.send(self.last)
