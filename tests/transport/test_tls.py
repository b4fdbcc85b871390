"""TLS: mutual between TCFs, ours alone towards terminals."""

import asyncio
import ssl

import pytest
from tests.transport.recorder import flow, message

from opentcf.sip.outbox import Send
from opentcf.transport.interface import ListenError
from opentcf.transport.tls import tls_contexts


def contexts(home, name: str, ca: str | None = "ca"):
    return tls_contexts(home / f"{name}.pem", home / f"{name}.key", home / f"{ca}.pem" if ca else None)


async def test_both_sides_learn_the_other_ones_names(ends, certificates):
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with (
        ends.open("tls:127.0.0.1", tls=one) as (here, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=two) as (there, sees, _),
    ):
        there.expect({("127.0.0.1", port): "core1.example"})
        there.send(Send(message(), flow("tls", port)))
        proof = await hears.next("proved")
        assert proof.detail == ("core2.example", "tcf.core2.example")
        came = await hears.next("received")
        assert came.flow == proof.flow
        assert (await sees.next("proved")).detail == ("core1.example", "tcf.core1.example")
        here.send(Send(message(b"back"), came.flow))
        assert (await sees.next("received")).data == message(b"back")


async def test_a_certificate_with_another_name_gets_nothing(ends, certificates):
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with (
        ends.open("tls:127.0.0.1", tls=one) as (_, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=two) as (there, sees, _),
    ):
        there.expect({("127.0.0.1", port): "core3.example"})
        there.send(Send(message(), flow("tls", port)))
        assert "core3.example" in str((await sees.next("failed")).detail)
        assert not [event for event in hears.events if event.kind == "received"]


async def test_an_address_without_a_known_certificate_is_not_dialled(ends, certificates):
    async with ends.open("tls:127.0.0.1", tls=contexts(certificates, "core1")) as (here, hears, (port,)):
        here.send(Send(message(), flow("tls", port)))
        assert (await hears.next("failed")).detail == "no certificate is known for that address"


async def test_without_certificates_tls_fails(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, (port,)):
        here.expect({("127.0.0.1", port): "core1.example"})
        here.send(Send(message(), flow("tls", port)))
        assert (await hears.next("failed")).detail == "no certificate is known for that address"


async def knock(port: int, client: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client, server_hostname="core1.example"
    )
    writer.write(message())
    await reader.readexactly(1)


@pytest.mark.parametrize("name", [None, "stranger"])
async def test_tc2_takes_no_one_whom_the_authorities_do_not_know(ends, certificates, name):
    client = ssl.create_default_context(cafile=certificates / "ca.pem")
    if name:
        client.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    async with ends.open("tls:127.0.0.1", tls=contexts(certificates, "core1")) as (_, hears, (port,)):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await knock(port, client)
        assert hears.events == []


async def test_d_asks_for_no_certificate(ends, certificates):
    client = ssl.create_default_context(cafile=certificates / "ca.pem")
    tls = contexts(certificates, "core1", ca=None)
    async with ends.open("tls:127.0.0.1", side="d", tls=tls) as (_, hears, (port,)):
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname="core1.example"
        )
        writer.write(message())
        assert (await hears.next("received")).flow.transport == "tls"
        assert (await hears.next("proved")).detail == ()
        writer.close()


@pytest.mark.parametrize(
    ("certificate", "key", "ca", "line"),
    [
        ("core1.pem", "core2.key", "ca.pem", "core1.pem and .*core2.key are not a certificate and its key"),
        ("core1.key", "core1.key", "ca.pem", "are not a certificate and its key"),
        ("absent.pem", "core1.key", "ca.pem", "absent.pem or .*core1.key cannot be read: no such file"),
        ("core1.pem", "core1.key", "core1.key", "core1.key holds no certificates"),
        ("core1.pem", "core1.key", "absent.pem", "absent.pem cannot be read: no such file"),
        ("core1.pem", "locked.key", "ca.pem", "locked.key is protected by a password"),
    ],
)
def test_files_that_do_not_fit_get_one_line(certificates, certificate, key, ca, line):
    from tests.transport.conftest import openssl

    openssl("ec", "-in", "core1.key", "-aes128", "-passout", "pass:x", "-out", "locked.key", cwd=certificates)
    with pytest.raises(ListenError, match=line) as caught:
        tls_contexts(certificates / certificate, certificates / key, certificates / ca)
    assert "\n" not in str(caught.value)
