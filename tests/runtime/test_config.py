"""What a configuration may say, and the one line it gets when it says something else."""

from hashlib import md5, sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentcf.model.bounds import LimitSettings, TimerSettings
from opentcf.model.group import Member, SetUp
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Preemptible, Right, Role
from opentcf.node.settings import Listener, MediaRange
from opentcf.runtime.config import ConfigError, Http, Tls, load_config

MINIMAL = """\
[tcf]
domain = "core1.example"
[tc2]
listen = ["udp:127.0.1.1:5060"]
"""


@pytest.fixture
def load(tmp_path):
    def load(text: str, base: str = MINIMAL):
        path = tmp_path / "core1.toml"
        path.write_text(base + text, "utf-8")
        return load_config(path)

    return load


@pytest.fixture
def refused(load, tmp_path):
    def refused(text: str, base: str = MINIMAL) -> str:
        with pytest.raises(ConfigError) as caught:
            load(text, base)
        line = str(caught.value)
        assert "\n" not in line
        return line.removeprefix(f"{tmp_path}/")

    return refused


# ------------------------------------------------------------------------------------------------------ what is right


def test_a_minimal_file_gets_the_defaults(load, tmp_path):
    config = load("")
    assert config.settings.domain == "core1.example"
    assert config.settings.tc2.listen == (Listener("udp", "127.0.1.1", 5060),)
    assert config.settings.d.listen == ()
    assert config.settings.digest == ("SHA-256", "MD5")
    assert config.settings.timers == TimerSettings()
    assert config.settings.limits == LimitSettings()
    assert (config.store_url, config.http, config.tls) == ("sqlite:opentcf.db", None, Tls())
    assert (config.log_level, config.log_format, config.trace_bytes) == ("info", "text", 16 * 2**20)
    assert config.base == tmp_path


def test_the_file_of_the_manual(load, tmp_path):
    for name in ("core1.pem", "core1.key", "peers.pem"):
        (tmp_path / name).touch()
    config = load(MANUAL, base="")
    settings = config.settings
    assert settings.name == "Core 1"
    assert settings.tc2.listen == (Listener("udp", "127.0.1.1", 5060), Listener("tcp", "127.0.1.1", 5060))
    assert settings.tc2.media == MediaRange("127.0.1.1", 4000, 4999)
    assert settings.d.listen == (Listener("udp", "0.0.0.0", 5070), Listener("tls", "::1", 5061))
    assert settings.d.advertise == "203.0.113.7"
    assert settings.digest == ("MD5",)
    assert settings.peers == (
        Peer("core2.example", "udp", "127.0.2.1", 5060),
        Peer(
            "core3.example", "tls", "tcf.core3.example", 5061, 5.0, 1.5, 2, True, False, "tcf3.core3.example",
            {"token.call": "pttCall"},
        ),
    )  # fmt: skip
    assert config.portless == {"tcf.core3.example"}
    assert (config.store_url, config.http) == ("memory:", Http("127.0.1.1", 8060, {"default": "sesame"}))
    assert config.tls == Tls(tmp_path / "core1.pem", tmp_path / "core1.key", tmp_path / "peers.pem")
    alice, bob = settings.subscribers
    assert (alice.aor, alice.name, alice.role) == (Aor("1001", "core1.example"), "Alice", Role.TERMINAL)
    assert (alice.priority, alice.roaming, alice.preemptible) == (255, True, Preemptible.EMERGENCY)
    assert (bob.roaming, bob.preemptible) == (frozenset({"core2.example"}), Preemptible.NEVER)
    assert bob.rights == {Right.STUN, Right.EVENTS}
    (fire,) = settings.groups
    assert (fire.aor, fire.name, fire.setup) == (Aor("8001", "core1.example"), "Fire 1", SetUp.CONFIRMED)
    assert fire.members == (
        Member(Aor("1001", "core1.example")),
        Member(Aor("1002", "core1.example")),
        Member(Aor("2001", "core2.example"), 100, True),
    )
    assert (fire.hang_time, fire.talk_time, fire.max_duration) == (30.0, 45.0, 1800.0)
    assert (fire.queue_length, fire.preemption, fire.owner_release, fire.priority) == (0, True, True, 7)
    assert (settings.timers.t1, settings.timers.tdown, settings.timers.sip_t1) == (3.0, 20.0, 0.2)
    assert (settings.timers.register, settings.timers.session) == (600.0, 900.0)
    assert (settings.limits.max_calls, settings.limits.udp_message) == (2, 65_535)
    assert (config.log_level, config.log_format, config.trace_bytes) == ("debug", "json", 2**19)


