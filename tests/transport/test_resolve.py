"""RFC 3263 against a name server on loopback."""

from collections import Counter
from types import SimpleNamespace

import pytest
from tests.transport.nameserver import nameserver
from tests.transport.recorder import flow

from opentcf.sip.outbox import Send
from opentcf.transport.resolve import ResolveError, Resolver, Target, by_weight

ZONE = """
$TTL 300
@ SOA ns.example. root.example. 1 3600 600 86400 300
@ NS ns.example.
core2 NAPTR 50 50 "s" "SIP+D2T" "" _sip._tcp.core2.example.
core2 NAPTR 90 50 "s" "SIP+D2U" "" _sip._udp.core2.example.
core2 NAPTR 10 50 "u" "E2U+sip" "!.*!x!" .
_sip._udp.core2 SRV 20 1 5080 backup.example.
_sip._udp.core2 SRV 10 1 5070 tcf.example.
_sip._tcp.core2 SRV 10 1 5075 tcf.example.
_sips._tcp.core2 SRV 10 1 5061 tcf.example.
_sip._udp.closed SRV 0 0 0 .
tcf A 127.0.2.1
tcf AAAA ::1
backup A 127.0.2.2
plain A 127.0.3.1
"""


@pytest.fixture
def hosts(tmp_path):
    path = tmp_path / "hosts"
    path.write_text(
        "# comment\n127.0.9.1 local.example Local # here\n::1 local.example\nnonsense local.example\n"
    )
    return path


@pytest.mark.parametrize(
    ("host", "port", "transport", "targets"),
    [
        ("core2.example", 0, "", [Target("tcp", "127.0.2.1", 5075), Target("tcp", "::1", 5075)]),
        (
            "core2.example", 0, "udp",
            [Target("udp", "127.0.2.1", 5070), Target("udp", "::1", 5070), Target("udp", "127.0.2.2", 5080)],
        ),
        ("core2.example", 0, "tls", [Target("tls", "127.0.2.1", 5061), Target("tls", "::1", 5061)]),
        ("plain.example", 0, "", [Target("udp", "127.0.3.1", 5060)]),
        ("plain.example", 0, "tls", [Target("tls", "127.0.3.1", 5061)]),
        ("tcf.example", 7000, "", [Target("udp", "127.0.2.1", 7000), Target("udp", "::1", 7000)]),
        ("127.0.0.1", 0, "", [Target("udp", "127.0.0.1", 5060)]),
        ("::1", 0, "tls", [Target("tls", "::1", 5061)]),
        ("LOCAL", 0, "tcp", [Target("tcp", "127.0.9.1", 5060)]),
    ],
)  # fmt: skip
async def test_resolve(hosts, host, port, transport, targets):
    async with nameserver(ZONE, hosts) as (_, resolver):
        assert await resolver.resolve(host, port, transport) == targets


@pytest.mark.parametrize(
    "host", ["absent.example", "core2.example.", "a..b", "x" * 80 + ".example", "ü.example"]
)
async def test_a_name_that_leads_nowhere(hosts, host):
    async with nameserver(ZONE, hosts) as (_, resolver):
        with pytest.raises(ResolveError, match="no address is known for"):
            await resolver.resolve(host, 5060, "udp")


async def test_answers_are_remembered(hosts):
    async with nameserver(ZONE, hosts) as (server, resolver):
        for _ in range(3):
            await resolver.resolve("core2.example", 0, "udp")
            with pytest.raises(ResolveError):
                await resolver.resolve("absent.example", 5060, "udp")
        assert max(Counter(server.questions).values()) == 1


async def test_addresses_and_servers_of_a_peer(hosts):
    async with nameserver(ZONE, hosts) as (_, resolver):
        assert await resolver.addresses("local.example") == ("127.0.9.1", "::1")
        assert await resolver.addresses("127.0.0.1") == ("127.0.0.1",)
        assert await resolver.addresses("absent.example") == ()
        assert await resolver.servers("core2.example", "udp") == [
            ("tcf.example", 5070),
            ("backup.example", 5080),
        ]
        assert await resolver.servers("plain.example", "udp") == [("plain.example", 5060)]
        assert await resolver.servers("closed.example", "udp") == [("closed.example", 5060)]


async def test_a_name_server_that_is_not_there(hosts):
    async with nameserver(ZONE, hosts, lifetime=0.2) as (_, resolver):
        pass
    assert await resolver.addresses("plain.example") == ()
    assert await Resolver(hosts=hosts.parent / "absent").addresses("127.0.0.1") == ("127.0.0.1",)


def test_srv_records_of_one_priority_share_the_work_by_weight():
    records = [SimpleNamespace(priority=1, weight=weight) for weight in (30, 10, 0)]
    late = SimpleNamespace(priority=2, weight=1000)
    first = Counter(by_weight([late, *records])[0].weight for _ in range(4000))
    assert 2800 < first[30] < 3200
    assert 800 < first[10] < 1200
    assert first[1000] == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_order_to_a_name_is_looked_up(ends, hosts, transport):
    zone = ZONE + "here A 192.0.2.1\n"
    hosts.write_text("::1 there.example\n127.0.0.1 there.example\n")
    async with (
        nameserver(zone, hosts) as (_, resolver),
        ends.open(f"{transport}:127.0.0.1") as (_, hears, (port,)),
        ends.open(f"{transport}:127.0.0.1", resolver=resolver) as (there, sees, _),
    ):
        body = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n"
        there.send(Send(body, flow(transport, port, "there.example")))
        assert (await hears.next("received")).data == body
        assert sees.sent_messages[0][1][2:4] == ("127.0.0.1", port)
        there.send(Send(body, flow(transport, port, "absent.example"), "transaction"))
        failure = await sees.next("failed")
        assert failure.detail == "no address is known for absent.example"
