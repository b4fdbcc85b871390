"""Peers that are named by host, against a name server on loopback."""

import pytest
from tests.transport.nameserver import nameserver

from opentcf.model.peer import Peer
from opentcf.node.settings import Settings
from opentcf.runtime.peer_names import PeerNames, certificate_names, is_complete

ZONE = """
$TTL 0
@ SOA ns.example. root.example. 1 3600 600 86400 300
@ NS ns.example.
_sip._udp.core2 SRV 10 1 5070 tcf.example.
_sip._tls.twin SRV 0 0 0 .
_sip._tcp.twin SRV 10 1 5060 tcf.example.
_sip._tcp.twin SRV 10 1 5060 core3.example.
_sip._tcp.twin SRV 20 1 5062 core3.example.
tcf A 127.0.2.1
tcf AAAA ::1
core3 A 127.0.3.1
"""
LITERAL = Peer("core4.example", "udp", "127.0.4.1", 5060)


@pytest.fixture
def hosts(tmp_path):
    return tmp_path / "absent"


def settings(*peers: Peer) -> Settings:
    return Settings("core1.example", peers=peers)


async def test_names_become_addresses_and_srv_names_the_server(hosts):
    two, three = (
        Peer("core2.example", "udp", "core2.example", 5060),
        Peer("core3.example", "tcp", "core3.example", 5080),
    )
    async with nameserver(ZONE, hosts) as (_, resolver):
        found = await PeerNames(resolver).settle(settings(two, three, LITERAL), frozenset({"core2.example"}))
    assert [(peer.host, peer.port) for peer in found.peers] == [
        ("tcf.example", 5070),
        ("core3.example", 5080),
        ("127.0.4.1", 5060),
    ]
    assert found.peer_addresses == {"core2.example": ("127.0.2.1", "::1"), "core3.example": ("127.0.3.1",)}
    assert is_complete(found)


async def test_a_port_that_was_written_asks_for_no_srv(hosts):
    two = Peer("core2.example", "udp", "core2.example", 5060)
    async with nameserver(ZONE, hosts) as (server, resolver):
        found = await PeerNames(resolver).settle(settings(two), frozenset())
    assert (found.peers, found.peer_addresses, is_complete(found)) == ((two,), {}, False)
    assert not [question for question in server.questions if "SRV" in question]


async def test_a_name_server_that_falls_silent_changes_nothing(hosts):
    three = Peer("core3.example", "tcp", "core3.example", 5080)
    async with nameserver(ZONE, hosts) as (server, resolver):
        names = PeerNames(resolver)
        before = await names.settle(settings(three), frozenset())
        server.zone.delete_node("core3.example.")
        after = await names.settle(settings(three), frozenset())
    assert after == before


def test_the_names_that_certificates_must_bear():
    two = Peer("core2.example", "tls", "tcf.example", 5061)
    three = Peer("core3.example", "tls", "127.0.3.1", 5061, tls_name="three.example")
    found = Settings(
        "core1.example", peers=(two, three, LITERAL), peer_addresses={"core2.example": ("127.0.2.1", "::1")}
    )
    assert certificate_names(found) == {
        ("tcf.example", 5061): "core2.example",
        ("127.0.2.1", 5061): "core2.example",
        ("::1", 5061): "core2.example",
        ("127.0.3.1", 5061): "three.example",
    }


async def test_all_servers_that_srv_names_are_addresses_of_the_peer_and_keep_their_order(hosts):
    """RFC 3263 §4.3. Those of one rank come in an order by chance, which is drawn once."""
    twin = Peer("twin.example", "tcp", "twin.example", 5060)
    async with nameserver(ZONE, hosts) as (_, resolver):
        names = PeerNames(resolver)
        found = [await names.settle(settings(twin), frozenset({"twin.example"})) for _ in range(10)]
    (peer,) = found[0].peers
    assert peer.address == peer.ways[0]
    assert sorted(peer.ways[:2]) == [("tcp", "core3.example", 5060), ("tcp", "tcf.example", 5060)]
    assert peer.ways[2] == ("tcp", "core3.example", 5062)
    assert found == [found[0]] * 10
    assert found[0].peer_addresses == {"twin.example": ("127.0.2.1", "127.0.3.1", "::1")}


def test_every_address_of_a_peer_must_bear_its_name():
    ways = (("tls", "192.0.2.1", 5061), ("tls", "192.0.2.2", 5071), ("tcp", "192.0.2.3", 5060))
    two = Peer("core2.example", "tls", "192.0.2.1", 5061, addresses=ways)
    found = certificate_names(Settings("core1.example", peers=(two,)))
    assert found == {("192.0.2.1", 5061): "core2.example", ("192.0.2.2", 5071): "core2.example"}
