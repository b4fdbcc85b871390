"""Foreign V-TCFs of group calls in one process: they answer everything, and one of them calls, presses and releases.

`python -m bench.vtcfs PLAN`, the plan in JSON; the results are printed in JSON. What is measured is measured here: from
the moment that a request leaves to the moment that the last message which it brought about is read.
"""

import json
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, sleep
from typing import Any

BUFFER = 4 * 2**20
BUFFERS = (socket.SO_RCVBUF, socket.SO_SNDBUF, 33)
"""33: SO_RCVBUFFORCE of Linux, beyond rmem_max, for who may."""
ROUNDS = 7
"""Floor changes of one group; the median counts."""
WINDOW = 50
"""REGISTERs under way at a time."""
SDP = (
    b"v=0\r\no=- 1 %d IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=%s\r\n"
)
OK = (
    b"SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
    b"%sContent-Length: %d\r\n\r\n%s"
)
REQUEST = (
    b"%s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=%s;rport\r\nMax-Forwards: 70\r\n"
    b"%sContent-Length: %d\r\n\r\n%s"
)
PATIENCE = 20.0


def domain(peer: int) -> str:
    """Peer n is at the n-th port."""
    return f"p{peer}.example"


def field(data: bytes, name: bytes) -> bytes:
    """One header field, without its name; it is there."""
    start = data.index(b"\r\n" + name + b": ") + len(name) + 4
    return data[start : data.index(b"\r\n", start)]


class Leg:
    """The dialog of one peer in the call of one group."""

    __slots__ = ("call_id", "cseq", "grant", "ours", "target", "theirs")

    def __init__(self, call_id: bytes, ours: bytes, theirs: bytes, target: bytes) -> None:
        self.call_id, self.ours, self.theirs, self.target = call_id, ours, theirs, target
        self.cseq = 1
        self.grant = b""


