"""Whole nodes in this process: starting, finding each other, reloading, leaving."""

import shutil
from contextlib import asynccontextmanager
from random import Random

import pytest
from dns import rdataset
from tests.transport import test_tls as transport_test_tls
from tests.transport.nameserver import nameserver

from opentcf.node.commands.enrol import Entry
from opentcf.runtime.config import load_config
from opentcf.runtime.runtime import Paces, Runtime
from opentcf.store import StoreError, open_store
from opentcf.transport.interface import ListenError
from opentcf.transport.wrap import Duplicate

ONE, TWO = "127.0.61.1", "127.0.62.1"


def text(number: int, host: str, transport: str, peer: str, more: str = "") -> str:
    other = 3 - number
    return (
        f'[tcf]\ndomain = "core{number}.example"\n[tc2]\nlisten = ["{transport}:{host}", "udp:{host}:5080"]\n'
        f'[store]\nurl = "sqlite:core{number}.db"\n[[peer]]\ndomain = "core{other}.example"\naddress = "{peer}"\n{more}'
    )


@asynccontextmanager
async def node(path, content: str, **options):
    path.write_text(content)
    runtime = Runtime(load_config(path), **options)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.close()


async def peer_state(runtime: Runtime) -> str:
    reply = await runtime.loop.ask("peers")
    return str(reply.value["items"][0]["state"])


async def until_up(*runtimes: Runtime) -> None:
    for runtime in runtimes:
        while await peer_state(runtime) != "up":
            continue


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_two_nodes_find_each_other(tmp_path, transport):
    async with (
        node(tmp_path / "core1.toml", text(1, ONE, transport, f"{transport}:{TWO}")) as one,
        node(tmp_path / "core2.toml", text(2, TWO, transport, f"{transport}:{ONE}")) as two,
    ):
        await until_up(one, two)
        assert {message.flow.transport for message in one.trace.after(0)} == {transport}


async def test_two_nodes_find_each_other_by_certificate(tmp_path, certificates):
    def more(number: int) -> str:
        files = (("certificate", f"core{number}.pem"), ("key", f"core{number}.key"), ("ca", "ca.pem"))
        return "[tls]\n" + "".join(f'{key} = "{certificates / name}"\n' for key, name in files)

    async with (
        node(tmp_path / "core1.toml", text(1, ONE, "tls", f"tls:{TWO}", more(1))) as one,
        node(tmp_path / "core2.toml", text(2, TWO, "tls", f"tls:{ONE}", more(2))) as two,
    ):
        await until_up(one, two)
        assert {message.flow.transport for message in one.trace.after(0)} == {"tls"}


def put(home, certificates, name: str) -> None:
    """What a renewal does: another certificate under the same name."""
    for ending in ("pem", "key"):
        shutil.copy(certificates / f"{name}.{ending}", home / f"our.{ending}")


def secure(home, certificates) -> str:
    """The configuration of a node with TLS."""
    files = f'certificate = "our.pem"\nkey = "our.key"\nca = "{certificates / "ca.pem"}"\n'
    return text(1, ONE, "tls", f"tls:{TWO}", f"[tls]\n{files}")


async def shown(certificates) -> str:
    """The name in the certificate that the node shows."""
    return await transport_test_tls.shown(5061, transport_test_tls.as_core2(certificates), ONE)


async def test_a_reload_reads_the_certificates_too(tmp_path, certificates):
    put(tmp_path, certificates, "core1")
    async with node(tmp_path / "core1.toml", secure(tmp_path, certificates)) as one:
        put(tmp_path, certificates, "proxy")
        assert await shown(certificates) == "core1.example"
        await one.reload()
        assert await shown(certificates) == "proxy.example"
        (tmp_path / "our.key").write_text("no key")
        await one.reload()
        assert await shown(certificates) == "proxy.example"


async def test_a_certificate_that_was_renewed_is_taken_without_being_told(tmp_path, certificates):
    put(tmp_path, certificates, "core1")
    paces = Paces(certificates=0.01)
    async with node(tmp_path / "core1.toml", secure(tmp_path, certificates), paces=paces):
        (tmp_path / "our.pem").unlink()
        put(tmp_path, certificates, "proxy")
        while await shown(certificates) != "proxy.example":
            continue


