"""A name server on loopback that knows one small zone."""

import asyncio
from contextlib import asynccontextmanager

import dns.message
import dns.rcode
import dns.rdatatype
import dns.zone
from dns.asyncresolver import Resolver as Dns

from opentcf.transport.resolve import Resolver


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, zone: str) -> None:
        self.questions: list[str] = []
        self.zone = dns.zone.from_text(zone, "example.", relativize=False)

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data, addr) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.questions.append(f"{question.name} {dns.rdatatype.to_text(question.rdtype)}")
        response = dns.message.make_response(query)
        node = self.zone.nodes.get(question.name)
        if node is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif rdataset := node.get_rdataset(question.rdclass, question.rdtype):
            response.answer.append(dns.rrset.from_rdata_list(question.name, rdataset.ttl, list(rdataset)))
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def nameserver(zone: str, hosts, **values):
    """`async with nameserver(zone text, hosts file) as (server, resolver)`; `values` are for the resolver."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(zone), local_addr=("127.0.0.1", 0)
    )
    dns_client = Dns(configure=False)
    dns_client.nameservers = ["127.0.0.1"]
    dns_client.port = transport.get_extra_info("sockname")[1]
    try:
        yield server, Resolver(dns_client, hosts, **values)
    finally:
        transport.close()
