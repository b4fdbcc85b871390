"""baresip as a softphone without sound devices, told what to do over its control port."""

import json
import re
import socket
from pathlib import Path
from typing import Any

from tests.interop.network import Core, User, new_host
from tests.interop.programs import Program, need, wait_until

CONFIG = """\
poll_method epoll
sip_listen {host}:5060
{tls}
net_interface {host}
audio_source ausine,440
audio_player aubridge,nowhere
audio_alert aubridge,bell
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
rtp_timeout 0
module_path {modules}
module g711.so
{more}
module ausine.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:4444
"""
ACCOUNT = (
    "<sip:{aor};transport={transport}>;auth_user={number};auth_pass={password};"
    'outbound="sip:{proxy};transport={transport}";regint=600;answermode={answer};audio_codecs={codecs}\n'
)


class Baresip:
    """A running baresip, registered as `user` with `core`. `authority` signs whom it trusts over TLS."""

    def __init__(
        self,
        folder: Path,
        user: User,
        core: Core,
        *,
        answer: str = "auto",
        transport: str = "udp",
        codecs: str = "PCMA/8000/1,PCMU/8000/1",
        more: str = "",
        video: bool = False,
        authority: Path | None = None,
    ) -> None:
        need("baresip")
        self.user = user
        self.host = new_host()
        home = folder / f"baresip-{user.number}"
        home.mkdir()
        tls = f"sip_cafile {authority}" if authority else ""
        (home / "config").write_text(CONFIG.format(host=self.host, modules=_modules(), tls=tls, more=more))
        account = ACCOUNT.format(
            aor=user.aor,
            number=user.number,
            password=user.password,
            transport=transport,
            proxy=core.address("d", transport),
            answer=answer,
            codecs=codecs,
        )
        if video:
            account = account.rstrip() + ";video_codecs=VP8\n"
        (home / "accounts").write_text(account)
        (home / "contacts").touch()
        self.program = Program("baresip", ["baresip", "-f", str(home), "-s", "-v"], home)
        self.events: list[dict[str, Any]] = []
        self._rest = b""
        try:
            self._control = wait_until(self._connect, "baresip's control port")
            self._control.setblocking(False)
            self.program.wait_for(r"200 OK .*\[1 binding\]", 20)
        except BaseException:
            self.program.kill()
            raise

    def do(self, command: str, params: str = "") -> None:
        """A command of its menu: dial, accept, hangup, hold, resume …"""
        text = json.dumps({"command": command, "params": params}).encode()
        self._control.sendall(b"%d:%b," % (len(text), text))

    def wait(self, event: str, count: int = 1) -> dict[str, Any]:
        """Until an event came so often: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED …"""
        try:
            wait_until(lambda: len(self.seen(event)) >= count, f"{self.user.aor} sees {event}")
        except AssertionError as error:
            raise AssertionError(f"{error}, only {self.events}\n{self.program.report()}") from None
        return self.seen(event)[count - 1]

    def seen(self, event: str) -> list[dict[str, Any]]:
        """The events of that type until now."""
        self._read()
        return [found for found in self.events if found.get("type") == event]

    def stop(self) -> None:
        """End it."""
        self._control.close()
        self.program.stop()

    def _connect(self) -> socket.socket | None:
        assert self.program.running, self.program.report()
        try:
            return socket.create_connection((self.host, 4444), 5)
        except OSError:
            return None

    def _read(self) -> None:
        try:
            while data := self._control.recv(65_536):
                self._rest += data
        except BlockingIOError:
            pass
        while (found := re.match(rb"(\d+):", self._rest)) and len(self._rest) > found.end() + int(found[1]):
            end = found.end() + int(found[1])
            message = json.loads(self._rest[found.end() : end])
            self._rest = self._rest[end + 1 :]
            if message.get("event"):
                self.events.append(message)


def _modules() -> str:
    return next(
        (str(path) for path in Path("/usr/lib").glob("**/baresip/modules")), "/usr/lib/baresip/modules"
    )
