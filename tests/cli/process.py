"""`opentcf run` as a real process, and a terminal that registers with it by bare SIP."""

import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentcf.cli.client import Client

CONFIG = """\
[tcf]
domain = "core1.example"
[tc2]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
[d]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
[store]
url = "sqlite:node.db"
[http]
listen = "127.0.0.1:0"
[[subscriber]]
number = "1001"
password = "secret"
[[peer]]
domain = "core2.example"
address = "udp:127.0.0.9:5999"
"""


class Running:
    """A node that serves. `ports` are those of its listeners: `tc2/udp`, `d/tcp`, `http` …"""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        assert process.stderr
        self.process = process
        self._stderr = process.stderr.fileno()
        self._log = b""
        self.ready = process.stdout.readline().strip()
        assert self.ready.startswith("ready "), self.log()
        self.ports = {"http": int(self.ready.rpartition(":")[2])}
        for side, listeners in re.findall(r"(tc2|d)=(\S+)", self.ready):
            for listener in listeners.split(","):
                self.ports[f"{side}/{listener.partition(':')[0]}"] = int(listener.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def client(self) -> Client:
        return Client(self.url)

    def log(self) -> str:
        """What was logged until now."""
        while self._read(0):
            pass
        return self._log.decode()

    def wait_for_log(self, text: str, times: int = 1) -> str:
        """The log, as soon as `text` stands in it (so many times)."""
        while self._log.decode().count(text) < times:
            assert self._read(None), f"the node ended without saying {text!r}: {self._log.decode()}"
        return self.log()

    def _read(self, seconds: float | None) -> bool:
        """More of the log; False when there is none (within that time)."""
        ready, _, _ = select.select([self._stderr], [], [], seconds)
        data = os.read(self._stderr, 65_536) if ready else b""
        self._log += data
        return bool(data)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait()


def opentcf(*arguments: object, timeout: float = 60, **options) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "opentcf.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )


@contextmanager
def running(config: Path, *options: str) -> Iterator[Running]:
    """A node until the block ends; it is killed if it does not end by itself."""
    command = [sys.executable, "-m", "opentcf.cli", "run", str(config), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


class Terminal:
    """Number 1001 of core1.example, over UDP."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(20)
        self._here = "{}:{}".format(*self._socket.getsockname())
        self._cseq = 0

    def close(self) -> None:
        self._socket.close()

    def register(self, password: str = "secret") -> int:
        """Register with the answer to a challenge; the final status."""
        return int(self._ask(self.authorization(password)).split()[1])

    def authorization(self, password: str = "secret") -> str:
        """The header that answers a challenge, which is asked for first."""
        challenge = self._ask("")
        nonce = re.search(r'Digest[^\r]*algorithm=MD5[^\r]*nonce="([^"]*)"', challenge) or re.search(
            r'nonce="([^"]*)"[^\r]*algorithm=MD5', challenge
        )
        assert nonce, challenge
        ha1 = md5(f"1001:core1.example:{password}")
        ha2 = md5("REGISTER:sip:core1.example")
        response = md5(f"{ha1}:{nonce[1]}:00000001:c:auth:{ha2}")
        return (
            f'Authorization: Digest username="1001", realm="core1.example", nonce="{nonce[1]}", algorithm=MD5, '
            f'uri="sip:core1.example", qop=auth, nc=00000001, cnonce="c", response="{response}"\r\n'
        )

    def request(self, authorization: str) -> bytes:
        """The next REGISTER."""
        self._cseq += 1
        return (
            f"REGISTER sip:core1.example SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bK{self._here}{self._cseq};rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:1001@core1.example>;tag=a\r\nTo: <sip:1001@core1.example>\r\nCall-ID: {self._here}\r\n"
            f"CSeq: {self._cseq} REGISTER\r\nContact: <sip:1001@{self._here}>\r\nExpires: 600\r\n{authorization}"
            f"Content-Length: 0\r\n\r\n"
        ).encode()

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    def receive(self) -> str:
        return self._socket.recv(65_535).decode()

    def pending(self) -> str:
        """What has come and was not received yet."""
        self._socket.setblocking(False)
        try:
            return self._socket.recv(65_535).decode()
        except BlockingIOError:
            return ""

    def _ask(self, authorization: str) -> str:
        self.send(self.request(authorization))
        while not (answer := self.receive()).startswith("SIP/2.0") or answer.split()[1] == "100":
            pass
        return answer


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