MANUAL = """\
[tcf]
domain = "Core1.example"
name = "Core 1"
[tc2]
listen = ["udp:127.0.1.1:5060", "tcp:127.0.1.1"]
media = "127.0.1.1:4000-4999"
[[peer]]
domain = "core2.example"
address = "udp:127.0.2.1:5060"
[[peer]]
domain = "core3.example"
address = "tls:tcf.core3.example"
heartbeat = 5
heartbeat_wait = 1.5
heartbeat_misses = 2
control = true
share_ha1 = false
tls = {name = "tcf3.core3.example"}
wire = {"token.call" = "pttCall"}
[d]
plain = true
listen = ["udp:0.0.0.0:5070", "tls:[::1]"]
advertise = "203.0.113.7"
digest = ["MD5", "MD5"]
[store]
url = "memory:"
[tls]
certificate = "core1.pem"
key = "core1.key"
ca = "peers.pem"
[http]
listen = "127.0.1.1:8060"
token = "sesame"
[log]
level = "debug"
format = "json"
[trace]
size_mb = 0.5
[[subscriber]]
number = "1001"
name = "Alice"
password = "secret"
[[subscriber]]
number = "1002"
role = "dispatcher"
roaming = ["CORE2.example"]
preemptible = "never"
rights = ["stun", "events"]
[[group]]
number = "8001"
name = "Fire 1"
members = [
  "sip:1001@core1.example",
  "1002",
  {uri = "sip:2001@core2.example", priority = 100, listen_only = true},
]
setup = "confirmed"
hang_time = 30.0
talk_time = 45
max_duration = 1800
queue_length = 0
preemption = true
owner_release = true
priority = 7
[timers]
T1 = 3
Tdown = 20.0
register = 600
session = 900
sip_t1 = 0.2
[limits]
max_calls = 2
udp_message = 65535
"""


def subscriber(text: str) -> str:
    return f'[[subscriber]]\nnumber = "1001"\n{text}\n'


HA1 = {
    "MD5": md5(b"1001:core1.example:p\xc3\xa4ss").hexdigest(),
    "SHA-256": sha256(b"1001:core1.example:p\xc3\xa4ss").hexdigest(),
}


@pytest.mark.parametrize(
    "text",
    [
        'password = "päss"',
        'password = "${PASS_1001}"',
        'password = "p${VOWEL}ss"',
        'password_file = "alice.txt"',
        f'ha1_md5 = "{HA1["MD5"].upper()}"\nha1_sha256 = "{HA1["SHA-256"]}"',
    ],
)
def test_every_way_to_give_a_password(load, tmp_path, monkeypatch, text):
    (tmp_path / "alice.txt").write_text("päss\r\n", "utf-8", newline="")
    monkeypatch.setenv("PASS_1001", "päss")
    monkeypatch.setenv("VOWEL", "ä")
    config = load(subscriber(text))
    assert config.settings.subscribers[0].ha1 == HA1
    assert "päss" not in repr(config)


def test_one_digest_alone(load):
    config = load(subscriber(f'ha1_md5 = "{HA1["MD5"]}"'))
    assert config.settings.subscribers[0].ha1 == {"MD5": HA1["MD5"]}
    assert load(subscriber("")).settings.subscribers[0].ha1 is None


