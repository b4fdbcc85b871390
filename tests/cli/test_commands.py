"""Commands that look at and act on a running node, and those that need none."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner
from tests.cli.process import CONFIG, Terminal, opentcf, running

from opentcf import __version__, core
from opentcf.cli import COMMANDS, main
from opentcf.cli.look import _cell

GROUP = '[[group]]\nnumber = "8001"\nname = "Fire [1]"\nmembers = ["1001"]\n'
TOKEN = CONFIG.replace('[http]\nlisten = "127.0.0.1:0"', '[http]\nlisten = "127.0.0.1:0"\ntoken = "sesame"')


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    path = tmp_path_factory.mktemp("node") / "core1.toml"
    path.write_text(CONFIG + GROUP)
    with running(path) as node:
        yield node


@pytest.fixture
def ask(node):
    """Run a command against the node: exit code, stdout, stderr."""

    def ask(*arguments: str, **environment: str):
        result = CliRunner().invoke(
            main, arguments, env={"OPENTCF_URL": node.url, "OPENTCF_TOKEN": None, **environment}
        )
        return result.exit_code, result.stdout, result.stderr

    return ask


def test_tables_for_people(ask):
    code, out, _ = ask("peers")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["domain", "state", "address", "way", "rtt"],
        ["core2.example", "unknown", "udp:127.0.0.9:5999", "1", "-"],
    ]
    assert "Fire [1]" in ask("groups")[1]
    assert "1001" in ask("subscribers")[1]
    for name in ("calls", "floors", "registrations"):
        code, out, _ = ask(name)
        assert (code, len(out.splitlines())) == (0, 1)


@pytest.mark.parametrize("name", ["peers", "calls", "registrations", "groups", "floors", "subscribers"])
def test_json_for_programs(ask, name):
    code, out, _ = ask(name, "--json")
    assert code == 0
    assert isinstance(json.loads(out), list)


def test_kick_a_user(node, ask):
    with closing(Terminal(node.ports["d/udp"])) as terminal:
        assert terminal.register() == 200
        assert "1001@core1.example" in ask("registrations")[1]
        assert ask("user", "kick", "1001") == (0, "kicked 1001\n", "")
    assert "1001@core1.example" not in ask("registrations")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("user", "kick", "1001"), 1, "opentcf: 1001@core1.example is not registered\n"),
        (
            ("user", "kick", "1002"),
            1,
            "opentcf: there is no subscriber 1002@core1.example; see the list of subscribers\n",
        ),
        (
            ("user", "kick", "1001@core2.example"),
            1,
            "opentcf: 1001@core2.example has another home; ask that TCF\n",
        ),
        (
            ("floor", "revoke", "8001"),
            1,
            "opentcf: nobody holds the floor of group 8001@core1.example; see the list of floors\n",
        ),
        (
            ("floor", "revoke", "9999"),
            1,
            "opentcf: there is no group 9999@core1.example; see the list of groups\n",
        ),
        (
            ("floor", "revoke", "8001@core2.example"),
            1,
            "opentcf: 8001@core2.example has another home; ask that TCF\n",
        ),
        (("call", "release", "none/such"), 1, "opentcf: there is no call 'none/such'\n"),
    ],
)
def test_what_a_node_refuses(ask, arguments, code, error):
    assert ask(*arguments) == (code, "", error)


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("peer",), 2, "there is no command 'peer'; did you mean 'peers'?"),
        (("zebra",), 2, "there is no command 'zebra'; opentcf --help lists them"),
        (("peers", "--url", "localhost"), 2, "--url 'localhost' is not http://HOST:PORT"),
        (
            ("peers", "--url", "http://127.0.0.1:99999"),
            2,
            "--url 'http://127.0.0.1:99999' is not http://HOST:PORT",
        ),
        (
            ("peers", "--url", "http://127.0.0.1:1"),
            1,
            "no node answers at http://127.0.0.1:1: connection refused",
        ),
        (("run",), 2, "Missing argument 'CONFIG.toml'"),
        (("run", "x", "--log-level", "loud"), 2, "'loud' is not one of"),
        (("check", "absent.toml"), 2, "opentcf: absent.toml: cannot be read: no such file or directory"),
        (("user", "kick"), 2, "Missing argument 'UDN'"),
        (
            ("user", "kick", "a/b"),
            2,
            "'UDN': 'a/b' is neither a number of 1 to 15 digits nor number@",
        ),
        (("floor", "revoke", "fire"), 2, "'GDN': 'fire' is neither"),
    ],
)
def test_wrong_usage(ask, arguments, code, error):
    result = ask(*arguments)
    assert result[:2] == (code, "")
    assert error in result[2].replace("(main)", "").replace("main", "opentcf")


def test_check(config, monkeypatch):
    monkeypatch.chdir(config.parent)
    done = CliRunner().invoke(main, ["check", "core1.toml"])
    assert (done.exit_code, done.stdout) == (
        0,
        "core1.toml: ok: core1.example, 1 peer, 1 subscriber, 0 groups\n",
    )
    config.write_text(CONFIG + "[timers]\nt1 = 4\n")
    done = CliRunner().invoke(main, ["check", "core1.toml"])
    expected = 'opentcf: core1.toml:18: timers.t1: unknown key; did you mean "T1"?\n'
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", expected)
    config.write_text(CONFIG + '[tls]\ncertificate = "core1.toml"\nkey = "core1.toml"\n')
    done = CliRunner().invoke(main, ["check", "core1.toml"])
    assert done.exit_code == 2
    assert "are not a certificate and its key" in done.stderr


NOBODY = """\
[[subscriber]]
number = "1002"
[[group]]
number = "8001"
members = ["1001", "1009", "2001@core2.example", "4001@core4.example"]
"""


def test_what_a_configuration_hardly_means(config, monkeypatch):
    monkeypatch.chdir(config.parent)
    config.write_text(CONFIG + NOBODY)
    warnings = [
        (
            "core1.toml:17: subscriber: 1002 has no password, so he cannot register here; "
            "give him password_file, password or ha1_sha256"
        ),
        (
            "core1.toml:21: group.members: 1009@core1.example is no [[subscriber]] of this file; "
            "add him here, or with `opentcf subscriber add`"
        ),
        (
            "core1.toml:21: group.members: 4001@core4.example cannot be reached, core4.example is no [[peer]]; "
            "add the peer, or correct the member"
        ),
    ]
    done = CliRunner().invoke(main, ["check", "core1.toml"])
    assert (done.exit_code, done.stdout) == (
        0,
        "core1.toml: ok: core1.example, 1 peer, 2 subscribers, 1 group, 3 warnings\n",
    )
    assert done.stderr.splitlines() == [f"opentcf: warning: {line}" for line in warnings]
    done = CliRunner().invoke(main, ["check", "core1.toml", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "ok": True,
        "domain": "core1.example",
        "peers": 1,
        "subscribers": 2,
        "groups": 1,
        "warnings": warnings,
    }
    config.write_text(CONFIG + "[timers]\nT1 = four\n")
    done = CliRunner().invoke(main, ["check", "core1.toml", "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (
        2,
        {
            "ok": False,
            "error": "core1.toml:18:6: is not TOML: invalid value; "
            "text stands in quotes, true and false have no capital letters",
        },
    )


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("absent/node.db", "there is no directory absent; make it, or name another in [store] url"),
        (".", "it is a directory"),
    ],
)
def test_a_store_that_has_no_place(config, monkeypatch, command, path, reason):
    monkeypatch.chdir(config.parent)
    config.write_text(CONFIG.replace("node.db", path))
    done = CliRunner().invoke(main, [command, "core1.toml"])
    expected = f"opentcf: core1.toml: store sqlite:{path} cannot be opened: {reason}\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", expected)


def test_a_token_is_taken_from_the_environment(config):
    config.write_text(TOKEN)
    with running(config) as node:
        asked = ["peers", "--url", node.url]
        assert CliRunner().invoke(main, asked, env={"OPENTCF_TOKEN": "sesame"}).exit_code == 0
        done = CliRunner().invoke(main, asked, env={"OPENTCF_TOKEN": "wrong"})
        detail = "this node asks for its token: Authorization: Bearer …; set OPENTCF_TOKEN"
        assert (done.exit_code, done.stderr) == (1, f"opentcf: {detail}\n")


def test_what_answers_is_no_node(config):
    config.write_text(CONFIG)
    with running(config) as node:
        done = CliRunner().invoke(main, ["peers", "--url", f"{node.url}/elsewhere"])
    assert (done.exit_code, done.stderr) == (1, "opentcf: GET /elsewhere/api/v1/peers: not found\n")


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments):
        pass


def test_what_answers_speaks_no_json():
    with HTTPServer(("127.0.0.1", 0), Hello) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        answering = Thread(target=server.handle_request)
        answering.start()
        done = CliRunner().invoke(main, ["peers", "--url", url])
        answering.join()
    assert (done.exit_code, done.stderr) == (1, f"opentcf: what answers at {url} is no OpenTCF node\n")


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("rtt", 0.00123, "1.2 ms"),
        ("rtt", None, "-"),
        ("state", "up", "[green]up[/]"),
        ("state", "[bold]", "\\[bold]"),
        ("expires", 3600, "1:00:00"),
        ("legs", [{"peer": "core2.example", "state": "up"}, {"peer": None, "party": "1001@a", "state": "early"}],
         "core2.example up, 1001@a early"),
        ("roles", ["home", "visited"], "home, visited"),
        ("priority", 255, "255"),
    ],
)  # fmt: skip
def test_how_values_are_shown(column, value, shown):
    assert _cell(column, value) == shown


def test_an_interrupted_command():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = ["env", "--default-signal=INT", sys.executable, "-m", "opentcf.cli", "peers", "--url", url]
        with subprocess.Popen(command) as asking, silent.accept()[0] as connection:
            connection.recv(1)
            asking.send_signal(signal.SIGINT)
            assert asking.wait() == 130


def test_as_a_program():
    done = opentcf("--version")
    assert (done.returncode, done.stdout) == (0, f"opentcf, version {__version__}, {core()} core\n")
    done = opentcf("--help", env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0
    for name in (
        "run",
        "check",
        "peers",
        "calls",
        "registrations",
        "groups",
        "floors",
        "subscribers",
        "call",
        "user",
    ):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_program_itself_imports_nothing_heavy(option):
    done = opentcf(option, env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"opentcf.node", "uvicorn", "starlette", "rich", "msgspec", "dns"}


@pytest.mark.parametrize(
    "name", ["run", "check", "peers", "calls", "registrations", "groups", "floors", "subscribers"]
)
def test_every_command_explains_itself(name):
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert COMMANDS[name][1].rstrip(".") in done.stdout
