"""`opentcf run` as people run it: a real process, real sockets, real signals."""

import json
import resource
import signal
import socket
from contextlib import closing

import httpx
import pytest
from tests.cli.process import CONFIG, Terminal, opentcf, running

from opentcf.store.sqlite import SqliteStore


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """One node for the tests that leave it as it was."""
    path = tmp_path_factory.mktemp("node") / "core1.toml"
    path.write_text(CONFIG)
    with running(path) as node:
        yield node


def bindings(node) -> list[str]:
    return [row["user"] for row in node.client.items("registrations")]


def test_the_ready_line_names_the_listeners(node):
    ports = node.ports
    assert node.ready == (
        f"ready core1.example tc2=udp:127.0.0.1:{ports['tc2/udp']},tcp:127.0.0.1:{ports['tc2/tcp']} "
        f"d=udp:127.0.0.1:{ports['d/udp']},tcp:127.0.0.1:{ports['d/tcp']} http=127.0.0.1:{ports['http']}"
    )
    assert 0 not in ports.values()


def test_sip_over_tcp_is_answered(node):
    request = (
        "OPTIONS sip:core1.example SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
        "From: <sip:1001@core1.example>;tag=a\r\nTo: <sip:core1.example>\r\nCall-ID: tcp\r\nCSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", node.ports["d/tcp"]), 20)) as connection:
        connection.sendall(request.encode())
        assert connection.recv(65_535).startswith(b"SIP/2.0 401 ")


def test_garbage_is_survived(node):
    with closing(Terminal(node.ports["d/udp"])) as terminal:
        for data in (b"\0" * 100, b"\xff" * 60_000, b"INVITE\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"):
            terminal.send(data)
        assert terminal.register("wrong") == 403
    assert "fault" not in node.log()
    assert "bug" not in node.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(config, number):
    config.write_text(CONFIG.partition("[[peer]]")[0])
    with running(config) as node:
        assert node.stop(number) == 0
        assert "leaving" in node.log()


def test_a_heartbeat_to_a_silent_peer_does_not_keep_it(config):
    with running(config) as node:
        assert "opentcf_sip_requests_total" in metrics_with(node, 'method="OPTIONS"')
        assert node.stop() == 0
        assert "left with open transactions" not in node.log()


def test_a_second_signal_does_not_wait(config):
    """What a member's home, a peer that is silent, is to be told keeps a transaction open."""
    config.write_text(CONFIG + '[[group]]\nnumber = "8001"\nmembers = ["2001@core2.example"]\n')
    with running(config) as node:
        assert "opentcf_sip_requests_total" in metrics_with(node, 'method="MESSAGE"')
        node.process.send_signal(signal.SIGTERM)
        node.wait_for_log("event=leaving")
        node.process.send_signal(signal.SIGHUP)
        assert node.stop() == 130


def metrics_with(node, text: str) -> str:
    """The metrics, as soon as `text` stands in them."""
    while text not in (found := httpx.get(f"{node.url}/metrics").text):
        continue
    return found


def test_bindings_survive_kill_9(config):
    config.write_text(CONFIG.partition("[[peer]]")[0])
    with running(config) as node, closing(Terminal(node.ports["d/udp"])) as terminal:
        assert terminal.register() == 200
        assert bindings(node) == ["1001@core1.example"]
        assert node.stop(signal.SIGKILL) == -signal.SIGKILL
    with running(config) as node:
        assert bindings(node) == ["1001@core1.example"]
        assert node.stop() == 0
    with running(config) as node:
        assert bindings(node) == ["1001@core1.example"]


def test_sighup_takes_new_subscribers(config):
    with running(config) as node:
        config.write_text(CONFIG + '[[subscriber]]\nnumber = "1002"\n')
        node.process.send_signal(signal.SIGHUP)
        node.wait_for_log("event=reloaded")
        assert [row["number"] for row in node.client.items("subscribers")] == ["1001", "1002"]


def test_sighup_with_a_wrong_file_changes_nothing(config):
    with running(config) as node:
        config.write_text(CONFIG + "[timer]\n")
        node.process.send_signal(signal.SIGHUP)
        node.wait_for_log("reload refused")
        assert f'reason="{config}:17: timer: unknown key; did you mean \\"timers\\"?"' in node.log()
        assert [row["number"] for row in node.client.items("subscribers")] == ["1001"]