class Vtcfs:
    """`count` sockets at `host` from port `first` on; the master is at `target`."""

    def __init__(self, host: str, first: int, count: int, target: tuple[str, int]) -> None:
        self.host, self.first, self.target = host.encode(), first, target
        self.poll = select.epoll()
        self.sockets: list[socket.socket] = []
        self.peers: dict[int, int] = {}
        for peer in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for option in BUFFERS:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            sock.bind((host, first + peer))
            sock.setblocking(False)
            self.poll.register(sock, select.EPOLLIN)
            self.peers[sock.fileno()] = peer
            self.sockets.append(sock)
        self.legs: dict[tuple[int, bytes], Leg] = {}
        self.acks = self.infos = self.byes = 0
        self.last = 0.0
        """When the last ACK, INFO or BYE was read."""
        self.waiting: dict[bytes, Callable[[bytes, float], None]] = {}
        """By branch: who waits for the final answer."""
        self._branches = 0

    # --- reading

    def run(self, done: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Answer until something is done."""
        end = monotonic() + patience
        while not done():
            self.turn(0.05)
            if monotonic() > end:
                raise RuntimeError(f"not within {patience:g} s: {what}")

    def turn(self, wait: float) -> None:
        """Answer what is there."""
        for number, _ in self.poll.poll(wait):
            peer = self.peers[number]
            sock = self.sockets[peer]
            while True:
                try:
                    data = sock.recv(65_535)
                except BlockingIOError:
                    break
                self.take(peer, sock, data)

    def take(self, peer: int, sock: socket.socket, data: bytes) -> None:
        """One message."""
        if data.startswith(b"SIP/2.0 "):
            self.answered(data)
        elif data.startswith(b"ACK "):
            self.acks += 1
            self.last = monotonic()
        elif data.startswith(b"INVITE "):
            self.invited(peer, sock, data)
        else:
            self.infos += data.startswith(b"INFO ")
            self.byes += data.startswith(b"BYE ")
            self.last = monotonic()
            sock.sendto(self.response(data, field(data, b"To"), b"", b""), self.target)

    def invited(self, peer: int, sock: socket.socket, data: bytes) -> None:
        """200; a first INVITE makes a leg."""
        to = field(data, b"To")
        if b";tag=" not in to:
            to += b";tag=t%d" % peer
            group = data[11 : data.index(b"@")]
            target = field(data, b"Contact").strip(b"<>")
            self.legs[peer, group] = Leg(field(data, b"Call-ID"), to, field(data, b"From"), target)
        contact = b"Contact: <sip:%s:%d>\r\nContent-Type: application/sdp\r\n" % (
            self.host,
            self.first + peer,
        )
        body = SDP % (1, b"recvonly" if b"a=sendonly" in data else b"sendonly")
        sock.sendto(self.response(data, to, contact, body), self.target)

    def response(self, data: bytes, to: bytes, more: bytes, body: bytes) -> bytes:
        """200 to a request."""
        via, from_, call_id = field(data, b"Via"), field(data, b"From"), field(data, b"Call-ID")
        return OK % (via, from_, to, call_id, field(data, b"CSeq"), more, len(body), body)

    def answered(self, data: bytes) -> None:
        """A response to a request of ours."""
        if data[8:9] == b"1":
            return
        via = field(data, b"Via")
        start = via.index(b"branch=") + 7
        waits = self.waiting.pop(via[start:].partition(b";")[0], None)
        if waits is not None:
            waits(data, monotonic())

    # --- asking

    def ask(
        self, peer: int, line: bytes, head: bytes, body: bytes, waits: Callable[[bytes, float], None]
    ) -> float:
        """Send a request with a Via of its own; returns when."""
        self._branches += 1
        branch = b"z9hG4bKv%d" % self._branches
        self.waiting[branch] = waits
        self.send(peer, line, head, body, branch)
        return monotonic()

    def send(self, peer: int, line: bytes, head: bytes, body: bytes, branch: bytes) -> None:
        """A request with that Via."""
        data = REQUEST % (line, self.host, self.first + peer, branch, head, len(body), body)
        self.sockets[peer].sendto(data, self.target)

    def locate(self, groups: list[str], peers: dict[str, list[int]], master: str) -> None:
        """REGISTER: member 1001 of each peer is where his home is."""
        todo = [(group, peer) for group in groups for peer in peers[group]]
        left = len(todo)

        def registered(data: bytes, at: float) -> None:
            nonlocal left
            if data[8:11] != b"200":
                raise RuntimeError(data.decode())
            left -= 1

        for at, (group, peer) in enumerate(todo):
            who = f"<sip:1001@{domain(peer)}>"
            contact = f"<sip:{self.host.decode()}:{self.first + peer}>"
            head = (
                f"From: {who};tag=r\r\nTo: {who}\r\nCall-ID: r{group}.{peer}\r\nCSeq: 1 REGISTER\r\n"
                f"Contact: {contact}\r\nExpires: 3600\r\nP-Visited-Network-ID: {domain(peer)}\r\n"
                f'Ptt-Extension: pttregister;GDN="{group}@{master}";UDN=1001\r\n'
            )
            self.ask(peer, f"REGISTER sip:{master}".encode(), head.encode(), b"", registered)
            self.run(lambda at=at: left < len(todo) - at - 1 + WINDOW, "REGISTERs are answered")
        self.run(lambda: left == 0, "all locations are known")

    def dial(self, peer: int, group: str, master: str, done: Callable[[float], None]) -> float:
        """The caller's INVITE."""
        who = f"sip:1001@{domain(peer)}".encode()
        to = f"<sip:{group}@{master}>".encode()
        leg = Leg(f"c{group}.{peer}".encode(), b"<%s>;tag=c" % who, to, to[1:-1])
        extension = f'pttcall;calltype=4;callerUDN="1001@{domain(peer)}";OnlineCallID=bench-{group}'.encode()
        head = b"P-Asserted-Identity: <%s>\r\n" % who

        def up(data: bytes, at: float) -> None:
            leg.theirs = field(data, b"To")
            leg.target = field(data, b"Contact").strip(b"<>")
            self.legs[peer, group.encode()] = leg
            done(at)

        return self.invite(peer, leg, extension, head, b"sendrecv", up)

    def invite(
        self,
        peer: int,
        leg: Leg,
        extension: bytes,
        more: bytes,
        direction: bytes,
        done: Callable[[bytes, float], None],
    ) -> float:
        """An INVITE on a leg; its 200 is acknowledged."""
        number = leg.cseq = leg.cseq + 1

        def final(data: bytes, at: float) -> None:
            if data[8:9] != b"2":
                raise RuntimeError(data.decode())
            done(data, at)
            self._branches += 1
            head = self.head(leg, b"ACK", number)
            self.send(peer, b"ACK " + leg.target, head, b"", b"z9hG4bKa%d" % self._branches)

        head = self.head(leg, b"INVITE", number) + more
        head += b"Contact: <sip:%s:%d>\r\nSupported: timer\r\nPtt-Extension: %s\r\n" % (
            self.host,
            self.first + peer,
            extension,
        )
        head += b"Content-Type: application/sdp\r\n"
        return self.ask(peer, b"INVITE " + leg.target, head, SDP % (number, direction), final)

    @staticmethod
    def head(leg: Leg, method: bytes, number: int) -> bytes:
        return b"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n" % (
            leg.ours, leg.theirs, leg.call_id, number, method,
        )  # fmt: skip

    def press(self, peer: int, group: str, done: Callable[[float], None]) -> float:
        """A floor request."""
        leg = self.legs[peer, group.encode()]

        def granted(data: bytes, at: float) -> None:
            extension = field(data, b"Ptt-Extension") if b"Ptt-Extension" in data else b""
            leg.grant = extension.partition(b";grant=")[2]
            done(at)

        extension = f'pttrequest;UDN="1001@{domain(peer)}"'.encode()
        return self.invite(peer, leg, extension, b"", b"sendrecv", granted)

    def let_go(self, peer: int, group: str, done: Callable[[float], None]) -> float:
        """A floor release."""
        leg = self.legs[peer, group.encode()]
        extension = f'pttreleasefloor;UDN="1001@{domain(peer)}"'.encode()
        return self.invite(peer, leg, extension, b"", b"recvonly", lambda data, at: done(at))

    def bye(self, peer: int, group: str) -> None:
        """He leaves."""
        leg = self.legs.pop((peer, group.encode()))
        leg.cseq += 1
        self.ask(peer, b"BYE " + leg.target, self.head(leg, b"BYE", leg.cseq), b"", lambda data, at: None)

    def options(self, peer: int, done: Callable[[float], None]) -> float:
        """A plain OPTIONS."""
        self._branches += 1
        who = f"<sip:{domain(peer)}>".encode()
        head = b"From: %s;tag=o\r\nTo: <sip:core1.example>\r\nCall-ID: o%d\r\nCSeq: 1 OPTIONS\r\n" % (
            who, self._branches,
        )  # fmt: skip
        return self.ask(peer, b"OPTIONS sip:core1.example", head, b"", lambda data, at: done(at))


# --- what is measured


def cpu(process: int) -> float:
    """Seconds of all threads of a process, to the nanosecond."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def memory(process: int) -> int:
    """Resident kilobytes."""
    return int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0])


def one_group(vtcfs: Vtcfs, count: int, process: int) -> dict[str, Any]:
    """A call over `count` legs besides the caller's: set-up, floor changes, release."""
    group, answers = "8001", list[float]()
    before, resident = cpu(process), memory(process)
    began = vtcfs.dial(0, group, "core1.example", answers.append)
    vtcfs.run(lambda: bool(answers) and vtcfs.acks >= count, "all legs are acknowledged")
    found: dict[str, Any] = {"set-up 200": answers[0] - began, "set-up": vtcfs.last - began}
    sleep(0.05)
    found["set-up cpu"] = cpu(process) - before
    found["memory"] = memory(process) - resident
    found |= floor_changes(vtcfs, group, count, process)
    before = cpu(process)
    vtcfs.byes = 0
    began = monotonic()
    vtcfs.bye(0, group)
    vtcfs.run(lambda: vtcfs.byes >= count, "all legs are released")
    found["release"] = vtcfs.last - began
    sleep(0.05)
    found["release cpu"] = cpu(process) - before
    return found


def floor_changes(vtcfs: Vtcfs, group: str, count: int, process: int) -> dict[str, Any]:
    """The talker lets go, another asks, `ROUNDS` times."""
    requests: list[tuple[float, float]] = []
    talker, before = 0, cpu(process)
    for number in range(ROUNDS):
        answers: list[float] = []
        vtcfs.infos = 0
        vtcfs.let_go(talker, group, answers.append)
        vtcfs.run(lambda answers=answers: bool(answers) and vtcfs.infos >= count + 1, "all hear idle")
        sleep(0.01)
        answers, talker, vtcfs.infos = [], (number % 2) + 1, 0
        began = vtcfs.press(talker, group, answers.append)
        vtcfs.run(lambda answers=answers: bool(answers) and vtcfs.infos >= count, "all hear taken")
        requests.append((answers[0] - began, vtcfs.last - began))
        sleep(0.01)
    return {
        "request": median(request for request, _ in requests),
        "last INFO": median(last for _, last in requests),
        "floor cpu": (cpu(process) - before) / ROUNDS,
    }


def many_groups(vtcfs: Vtcfs, groups: list[str], peers: int, process: int, seconds: float) -> dict[str, Any]:
    """All groups in a call, each with a floor change a second; then at the rate that takes half a core."""
    up: list[float] = []
    for at, group in enumerate(groups):
        vtcfs.dial(0, group, "core1.example", up.append)
        vtcfs.run(lambda at=at: len(up) > at - 10, "calls are set up")
    vtcfs.run(lambda: vtcfs.acks >= len(groups) * (peers - 1), "all calls stand")
    talkers = dict.fromkeys(groups, 0)
    full = change(vtcfs, groups, talkers, peers, process, 1.0, seconds)
    rate = min(1.0, 0.5 / full["load"])
    found = {"full": full}
    if full["load"] > 0.55:
        found["half"] = change(vtcfs, groups, talkers, peers, process, rate, seconds)
    return found


def change(
    vtcfs: Vtcfs,
    groups: list[str],
    talkers: dict[str, int],
    peers: int,
    process: int,
    rate: float,
    seconds: float,
) -> dict[str, Any]:
    """Each group changes `rate` times a second, evenly spread; 50 OPTIONS a second beside."""
    requests: list[float] = []
    options: list[float] = []
    open_changes = 0

    def begin(group: str) -> None:
        nonlocal open_changes
        open_changes += 1
        vtcfs.let_go(talkers[group], group, lambda at: ask(group))

    def ask(group: str) -> None:
        talkers[group] = (talkers[group] + 1) % peers
        began = monotonic()

        def got(at: float) -> None:
            nonlocal open_changes
            open_changes -= 1
            requests.append(at - began)

        vtcfs.press(talkers[group], group, got)

    start, before, sent, asked = monotonic(), cpu(process), 0, 0
    while (now := monotonic() - start) < seconds:
        if sent < now * rate * len(groups):
            begin(groups[sent % len(groups)])
            sent += 1
        if asked < now * 50:
            at = monotonic()
            vtcfs.options(asked % peers, lambda done, at=at: options.append(done - at))
            asked += 1
        vtcfs.turn(0 if sent < now * rate * len(groups) else 0.0005)
    load = (cpu(process) - before) / (monotonic() - start)
    vtcfs.run(lambda: open_changes == 0, "all changes are through")
    vtcfs.run(lambda: len(options) == asked, "all OPTIONS are answered")
    cuts, plain = quantiles(requests, n=100), quantiles(options, n=100)
    return {
        "rate": rate,
        "changes": len(requests),
        "load": load,
        "p50": cuts[49],
        "p99": cuts[98],
        "options p50": plain[49],
        "options p99": plain[98],
    }


def main() -> None:
    """Play the plan that the arguments tell."""
    plan = json.loads(sys.argv[1])
    vtcfs = Vtcfs(plan["host"], plan["first"], plan["peers"], (plan["target"], 5060))
    print("ready", flush=True)
    process = 0
    while not process:
        vtcfs.turn(0.05)
        path = Path(plan["go"])
        process = int(path.read_text() or 0) if path.exists() else 0
    until = monotonic() + plan["settle"]
    while monotonic() < until:
        vtcfs.turn(0.05)
    groups, peers = plan["groups"], plan["peers"]
    if plan["locate"]:
        vtcfs.locate(groups, {group: list(range(peers)) for group in groups}, "core1.example")
    if len(groups) == 1:
        found = one_group(vtcfs, peers - 1, process)
    else:
        found = many_groups(vtcfs, groups, peers, process, plan["seconds"])
    print("found " + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