async def test_keys_are_written_where_the_environment_says(tmp_path, certificates, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    put(tmp_path, certificates, "core1")
    async with node(tmp_path / "core1.toml", secure(tmp_path, certificates)):
        await shown(certificates)
        assert "TRAFFIC_SECRET" in (tmp_path / "keys").read_text()


async def test_a_wrap_stands_between_node_and_network(tmp_path):
    content = text(1, ONE, "udp", f"udp:{TWO}")
    async with node(
        tmp_path / "core1.toml", content, wrap=lambda inner: Duplicate(inner, 1.0, Random(1))
    ) as one:
        while len(messages := list(one.trace.after(0))) < 2:
            await one.loop.ask("health")
        assert messages[0].data == messages[1].data


ZONE = """
$TTL 0
@ SOA ns.example. root.example. 1 3600 600 86400 300
@ NS ns.example.
_sip._udp.core2 SRV 10 1 5080 tcf.example.
"""


async def test_a_peer_that_is_found_later(tmp_path):
    """The name has no address at the start; when it gets one, the node goes there."""
    async with nameserver(ZONE, tmp_path / "absent", negative=0.0) as (server, resolver):
        content = text(1, ONE, "udp", "udp:core2.example", "heartbeat = 0.05\nheartbeat_wait = 0.05\n")
        trusted = content.replace("[tc2]", "[tc2]\nplain = true")
        async with (
            node(tmp_path / "core1.toml", trusted, resolver=resolver, paces=Paces(missing_names=0.01)) as one,
            node(tmp_path / "core2.toml", text(2, TWO, "udp", f"udp:{ONE}:5060")) as two,
        ):
            assert one.settings.peer_addresses == {}
            server.zone.find_node("tcf.example.", create=True).replace_rdataset(address(TWO))
            while not one.settings.peer_addresses:
                await one.loop.ask("health")
            await until_up(one)
            assert one.settings.peer_addresses == {"core2.example": (TWO,)}
            assert (one.settings.peers[0].host, one.settings.peers[0].port) == ("tcf.example", 5080)
            assert two.settings.peer_addresses == {}


def address(host: str):
    return rdataset.from_text("IN", "A", 0, host)


async def test_reload_swaps_peers_and_subscribers_without_a_restart(tmp_path):
    path = tmp_path / "core1.toml"
    async with node(path, text(1, ONE, "udp", f"udp:{TWO}")) as one:
        subscriber = '[[subscriber]]\nnumber = "1001"\n'
        path.write_text(text(1, ONE, "udp", "udp:127.0.63.1", subscriber).replace("core2.", "core3."))
        await one.reload()
        assert [row["domain"] for row in (await one.loop.ask("peers")).value["items"]] == ["core3.example"]
        assert [row["number"] for row in (await one.loop.ask("subscribers")).value["items"]] == ["1001"]


async def numbers(runtime: Runtime) -> dict[str, str]:
    reply = await runtime.loop.ask("subscribers")
    return {row["number"]: row["name"] for row in reply.value["items"]}


async def test_what_was_said_by_command_stands_over_the_configuration(tmp_path):
    def users(name: str) -> str:
        return "".join(
            f'[[subscriber]]\nnumber = "{number}"\nname = "{name}"\n' for number in (1001, 1002, 1003)
        )

    path = tmp_path / "core1.toml"
    async with node(path, text(1, ONE, "udp", f"udp:{TWO}", users("old"))) as one:
        await one.loop.ask("subscriber_set", {"entry": Entry("1001", {"name": "changed"})})
        await one.loop.ask("subscriber_remove", {"number": "1002"})
        path.write_text(text(1, ONE, "udp", f"udp:{TWO}", users("new")))
        await one.reload()
        assert await numbers(one) == {"1001": "changed", "1003": "new"}
        audit = (await one.loop.ask("audit")).value["items"]
        assert [(row["who"], row["action"]) for row in audit][-1] == ("signal", "reload")
    async with node(path, path.read_text()) as one:
        assert await numbers(one) == {"1001": "changed", "1003": "new"}
        for number in ("1001", "1002"):
            await one.loop.ask("subscriber_reset", {"number": number})
        assert await numbers(one) == dict.fromkeys(("1001", "1002", "1003"), "new")


async def test_a_failed_start_leaves_nothing_open(tmp_path):
    taken = text(2, ONE, "udp", f"udp:{TWO}")
    async with node(tmp_path / "core1.toml", text(1, ONE, "udp", f"udp:{TWO}")):
        with pytest.raises(ListenError, match=f"cannot listen on udp:{ONE}:5060: address already in use"):
            async with node(tmp_path / "core2.toml", taken.replace("5080", "5081")):
                pass
        open_store("sqlite:core2.db", tmp_path).close()
        with pytest.raises(StoreError, match="another process has it open"):
            open_store("sqlite:core1.db", tmp_path)
    open_store("sqlite:core1.db", tmp_path).close()


async def test_leaving_waits_for_open_transactions_but_not_for_ever(tmp_path):
    group = '[[group]]\nnumber = "8001"\nmembers = ["2001@core2.example"]\n'
    content = text(1, ONE, "udp", f"udp:{TWO}", group)
    async with node(tmp_path / "core1.toml", content, paces=Paces(leave=0.05)) as one:
        while not list(one.trace.after(0)):
            await one.loop.ask("health")
        await one.leave()
        assert not one.loop.stopped.done()