def test_sighup_says_what_needs_a_restart(config):
    with running(config) as node:
        changed = CONFIG.replace("sqlite:node.db", "memory:").replace(
            '["udp:127.0.0.1:0", ', '["udp:127.0.0.2:0", '
        )
        config.write_text(changed)
        node.process.send_signal(signal.SIGHUP)
        node.wait_for_log("event=reloaded")
        for key in ("store.url", "tc2.listen", "d.listen"):
            assert f'event="needs a restart to take effect" key={key}\n' in node.log()
        config.write_text(CONFIG)
        node.process.send_signal(signal.SIGHUP)
        node.wait_for_log("event=reloaded", times=2)
        assert node.log().count("needs a restart") == 3
        config.write_text(CONFIG.replace("core1.example", "core9.example"))
        node.process.send_signal(signal.SIGHUP)
        node.wait_for_log("a new domain needs a restart")


def test_no_secret_in_the_trace_or_the_log(config):
    with running(config, "--log-level", "debug", "--log-format", "json") as node:
        with closing(Terminal(node.ports["d/udp"])) as terminal:
            assert terminal.register() == 200
        heads = "".join(message["head"] for message in node.client.items("trace"))
        assert 'response="***"' in heads
        for line in node.log().splitlines():
            assert json.loads(line)["level"] in ("debug", "info", "warning")


# ------------------------------------------------------------------------------------------------ what cannot start


def one_line(config, *options: str) -> str:
    done = opentcf("run", config, *options)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_in_use(config):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"udp:127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(CONFIG.replace("udp:127.0.0.1:0", where, 1))
        assert one_line(config) == f"opentcf: {config}: cannot listen on {where}: address already in use"


def test_an_http_port_in_use(config):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(CONFIG.replace('[http]\nlisten = "127.0.0.1:0"', f'[http]\nlisten = "{where}"'))
        assert one_line(config) == f"opentcf: {config}: cannot listen on http {where}: address already in use"


def test_a_store_that_another_node_has(config):
    with closing(SqliteStore(config.parent / "node.db")):
        expected = f"store sqlite:{config.parent}/node.db cannot be opened: another process has it open"
        assert one_line(config) == f"opentcf: {config}: {expected}"


def test_a_store_in_a_missing_directory(config):
    config.write_text(CONFIG.replace("node.db", "absent/node.db"))
    assert f"cannot be opened: there is no directory {config.parent}/absent; make it" in one_line(config)


def test_a_damaged_store(config):
    (config.parent / "node.db").write_bytes(b"x" * 5000)
    assert "node.db is damaged: file is not a database; move it away or restore a copy" in one_line(config)


def test_a_missing_password_file(config):
    config.write_text(CONFIG.replace('password = "secret"', 'password_file = "absent"'))
    line = one_line(config)
    assert (
        line
        == f"opentcf: {config}:13: subscriber.password_file: absent cannot be read: no such file or directory"
    )


def test_a_missing_configuration(config):
    config.unlink()
    assert one_line(config) == f"opentcf: {config}: cannot be read: no such file or directory"


def test_files_for_tls_that_are_none(config):
    tls = f'[tls]\ncertificate = "{config.name}"\nkey = "{config.name}"\n'
    config.write_text(CONFIG + tls)
    assert "are not a certificate and its key" in one_line(config)


def test_a_store_that_fails_ends_the_node_with_1(config):
    """The commit fails, nothing is answered, the node says why."""
    with running(config) as node, closing(Terminal(node.ports["d/udp"])) as terminal:
        authorization = terminal.authorization()
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (1, 1))
        terminal.send(terminal.request(authorization))
        assert node.process.wait(20) == 1
        assert terminal.pending() == ""
        assert "level=error event=stopped reason=" in node.log()
        assert "node.db cannot be written: disk I/O error" in node.log()


def test_an_impaired_way_is_named_when_it_cannot_be_read(config):
    ways = config.parent / "ways.toml"
    ways.write_text('[way."127.0.0.1"]\nlost = 0.5\n')
    ended = opentcf("run", config, "--impair", ways)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"opentcf: {ways}: ")
    assert "lost" in ended.stderr


def test_nothing_passes_on_a_way_that_is_cut_until_it_is_mended(config):
    ways = config.parent / "ways.toml"
    ways.write_text('[way."127.0.0.1"]\ncut = true\n')
    with running(config, "--impair", str(ways)) as node, closing(Terminal(node.ports["d/udp"])) as terminal:
        terminal.send(terminal.request(""))
        while 'code="401"' not in httpx.get(f"{node.url}/metrics").text:
            pass
        ways.unlink()
        with closing(Terminal(node.ports["d/udp"])) as later:
            assert later.register() == 200
        assert terminal.pending() == ""
