"""The programs that are compared: OpenTCF, Kamailio and the Sippy B2BUA, each in the configuration of the document."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bench.processes import SERVER_CORE, Program, bound, find, host, stopped_on_failure, wait_until

USERS = 2000
"""Subscribers of each core network."""
UNLIMITED = 1_000_000.0
"""Requests a second: sipp plays all terminals from one address."""
TC2, D = 5060, 5070
CALLER_TCF, CALLED_TCF = "a.example", "b.example"
"""The domains that sipp plays as foreign TCFs."""
CALLER_AT, CALLED_AT = host(201), host(202)


class Servers(Protocol):
    """A chain of servers of one kind. `entry` is where calls go in, `digest` whether they are challenged there."""

    name: str
    entry: str
    digest: bool
    programs: list[Program]


def number(core: int, index: int) -> str:
    """The subscribers of core n are n0001 …"""
    return f"{core}{index:04}"


def password(user: str) -> str:
    """Everybody's password."""
    return f"secret-{user}"


def domain(core: int) -> str:
    """A core network's domain."""
    return f"core{core}.example"


class OpenTcf:
    """One node with two foreign peers, or four nodes that are peers of each other. All that is not said is default.

    Digest is MD5, the one that sipp and Kamailio have in common; no rate is limited, for sipp plays all terminals from
    one address."""

    name = "OpenTCF"

    def __init__(
        self,
        folder: Path,
        cores: int,
        launcher: Sequence[str] = (),
        users: int = USERS,
        more: str = "",
        limits: str = "",
    ) -> None:
        self.digest = cores > 1
        self.hosts = {core: host(core) for core in range(1, cores + 1)}
        self.entry = f"{self.hosts[3]}:{D}" if cores > 1 else f"{self.hosts[1]}:{TC2}"
        self.programs: list[Program] = []
        launcher = launcher or (sys.executable, "-m", "opentcf.cli")
        for core in self.hosts:
            place = folder / domain(core)
            place.mkdir(parents=True)
            (place / "node.toml").write_text(configuration(core, self.hosts, users, limits) + more)
            self.programs.append(Program(f"node{core}", [*launcher, "run", "node.toml"], place, SERVER_CORE))
        with stopped_on_failure(self.programs):
            for program in self.programs:
                program.wait_for("ready ")


def configuration(core: int, hosts: Mapping[int, str], users: int = USERS, limits: str = "") -> str:
    """The configuration of one of the nodes at `hosts`; a lone one has sipp's foreign TCFs as peers.

    `limits`: more lines of that table."""
    at = hosts[core]
    tables = [
        f'[tcf]\ndomain = "{domain(core)}"',
        f'[tc2]\nlisten = ["udp:{at}:{TC2}"]',
        f'[d]\nlisten = ["udp:{at}:{D}"]\ndigest = ["MD5"]',
        f"[limits]\nmax_rate_per_source = {UNLIMITED}\nmax_rate_per_user = {UNLIMITED}\n{limits}",
        *(_peer(domain(other), hosts[other]) for other in hosts if other != core),
    ]
    if len(hosts) == 1:  # sipp answers no heartbeats
        tables += [
            _peer(CALLER_TCF, CALLER_AT) + "heartbeat = 3600.0\n",
            _peer(CALLED_TCF, CALLED_AT) + "heartbeat = 3600.0\n",
        ]
    for index in range(1, users + 1):
        user = number(core, index)
        tables.append(f'[[subscriber]]\nnumber = "{user}"\npassword = "{password(user)}"')
    return "\n\n".join(tables) + "\n"


def _peer(name: str, at: str) -> str:
    return f'[[peer]]\ndomain = "{name}"\naddress = "udp:{at}:{TC2}"\n'


KAMAILIO = """
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{at}:5060
alias="{at}"
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "dialog.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("rr", "enable_full_lr", 1)
modparam("dialog", "dlg_match_mode", 1)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (is_method("REGISTER")) {{
        {check}
        save("location");
        exit;
    }}
    t_check_trans();
    if (has_totag()) {{
        {check_bye}
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (!is_method("INVITE|MESSAGE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    {check}
    if (is_method("INVITE")) {{ record_route(); dlg_manage(); }}
    $du = "sip:{target}";
    if (!t_relay()) {{ sl_reply_error(); }}
}}
"""
CHALLENGED = """if (!pv_www_authenticate("$fd", "secret-$fU", "0")) { www_challenge("$fd", "0"); exit; }"""


class Kamailio:
    """Proxies in a chain: one worker each, tm, rr and dialog; digest at the first where it is wanted."""

    name = "Kamailio"

    def __init__(self, folder: Path, hops: int, digest: bool) -> None:
        self.digest = digest
        self.programs: list[Program] = []
        hosts = [host(50 + hop) for hop in range(hops)]
        self.entry = f"{hosts[0]}:5060"
        for hop, at in enumerate(hosts):
            following = hosts[hop + 1] if hop + 1 < hops else CALLED_AT
            check = CHALLENGED if digest and hop == 0 else ""
            check_bye = f'if (is_method("BYE")) {{ {check} }}' if check else ""
            place = folder / f"kamailio{hop}"
            place.mkdir(parents=True)
            text = KAMAILIO.format(
                at=at,
                target=f"{following}:5060",
                check=check,
                check_bye=check_bye,
                modules=_kamailio_modules(),
            )
            (place / "kamailio.cfg").write_text(text)
            command = [str(find("kamailio")), "-DD", "-E", "-f", "kamailio.cfg", "-x", "fm", "-m", "512"]
            command += ["-M", "16", "-Y", str(place)]
            self.programs.append(Program(f"kamailio{hop}", command, place, SERVER_CORE))
        with stopped_on_failure(self.programs):
            for at, program in zip(hosts, self.programs, strict=True):
                _wait_bound(program, at)


def _kamailio_modules() -> str:
    found = sorted(Path("/usr").glob("lib*/*/kamailio/modules")) + sorted(
        Path("/usr").glob("lib*/kamailio/modules")
    )
    return str(found[0])


class Sippy:
    """The B2BUA that its package runs as `b2bua_simple`, its SIP log off."""

    name = "Sippy B2BUA"
    digest = False

    def __init__(self, folder: Path, hops: int) -> None:
        self.programs: list[Program] = []
        hosts = [host(80 + hop) for hop in range(hops)]
        self.entry = f"{hosts[0]}:5060"
        for hop, at in enumerate(hosts):
            following = hosts[hop + 1] if hop + 1 < hops else CALLED_AT
            command = [sys.executable, "-m", "sippy.b2bua_simple", "-f", "-l", at, "-p", "5060"]
            command += ["-n", f"{following}:5060"]
            environment = {"SIPLOG_BEND": "none", "SIPLOG_LOGFILE_DIR": str(folder)}
            self.programs.append(Program(f"sippy{hop}", command, folder, SERVER_CORE, environment))
        with stopped_on_failure(self.programs):
            for at, program in zip(hosts, self.programs, strict=True):
                _wait_bound(program, at)


def _wait_bound(program: Program, at: str) -> None:
    wait_until(lambda: bound(at, 5060) or program.process.poll() is not None, f"{program.name} listens")
    if program.process.poll() is not None:
        raise RuntimeError(f"{program.name} ended: {program.output[-1000:]}")


def missing_kamailio() -> str:
    """Why Kamailio can not be measured; empty when it can."""
    return "" if find("kamailio") else "kamailio is not installed"


def missing_sippy() -> str:
    """The same for Sippy."""
    return "" if importlib.util.find_spec("sippy") else "sippy is not installed (pip install sippy)"
