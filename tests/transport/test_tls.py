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


async def test_ours_that_are_not_up_yet_need_no_place(ends, certificates):
    one = contexts(certificates, "core1")
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(30.0), "127.0.0.1", 0)
    theirs = silent.sockets[0].getsockname()[1]
    async with ends.open("tls:127.0.0.1", "tcp:127.0.0.1", tls=one, most_streams=1) as (
        here,
        hears,
        (_, port),
    ):
        here.expect({("127.0.0.1", theirs): "core2.example"})
        here.send(Send(message(b"ours"), flow("tls", theirs)))
        await asyncio.sleep(0)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message())
        assert (await hears.next("received")).data == message()
        writer.close()
    silent.close()


async def test_handshakes_that_never_end_take_the_places_of_their_address_alone(ends, certificates):
    one, client = contexts(certificates, "core1"), ssl.create_default_context(cafile=certificates / "ca.pem")
    async with ends.open("tls:127.0.0.1", side="d", tls=one, most_streams=5, most_of_one=1) as (
        _,
        hears,
        (port,),
    ):
        held = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0)) for _ in range(10)
        ]
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname="core1.example", local_addr=("127.0.0.8", 0)
        )
        writer.write(message())
        assert (await hears.next("received")).data == message()
        for _, other in (*held, (None, writer)):
            other.close()


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


def as_core2(home) -> ssl.SSLContext:
    """What core2 would dial with."""
    client = ssl.create_default_context(cafile=home / "ca.pem")
    client.load_cert_chain(home / "core2.pem", home / "core2.key")
    return client


async def shown(port: int, client: ssl.SSLContext, host: str = "127.0.0.1") -> str:
    """The name in the certificate that a connection gets to see."""
    client.check_hostname = False
    _, writer = await asyncio.open_connection(host, port, ssl=client)
    names = writer.get_extra_info("ssl_object").getpeercert()["subjectAltName"]
    writer.close()
    return str(names[0][1])


@pytest.mark.parametrize("name", [None, "stranger", "expired"])
async def test_tc2_takes_no_one_whom_the_authorities_do_not_know(ends, certificates, name):
    client = ssl.create_default_context(cafile=certificates / "ca.pem")
    if name:
        client.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    async with ends.open("tls:127.0.0.1", tls=contexts(certificates, "core1")) as (_, hears, (port,)):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await knock(port, client)
        assert hears.events == []


async def test_an_expired_certificate_gets_nothing_from_us(ends, certificates):
    async with (
        ends.open("tls:127.0.0.1", tls=contexts(certificates, "expired")) as (_, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=contexts(certificates, "core2")) as (there, sees, _),
    ):
        there.expect({("127.0.0.1", port): "expired.example"})
        there.send(Send(message(), flow("tls", port)))
        assert "certificate has expired" in str((await sees.next("failed")).detail)
        assert not [event for event in hears.events if event.kind == "received"]


@pytest.mark.parametrize("side", ["tc2", "d"])
@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_of_tls_are_refused(ends, certificates, side, version, taken):
    client = as_core2(certificates)
    client.minimum_version = client.maximum_version = version
    client.set_ciphers("ALL:@SECLEVEL=0")
    one = contexts(certificates, "core1")
    async with ends.open("tls:127.0.0.1", side=side, tls=one) as (_, hears, (port,)):
        if taken:
            assert await shown(port, client) == "core1.example"
            await hears.next("proved")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await shown(port, client)
            assert hears.events == []


# --- one connection for both ways (RFC 5923)


