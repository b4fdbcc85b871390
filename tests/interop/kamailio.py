"""Kamailio as an ordinary SIP proxy that records its route. It knows nothing of TC2-C."""

from collections.abc import Mapping
from pathlib import Path

from tests.interop.programs import Program, lacking, need

CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
tcp_source_ipv4={host}
auto_aliases=no
server_header="Server: proxy"
{listen}
mpath="{modules}"
{tls}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("rr", "enable_double_rr", 1)
modparam("tm", "fr_timer", 10000)

request_route {{
    xlog("L_NOTICE", "passing $rm from $si:$sp to $ru route=$hdr(Route)\\n");
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (is_method("ACK")) {{
            if (t_check_trans()) t_relay();
        }} else {{
            sl_send_reply("404", "Not here");
        }}
        exit;
    }}
    t_check_trans();
    loose_route();
    if (is_method("INVITE")) record_route();
{routes}
    t_relay();
}}
"""


TLS = """\
enable_tls=yes
loadmodule "tls.so"
modparam("tls", "config", "{file}")
"""
TLS_SIDE = """\
[{side}:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {certificates}/proxy.key
certificate = {certificates}/proxy.pem
ca_list = {certificates}/ca.pem
"""


class Kamailio:
    """The proxy. `listen` are its sockets (`udp:host:port`); `routes` say where a new request goes.

    With `certificates` it speaks TLS as `proxy.example`, and only to those whose certificate the same authority signed.
    """

    def __init__(
        self, folder: Path, listen: list[str], routes: str, certificates: Path | None = None
    ) -> None:
        need("kamailio")
        home = folder / "kamailio"
        home.mkdir()
        config = home / "kamailio.cfg"
        lines = "\n".join(f"listen={socket}" for socket in listen)
        tls = _tls(home, certificates) if certificates else ""
        host = listen[0].split(":")[1]
        config.write_text(CONFIG.format(host=host, listen=lines, modules=_modules(), tls=tls, routes=routes))
        command = [
            "kamailio",
            "-DD",
            "-E",
            "-f",
            str(config),
            "-Y",
            str(home),
            "-P",
            str(home / "pid"),
            "-w",
            str(home),
        ]
        self.program = Program("kamailio", [*command, "-m", "16", "-M", "4"], home)

    def passed(self, method: str) -> int:
        """How many requests of a method it was given."""
        return self.program.output.count(f"passing {method} ")

    def stop(self) -> None:
        """End it."""
        self.program.stop()


def to_host(hosts: Mapping[str, str]) -> str:
    """Route lines: requests whose Request-URI names a domain (or host) go to that address."""
    return "\n".join(f'    if ($rd == "{domain}") $du = "{uri}";' for domain, uri in hosts.items())


def between(first: str, second: str) -> str:
    """Route lines: what comes from one host goes to the other. Each is `transport:host:port`."""
    lines = []
    for source, target in ((first, second), (second, first)):
        transport, _, address = target.partition(":")
        lines.append(f'    if ($si == "{source.split(":")[1]}") $du = "sip:{address};transport={transport}";')
    return "\n".join(lines)


def need_tls() -> None:
    """Its TLS module is a package of its own."""
    if not (Path(_modules()) / "tls.so").exists():
        lacking("Kamailio's TLS not installed (Debian: apt install kamailio-tls-modules)")


def _tls(home: Path, certificates: Path) -> str:
    file = home / "tls.cfg"
    file.write_text(
        "\n".join(TLS_SIDE.format(side=side, certificates=certificates) for side in ("server", "client"))
    )
    return TLS.format(file=file)


def _modules() -> str:
    return next(
        (str(path) for path in Path("/usr/lib").glob("**/kamailio/modules")), "/usr/lib/kamailio/modules"
    )