def test_no_secret_in_a_repr(load):
    config = load(subscriber('password = "geheim"') + '[http]\ntoken = "sesame"\n')
    assert "geheim" not in repr(config)
    assert "sesame" not in repr(config)
    assert HA1["MD5"] not in repr(config)


def test_the_environment_reaches_every_text(load, monkeypatch):
    monkeypatch.setenv("HERE", "127.0.0.9")
    assert load('[d]\nlisten = ["udp:${HERE}:5070"]').settings.d.listen == (
        Listener("udp", "127.0.0.9", 5070),
    )


def test_what_a_peer_may_begin_and_which_numbers_it_has(load):
    text = PEER + 'allow = ["call", "register"]\nnumbers = ["2000-2999", "7"]'
    peer = load('[d]\nlisten = ["udp:127.0.0.1:0"]\n' + text).settings.peers[0]
    assert peer.allow == {"call", "register"}
    assert [peer.may_have(number) for number in ("2000", "2999", "7", "3000", "20000", "8")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_port_0_asks_for_any_port_as_often_as_one_likes(load):
    text = '[d]\nlisten = ["udp:127.0.0.1:0", "udp:127.0.0.1:0"]'
    assert [where.port for where in load(text).settings.d.listen] == [0, 0]


TLS_PEER = '[[peer]]\ndomain = "core2.example"\naddress = ["tls:core2.example", "tls:192.0.2.2:5071"]\n'


def test_a_peer_may_have_several_addresses(load, tmp_path):
    for name in ("core1.pem", "core1.key", "peers.pem"):
        (tmp_path / name).touch()
    files = '[tls]\ncertificate = "core1.pem"\nkey = "core1.key"\nca = "peers.pem"\n'
    config = load(TLS_PEER + files)
    (peer,) = config.settings.peers
    assert peer.address == ("tls", "core2.example", 5061)
    assert peer.ways == (("tls", "core2.example", 5061), ("tls", "192.0.2.2", 5071))
    assert config.portless == {"core2.example"}


@pytest.mark.parametrize(
    "text",
    [
        'plain = true\nadvertise = "192.0.2.1"\n',
        '[d]\nplain = true\nlisten = ["tcp:192.0.2.1"]\n',
        'plain = true\n[[peer]]\ndomain = "core2.example"\naddress = "udp:core2.example"\n',
        '[d]\nlisten = ["udp:127.9.9.9", "tcp:[::1]"]\n',
        '[[peer]]\ndomain = "core2.example"\naddress = "udp:localhost"\n',
    ],
)
def test_what_is_not_protected_is_allowed_where_it_says_so_or_stays_on_the_machine(load, text):
    assert load(text)


def test_other_tcfs_are_reached_by_tls_unless_it_says_otherwise(load):
    text = '[tcf]\ndomain = "core1.example"\n[tc2]\nlisten = ["udp:192.0.2.1"]\n'
    with pytest.raises(
        ConfigError, match=r"tc2.listen: udp: to or from 192.0.2.1 is not protected; use tls:"
    ):
        load(text, base="")
    assert load(text + "plain = true\n", base="").settings.tc2.listen == (Listener("udp", "192.0.2.1", 5060),)


# ------------------------------------------------------------------------------------------------------ what is wrong

BARE = "use tls:, or say plain = true in [{}] where the network itself is trusted"
PEER = '[[peer]]\ndomain = "core2.example"\naddress = "udp:127.0.2.1:5060"\n'
RIGHTS = "insert, release, stun, kill, regroup, forward, listen, ambience, events"
NO_URI = "is not udp:HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT"
ADVERTISE = "is needed beside a listener on all addresses: the host that others are to use"
D_WILD = '[d]\nlisten = ["udp:0.0.0.0:5070"]\nplain = true\n'


def member(text: str) -> str:
    return f'[[group]]\nnumber = "8001"\nmembers = [\n  {text}\n]\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        # protection
        (
            '[d]\nlisten = ["tcp:0.0.0.0"]\nadvertise = "192.0.2.1"\n',
            f"core1.toml:6: d.listen: tcp: to or from 0.0.0.0 is not protected; {BARE.format('d')}",
        ),
        (
            '[d]\nplain = true\n[[peer]]\ndomain = "core2.example"\naddress = ["tls:192.0.2.1", "udp:192.0.2.2"]\n',
            f"core1.toml:9: peer.address: udp: to or from 192.0.2.2 is not protected; {BARE.format('tc2')}",
        ),
        (
            '[[peer]]\ndomain = "core2.example"\naddress = []\n',
            "core1.toml:7: peer.address: is empty",
        ),
        # spelling
        ("[timer]\n", 'core1.toml:5: timer: unknown key; did you mean "timers"?'),
        ("[timers]\nt1 = 4\n", 'core1.toml:6: timers.t1: unknown key; did you mean "T1"?'),
        ("[timers]\nsip_T1 = 4\n", 'core1.toml:6: timers.sip_T1: unknown key; did you mean "sip_t1"?'),
        (PEER + "hartbeat = 1\n", 'core1.toml:8: peer.hartbeat: unknown key; did you mean "heartbeat"?'),
        (
            PEER + PEER + "hartbeat = 1\n",
            'core1.toml:11: peer.hartbeat: unknown key; did you mean "heartbeat"?',
        ),
        (PEER + 'tls = {nam = "x"}\n', 'core1.toml:8: peer.tls.nam: unknown key; did you mean "name"?'),
        (PEER + '[peer.tls]\nnam = "x"\n', 'core1.toml:9: peer.tls.nam: unknown key; did you mean "name"?'),
        (PEER + 'zebra = "x"\n', "core1.toml:8: peer.zebra: unknown key"),
        (
            member('{uri = "1", prio = 1}'),
            'core1.toml:7: group.members.prio: unknown key; did you mean "priority"?',
        ),
        (
            subscriber('rights = ["stunn"]'),
            f"core1.toml:7: subscriber.rights: 'stunn' is none of {RIGHTS}; did you mean \"stun\"?",
        ),
        (
            subscriber('role = "dispatch"'),
            "core1.toml:7: subscriber.role: 'dispatch' is none of terminal, dispatcher; did you mean \"dispatcher\"?",
        ),
        (
            '[d]\ndigest = ["SHA256"]\n',
            "core1.toml:6: d.digest: 'SHA256' is none of MD5, SHA-256; did you mean \"SHA-256\"?",
        ),
        (
            '[log]\nlevel = "inf"\n',
            "core1.toml:6: log.level: 'inf' is none of debug, error, info, warning; did you mean \"info\"?",
        ),
        (
            PEER + 'wire = {"token.cal" = "x"}\n',
            "core1.toml:8: peer.wire: the wire table has no entry 'token.cal'; did you mean 'token.call'?",
        ),
        # shape
        ("[peer]\n", "core1.toml:5: peer: write [[peer]], with two brackets on each side"),
        ("[[timers]]\n", "core1.toml:5: timers: write [timers] once, with one bracket on each side"),
        ("[[peer]]\ndomain = 1\n", "core1.toml:6: peer.domain: expected text in quotes, got a whole number"),
        ('[[subscriber]]\nname = "x"\n', "core1.toml:5: subscriber.number: is missing"),
        ('[[peer]]\ndomain = "core2.example"\n', "core1.toml:5: peer.address: is missing"),
        ('[d]\nlisten = "udp:127.0.0.1:1"\n', "core1.toml:6: d.listen: expected a list, got text in quotes"),
        (member("3"), "core1.toml:7: group.members: expected text in quotes or a table, got a whole number"),
        ("[timers\n", "core1.toml:5:8: is not TOML: expected ']' at the end of a table declaration"),
        (
            "[timers]\nT1 = \n",
            "core1.toml:6:6: is not TOML: invalid value; text stands in quotes, true and false have no capital letters",
        ),
        (
            "[timers]\nT1 = 1\nT1 = 2\n",
            "core1.toml:7:7: is not TOML: cannot overwrite a value; the key stands there twice",
        ),
        ('[http]\ntoken = "', "core1.toml:6:10: is not TOML: unterminated string"),
        ("x = " + 5_000 * "[" + 5_000 * "]", "core1.toml: is nested too deeply"),
        (".".join(3_000 * "x") + " = 1\n", "core1.toml: is nested too deeply"),
        (
            '[records]\nfiles = ["a\\u0000b"]\n',
            "core1.toml:6: records.files: has the character U+0000, which no name has",
        ),
        # numbers
        ("[timers]\nT2 = 0\n", "core1.toml:6: timers.T2: expected a number > 0.0"),
        ("[timers]\nT2 = -1.5\n", "core1.toml:6: timers.T2: expected a number > 0.0"),
        ("[timers]\nT2 = nan\n", "core1.toml:6: timers.T2: expected a number > 0.0"),
        ("[timers]\nT2 = inf\n", "core1.toml:6: timers.T2: expected a number <= 10000000.0"),
        ('[timers]\nT2 = "4"\n', "core1.toml:6: timers.T2: expected a number, got text in quotes"),
        ("[timers]\nT2 = true\n", "core1.toml:6: timers.T2: expected a number, got true or false"),
        ("[timers]\nsession = 60\n", "core1.toml:6: timers.session: expected a number >= 90.0"),
        (
            "[timers]\nregister = 30\nregister_min = 60\n",
            "core1.toml:7: timers.register_min: 60 s is more than register, 30 s",
        ),
        ("[limits]\nmax_calls = 0\n", "core1.toml:6: limits.max_calls: expected a whole number >= 1"),
        (
            "[limits]\nmax_body = 1.5\n",
            "core1.toml:6: limits.max_body: expected a whole number, got a number",
        ),
        ("[trace]\nsize_mb = -1\n", "core1.toml:6: trace.size_mb: expected a number >= 0.0"),
        (PEER + "heartbeat = 0\n", "core1.toml:8: peer.heartbeat: expected a number > 0.0"),
        (subscriber("priority = 256"), "core1.toml:7: subscriber.priority: expected a whole number <= 255"),
        # people
        (
            '[[subscriber]]\nnumber = "1001x"\n',
            "core1.toml:6: subscriber.number: '1001x' is not a number of 1 to 15 digits",
        ),
        (
            '[[subscriber]]\nnumber = "1234567890123456"\n',
            "core1.toml:6: subscriber.number: '1234567890123456' is not a number of 1 to 15 digits",
        ),
        (
            '[[subscriber]]\nnumber = "١٢"\n',
            "core1.toml:6: subscriber.number: '١٢' is not a number of 1 to 15 digits",
        ),
        (subscriber("") + subscriber(""), "core1.toml:9: subscriber.number: 1001 comes twice"),
        ('[[group]]\nnumber = "1"\n[[group]]\nnumber = "1"\n', "core1.toml:8: group.number: 1 comes twice"),
        (
            subscriber("") + '[[group]]\nnumber = "1001"\n',
            "core1.toml:9: group.number: 1001 is a subscriber's number",
        ),
        (
            member('"1001", "sip:1001@core1.example"'),
            "core1.toml:7: group.members: 1001@core1.example comes twice",
        ),
        (
            member('"sip:alice@core1.example"'),
            "core1.toml:7: group.members: 'sip:alice@core1.example' is not number@domain with 1 to 15 digits",
        ),
        (subscriber('rights = ["stun"]'), 'core1.toml:7: subscriber.rights: are for role = "dispatcher"'),
        (subscriber('roaming = ["a b"]'), "core1.toml:7: subscriber.roaming: 'a b' is not a domain name"),
        (
            subscriber('password = ""'),
            "core1.toml:7: subscriber.password: expected text in quotes of length >= 1",
        ),
        (
            subscriber('password = "x"\npassword_file = "y"'),
            "core1.toml:7: subscriber.password: stands beside password_file; give one of them",
        ),
        (
            subscriber(f'password_file = "y"\nha1_md5 = "{"0" * 32}"'),
            "core1.toml:7: subscriber.password_file: stands beside ha1_md5; give one of them",
        ),
        (
            subscriber('password_file = "absent"'),
            "core1.toml:7: subscriber.password_file: absent cannot be read: no such file or directory",
        ),
        (
            subscriber('password_file = "core1.toml"'),
            "core1.toml:7: subscriber.password_file: core1.toml does not hold one line with a password",
        ),
        (
            subscriber('password = "${OPENTCF_TEST_ABSENT}"'),
            "core1.toml:7: subscriber.password: the environment has no variable OPENTCF_TEST_ABSENT",
        ),
        # places
        (
            '[d]\nlisten = ["upd:[::1]:1"]\n',
            f"core1.toml:6: d.listen: 'upd:[::1]:1' {NO_URI}; did you mean \"udp:…\"?",
        ),
        ('[d]\nlisten = ["127.0.0.1:5060"]\n', f"core1.toml:6: d.listen: '127.0.0.1:5060' {NO_URI}"),
        (
            '[d]\nlisten = ["udp:localhost:1"]\n',
            "core1.toml:6: d.listen: 'localhost' is a name; a listener needs an address, 0.0.0.0 for all",
        ),
        ('[d]\nlisten = ["udp:127.0.0.1:99999"]\n', "core1.toml:6: d.listen: '99999' is not a port"),
        ('[d]\nlisten = ["udp:127.0.0.1:"]\n', "core1.toml:6: d.listen: '' is not a port"),
        (
            '[d]\nlisten = ["udp:127.0.0.300:1"]\n',
            "core1.toml:6: d.listen: '127.0.0.300' is neither an address nor a host name",
        ),
        (
            '[d]\nlisten = ["udp:::1:5060"]\n',
            "core1.toml:6: d.listen: '::1:5060': an IPv6 address is written in brackets, [::1]:5060",
        ),
        ('[d]\nlisten = ["udp:[::1:5060"]\n', "core1.toml:6: d.listen: '[::1:5060' is not [IPV6]:PORT"),
        (
            '[d]\nlisten = ["udp:127.0.1.1"]\n',
            "core1.toml:6: d.listen: udp:127.0.1.1:5060 is listened on twice",
        ),
        (
            D_WILD,
            f"core1.toml:5: d.advertise: {ADVERTISE}",
        ),
        (D_WILD + 'advertise = "::"\n', "core1.toml:8: d.advertise: nobody can reach ::"),
        (D_WILD + 'advertise = "a.example:5060"\n', "core1.toml:8: d.advertise: is a host without a port"),
        (
            D_WILD + 'advertise = "a_b"\n',
            "core1.toml:8: d.advertise: 'a_b' is neither an address nor a host name",
        ),
        ('[d]\nmedia = "127.0.0.1:4000"\n', "core1.toml:6: d.media: '127.0.0.1:4000' is not HOST:FIRST-LAST"),
        ('[d]\nmedia = "127.0.0.1:4000-3000"\n', "core1.toml:6: d.media: 4000-3000 is not a range of ports"),
        ('[d]\nmedia = "me:4000-4999"\n', "core1.toml:6: d.media: 'me' is not an address"),
        (
            PEER.replace("core2.", "core1."),
            "core1.toml:6: peer.domain: core1.example is this node's own domain",
        ),
        (PEER + PEER, "core1.toml:9: peer.domain: core2.example is the domain of another peer"),
        (
            PEER + PEER.replace("core2", "core3"),
            "core1.toml:10: peer.address: is the address of core2.example too",
        ),
        (
            PEER.replace("127.0.2", "127.0.1"),
            "core1.toml:7: peer.address: udp:127.0.1.1:5060 is this node's own listener",
        ),
        (
            PEER.replace("127.0.2.1", "0.0.0.0"),
            "core1.toml:7: peer.address: nobody can reach udp:0.0.0.0:5060",
        ),
        (
            PEER + 'allow = ["call", "mesage"]\n',
            "core1.toml:8: peer.allow: there is no operation 'mesage'; did you mean 'message'?",
        ),
        (
            PEER + 'numbers = "2000-29999"\n',
            "core1.toml:8: peer.numbers: '2000-29999' is not FIRST-LAST, two numbers of one length",
        ),
        (PEER.replace(":5060", ":0"), "core1.toml:7: peer.address: nobody can reach udp:127.0.2.1:0"),
        (
            '[[peer]]\ndomain = "a b"\naddress = "udp:127.0.2.1:5060"\n',
            "core1.toml:6: peer.domain: 'a b' is not a domain name",
        ),
        ('[http]\nlisten = "127.0.0.1"\n', "core1.toml:6: http.listen: '127.0.0.1' is not ADDRESS:PORT"),
        (
            '[http]\nlisten = "localhost:80"\n',
            "core1.toml:6: http.listen: 'localhost:80' is not ADDRESS:PORT",
        ),
        (
            '[http]\nlisten = "0.0.0.0:8060"\n',
            "core1.toml:5: http.token: is needed when the API listens on 0.0.0.0, not on loopback",
        ),
        (
            '[store]\nurl = "sqllite:a.db"\n',
            (
                "core1.toml:6: store.url: there is no store 'sqllite:', only sqlite:PATH and memory:; "
                "did you mean sqlite:?"
            ),
        ),
        (
            '[d]\nlisten = ["tls:127.0.0.1:5061"]\n',
            "core1.toml:1: tls.certificate: is needed for the tls: addresses of this file",
        ),
        (
            '[tls]\ncertificate = "core1.toml"\nkey = "core1.toml"\n' + PEER.replace("udp:", "tls:"),
            "core1.toml:5: tls.ca: is needed for the tls: addresses of this file",
        ),
        ('[tls]\nkey = "absent.key"\n', "core1.toml:6: tls.key: there is no file absent.key"),
    ],
)
def test_what_is_wrong_gets_one_line(refused, text, line):
    assert refused(text) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "core1.toml:1: tcf: is missing"),
        ("[tcf]\n", "core1.toml:1: tcf.domain: is missing"),
        (
            '[tcf]\ndomain = "core1_example"\n',
            "core1.toml:2: tcf.domain: 'core1_example' is not a domain name",
        ),
        (
            '[tcf]\ndomain = "core1.example"\n',
            'core1.toml:1: tcf: nothing to listen on: add listen = ["udp:HOST:5060"] to [tc2] or [d]',
        ),
    ],
)
def test_what_is_missing_gets_one_line(refused, text, line):
    assert refused(text, base="") == line


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"/absent.toml: cannot be read: no such file or directory$"):
        load_config(tmp_path / "absent.toml")


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "core1.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"/core1.toml: is not UTF-8 text$"):
        load_config(tmp_path / "core1.toml")


def test_no_secret_in_an_error(refused):
    for text in (
        'password = "geheim"\npassword_file = "x"',
        'password = "geheim"\npriority = -1',
        'ha1_md5 = "geheim"',
    ):
        assert "geheim" not in refused(subscriber(text))


KEYS = st.sampled_from(
    [
        "tcf",
        "tc2",
        "d",
        "peer",
        "subscriber",
        "group",
        "timers",
        "listen",
        "address",
        "number",
        "members",
        "T1",
        "x",
    ]
)
VALUES = st.recursive(
    st.sampled_from(["1001", "udp:127.0.0.1:0", "core1.example", "", "${HOME}", "[::1]", 0, -1, 4.5, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def toml(value) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case bool():
            return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_document_loads_or_gets_one_line(tmp_path_factory, document):
    path = Path(tmp_path_factory.getbasetemp(), "any.toml")
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in document.items()), "utf-8")
    line = f"{path}:"
    try:
        load_config(path)
    except ConfigError as error:
        line = str(error)
    assert line.startswith(f"{path}:")
    assert "\n" not in line