def offering(port: int, alias: str = ";alias", host: str = "127.0.0.1") -> bytes:
    """A request that says where its sender takes requests, and whether he takes them on this connection."""
    via = f"SIP/2.0/TLS {host}:{port};branch=z9hG4bKalias{alias}".encode()
    return (
        b"OPTIONS sip:core1.example SIP/2.0\r\nVia: " + via + b"\r\nFrom: <sip:core2.example>;tag=a\r\n"
        b"To: <sip:core1.example>\r\nCall-ID: alias\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


async def came_by(ends, certificates, said: str, wanted: str) -> bool:
    """core2 opens a connection to core1 and says `said` behind its Via; is it the one that carries core1's request to
    its listener, when the certificate there must bear `wanted`?"""
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with (
        ends.open("tls:127.0.0.1", tls=one) as (here, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=two) as (there, sees, (back,)),
    ):
        there.expect({("127.0.0.1", port): "core1.example"})
        here.expect({("127.0.0.1", back): wanted})
        there.send(Send(offering(back, said), flow("tls", port)))
        came = await hears.next("received")
        here.send(Send(message(b"request"), flow("tls", back)))
        while not any(event.kind == "received" for event in sees.events):
            if any(event.kind == "failed" for event in hears.events):
                return False
            await asyncio.sleep(0)
        return hears.sent_messages[-1][1] == came.flow


async def test_a_request_goes_by_the_connection_that_the_peer_opened(ends, certificates):
    assert await came_by(ends, certificates, ";alias", "core2.example")


async def test_not_by_a_connection_that_was_not_offered(ends, certificates):
    assert not await came_by(ends, certificates, "", "core2.example")


async def test_not_by_a_connection_whose_certificate_bears_another_name(ends, certificates):
    """Whoever has a certificate may open a connection; only the one whose name it is gets what is for that name."""
    assert not await came_by(ends, certificates, ";alias", "core3.example")


async def test_a_connection_is_not_used_for_another_name_at_the_same_address(ends, certificates):
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with (
        ends.open("tls:127.0.0.1", tls=one) as (_, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=two) as (there, sees, _),
    ):
        there.expect({("127.0.0.1", port): "core1.example"})
        there.send(Send(message(), flow("tls", port)))
        await hears.next("received")
        there.expect({("127.0.0.1", port): "core9.example"})
        there.send(Send(message(), flow("tls", port)))
        assert "core9.example" in str((await sees.next("failed")).detail)


async def test_an_offered_connection_that_is_gone_is_not_used(ends, certificates):
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with ends.open("tls:127.0.0.1", tls=one) as (here, hears, (port,)):
        async with ends.open("tls:127.0.0.1", tls=two) as (there, _, (back,)):
            there.expect({("127.0.0.1", port): "core1.example"})
            here.expect({("127.0.0.1", back): "core2.example"})
            there.send(Send(offering(back), flow("tls", port)))
            await hears.next("received")
        await hears.next("closed")
        here.send(Send(message(), flow("tls", back)))
        assert not hears.sent_messages
        await hears.next("failed")


async def test_plain_tcp_offers_nothing(ends):
    """Without a certificate anybody could say that he is the peer (RFC 5923 §9.2)."""
    async with (
        ends.open("tcp:127.0.0.1") as (here, hears, (port,)),
        ends.open("tcp:127.0.0.1") as (there, sees, (back,)),
    ):
        there.send(Send(offering(back).replace(b"TLS", b"TCP"), flow("tcp", port)))
        came = await hears.next("received")
        here.send(Send(message(), flow("tcp", back)))
        await sees.next("received")
        assert hears.sent_messages[-1][1] != came.flow


# --- other certificates while it runs


async def test_new_certificates_are_shown_and_no_connection_is_dropped(ends, certificates):
    one, two = contexts(certificates, "core1"), contexts(certificates, "core2")
    async with (
        ends.open("tls:127.0.0.1", tls=one) as (here, hears, (port,)),
        ends.open("tls:127.0.0.1", tls=two) as (there, sees, _),
    ):
        there.expect({("127.0.0.1", port): "core1.example"})
        there.send(Send(message(), flow("tls", port)))
        came = await hears.next("received")
        assert await shown(port, as_core2(certificates)) == "core1.example"
        here.renew(contexts(certificates, "proxy"))
        assert await shown(port, as_core2(certificates)) == "proxy.example"
        here.send(Send(message(b"still there"), came.flow))
        assert (await sees.next("received")).data == message(b"still there")
        there.send(Send(message(b"as before"), flow("tls", port)))
        assert (await hears.next("received")).flow == came.flow


async def test_an_authority_that_was_taken_away_lets_nobody_in_any_more(ends, certificates):
    before = contexts(certificates, "core1")
    after = contexts(certificates, "core1", ca="other-ca")
    async with ends.open("tls:127.0.0.1", tls=before) as (here, hears, (port,)):
        assert await shown(port, as_core2(certificates)) == "core1.example"
        here.renew(after)
        await hears.next("closed")
        hears.events.clear()
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await knock(port, as_core2(certificates))
        assert not [event for event in hears.events if event.kind in ("received", "proved")]


# --- keys for captures


async def test_keys_are_written_where_it_is_asked_for(ends, certificates, tmp_path):
    log = tmp_path / "keys"
    files = (certificates / "core1.pem", certificates / "core1.key", certificates / "ca.pem")
    async with ends.open("tls:127.0.0.1", tls=tls_contexts(*files, str(log))) as (_, hears, (port,)):
        await shown(port, as_core2(certificates))
        await hears.next("closed")
    assert {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"} <= set(log.read_text().split())


def test_a_file_for_keys_that_cannot_be_written_gets_one_line(certificates, tmp_path):
    files = (certificates / "core1.pem", certificates / "core1.key", certificates / "ca.pem")
    with pytest.raises(ListenError, match=r"^SSLKEYLOGFILE: .* cannot be written"):
        tls_contexts(*files, str(tmp_path / "absent" / "keys"))


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
