"""Linphone's console softphone without sound devices, told what to do at its prompt. It answers SHA-256 challenges."""

import re
from pathlib import Path

from tests.interop.network import Core, User, new_host
from tests.interop.programs import Program, need, wait_until

CONFIG = """\
[sip]
sip_port=5060
sip_tcp_port=0
sip_tls_port=0
bind_address={host}
use_ipv6=0
guess_hostname=0
contact=sip:{number}@{host}
default_proxy=0
[rtp]
bind_address={host}
[sound]
playback_dev_id=NULL
capture_dev_id=NULL
ringer_dev_id=NULL
[proxy_0]
reg_proxy=<sip:{proxy};transport=udp>
reg_route=<sip:{proxy};transport=udp>
reg_identity=<sip:{aor}>
reg_expires=600
reg_sendregister=1
[auth_info_0]
username={number}
passwd={password}
realm={domain}
domain={domain}
algorithm={algorithm}
"""


class Linphone:
    """A running Linphone of `user` at `core`; it answers calls by itself. It registers, and ends when it is stopped."""

    def __init__(self, folder: Path, user: User, core: Core, algorithm: str = "SHA-256") -> None:
        need("linphonec")
        self.user = user
        home = folder / f"linphone-{user.number}"
        (home / ".local/share/linphone").mkdir(parents=True)
        config = CONFIG.format(
            host=new_host(),
            number=user.number,
            proxy=core.d,
            aor=user.aor,
            password=user.password,
            domain=user.domain,
            algorithm=algorithm,
        )
        (home / "linphonerc").write_text(config)
        self._log = home / "linphone.log"
        command = ["linphonec", "-a", "-c", str(home / "linphonerc"), "-d", "6", "-l", str(self._log)]
        self.program = Program("linphonec", command, home, {"HOME": str(home)})
        try:
            self.wait(r"moving from state \[LinphoneRegistrationProgress\] to \[LinphoneRegistrationOk\]")
        except BaseException:
            self.program.kill()
            raise

    def do(self, command: str) -> None:
        """A command at its prompt: call, terminate, pause, resume …"""
        self.program.say(command + "\n")

    def wait(self, pattern: str, count: int = 1) -> None:
        """Until its log has `pattern` so often."""

        def found() -> bool:
            assert self.program.running, self.program.report()
            return (
                self._log.exists()
                and len(re.findall(pattern, self._log.read_text("utf-8", "replace"))) >= count
            )

        wait_until(found, f"{self.user.aor} sees {pattern}")

    def stop(self) -> None:
        """End it."""
        self.program.kill()
