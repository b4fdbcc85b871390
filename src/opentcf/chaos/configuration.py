"""The configuration files of a run's nodes."""

from opentcf.chaos.cast import PASSWORD, Cast, domain, home

TC2_PORT, D_PORT, HTTP_PORT = 5060, 5070, 8060
EXPIRES = 1800
"""Seconds of a registration: longer than a run, so that none ends by itself."""

_NODE = """\
[tcf]
domain = "{domain}"

[tc2]
plain = true
listen = ["udp:{tc2}:5060", "tcp:{tc2}:5060"]

[d]
plain = true
listen = ["udp:{d}:5070", "tcp:{d}:5070"]

[http]
listen = "{d}:8060"
token = "{token}"

[store]
url = "sqlite:{name}.db"

[limits]
max_failed_digests = 1000
max_rate_per_source = 10000.0

[timers]
T1 = {t.t1}
T2 = {t.t2}
T3 = {t.t3}
T4 = {t.t4}
Tdown = {t.tdown}
Tconfirm = {t.tconfirm}
Tring = {t.tring}
sip_t1 = {t.sip_t1}
sip_t2 = {t.sip_t2}
sip_t4 = {t.sip_t4}
"""
_PEER = """
[[peer]]
domain = "{domain}"
address = "udp:{tc2}:5060"
control = true
share_ha1 = true
heartbeat = {t.heartbeat}
heartbeat_wait = {t.heartbeat_wait}
"""
_SUBSCRIBER = """
[[subscriber]]
number = "{number}"
password = "{password}"
"""
_DISPATCHER = """role = "dispatcher"
rights = ["stun", "kill", "regroup", "release", "events"]
"""
_GROUP = """
[[group]]
number = "{number}"
members = [{members}]
preemption = true
"""


def configuration(cast: Cast, core: int, tc2: dict[int, str], d: str, token: str) -> str:
    """The file of one node; `tc2` are the addresses of all, `d` is that towards its terminals."""
    durations = cast.durations
    text = _NODE.format(domain=domain(core), tc2=tc2[core], d=d, name=f"core{core}", t=durations, token=token)
    for other in cast.numbers:
        if other != core:
            text += _PEER.format(domain=domain(other), tc2=tc2[other], t=durations)
    for user in (*cast.users(core), cast.dispatcher):
        if home(user) == core:
            text += _SUBSCRIBER.format(number=user.partition("@")[0], password=PASSWORD)
            text += _DISPATCHER if user == cast.dispatcher else ""
    for group in cast.groups:
        if group.core == core:
            members = ", ".join(f'"sip:{member}"' for member in group.members)
            text += _GROUP.format(number=group.number, members=members)
    return text
