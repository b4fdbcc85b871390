"""Connections over real sockets on loopback."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from tests.transport.recorder import flow, message

from opentcf.sip.outbox import Send


@asynccontextmanager
async def raw(port: int, host: str = "127.0.0.1"):
    """A bare connection, to send what no `Sockets` would."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_one_connection_is_dialled_and_used_for_all(ends):
    async with (
        ends.open("tcp:127.0.0.1") as (here, hears, (port,)),
        ends.open("tcp:127.0.0.1") as (there, sees, _),
    ):
        orders = [message(b"%d" % number) for number in range(4)]
        for data in orders[:3]:
            there.send(Send(data, flow("tcp", port)))
        events = [await hears.next("received") for _ in range(3)]
        there.send(Send(orders[3], flow("tcp", port)))
        events.append(await hears.next("received"))
        assert [event.data for event in events] == orders
        assert len({event.flow for event in events}) == 1
        here.send(Send(message(b"answer"), events[0].flow))
        answer = await sees.next("received")
        assert (answer.data, answer.flow.port) == (message(b"answer"), port)
        assert sees.sent_messages[0][1] == answer.flow


async def test_a_connection_that_came_in_is_used_for_its_address(ends):
    async with (
        ends.open("tcp:127.0.0.1") as (here, hears, (port,)),
        ends.open("tcp:127.0.0.1") as (there, sees, _),
    ):
        there.send(Send(message(), flow("tcp", port)))
        came = (await hears.next("received")).flow
        here.send(Send(message(b"back"), came._replace(connection=0)))
        assert (await sees.next("received")).data == message(b"back")


async def test_it_is_dialled_from_the_address_of_the_side(ends):
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), ends.open("tcp:127.0.3.1") as (there, _, _):
        there.send(Send(message(), flow("tcp", port)))
        assert (await hears.next("received")).flow.host == "127.0.3.1"


async def test_messages_cut_anywhere(ends):
    messages = [message(b"one"), message(), message(b"x" * 3000)]
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), raw(port) as (_, writer):
        data = b"".join(messages)
        for start in range(0, len(data), 7):
            writer.write(data[start : start + 7])
            await writer.drain()
        assert [(await hears.next("received")).data for _ in messages] == messages


async def test_a_refused_connection_fails_every_order(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, _):
        orders = [Send(message(b"%d" % number), flow("tcp", free_port())) for number in range(3)]
        target = orders[0].flow
        for order in orders:
            order.flow = target
            here.send(order)
        failures = [await hears.next("failed") for _ in orders]
        assert [event.data for event in failures] == [order.data for order in orders]
        assert all("connection refused" in str(event.detail).lower() or "connect call failed" in str(event.detail)
                   for event in failures)  # fmt: skip
        here.send(Send(b"again", target))
        assert (await hears.next("failed")).data == b"again"


async def test_too_much_for_a_connection_that_is_not_up(ends):
    async with ends.open("tcp:127.0.0.1", most_waiting=1000) as (here, hears, _):
        here.send(Send(b"x" * 600, flow("tcp", 1)))
        here.send(Send(b"y" * 600, flow("tcp", 1)))
        event = await hears.next("failed")
        assert (event.data[:1], event.detail) == (b"y", "too much waits for the connection")
        assert (await hears.next("failed")).data[:1] == b"x"


async def test_a_connection_that_was_closed(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, (port,)):
        async with raw(port) as (_, writer):
            writer.write(message())
            came = (await hears.next("received")).flow
        assert (await hears.next("closed")).flow == came
        here.send(Send(message(), came))
        assert (await hears.next("failed")).detail == "the connection is closed"


async def test_a_lost_connection_is_dialled_anew(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, _):
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        there = flow("tcp", server.sockets[0].getsockname()[1])
        connections = set()
        for _ in range(2):
            here.send(Send(message(), there))
            connections.add((await hears.next("closed")).flow.connection)
        assert len(connections) == 2
        server.close()


async def test_keep_alives_are_answered(ends):
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), raw(port) as (reader, writer):
        writer.write(b"\r\n\r\n" + message() + b"\r\n\r\n")
        assert await reader.readexactly(4) == b"\r\n\r\n"
        assert (await hears.next("received")).data == message()


async def silent_server(answer: bytes = b""):
    """A server that sends `answer` to whatever it hears: its port, and what it heard."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            heard.put_nowait(data)
            writer.write(answer)
        heard.put_nowait(b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1], heard


async def test_a_silent_connection_of_ours_is_asked_and_cut_when_nothing_comes(ends):
    """RFC 5626 §4.4.1."""
    server, port, heard = await silent_server()
    async with ends.open("tcp:127.0.0.1", silence=0.05, pong=0.05, sweep=0.01) as (here, hears, _):
        here.send(Send(message(), flow("tcp", port)))
        assert [await heard.get() for _ in range(3)] == [message(), b"\r\n\r\n", b""]
        await hears.next("closed")
    server.close()


async def test_who_answers_a_keep_alive_keeps_his_connection(ends):
    server, port, heard = await silent_server(b"\r\n")
    async with ends.open("tcp:127.0.0.1", silence=0.02, pong=5.0, patience=0.0, sweep=0.01) as (
        here,
        hears,
        _,
    ):
        here.send(Send(message(), flow("tcp", port)))
        assert [await heard.get() for _ in range(4)] == [message()] + 3 * [b"\r\n\r\n"]
        assert not hears.events
    server.close()


async def test_an_address_that_could_not_be_reached_is_left_alone_for_a_while(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, _):
        there = flow("tcp", free_port())
        here.send(Send(message(), there))
        await hears.next("failed")
        here.send(Send(message(), there))
        assert "is tried again in" in str((await hears.next("failed")).detail)
        server = await asyncio.start_server(lambda _, writer: None, there.host, there.port)
        while not hears.sent_messages:
            here.send(Send(message(), there))
            await asyncio.sleep(0.01)
        server.close()


async def test_a_stream_that_cannot_be_framed_is_answered_and_closed(ends):
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), raw(port) as (reader, writer):
        hears.answer = message(start=b"SIP/2.0 400 Bad Request")
        writer.write(message() + b"OPTIONS sip:x SIP/2.0\r\n\r\nmore")
        assert await reader.read() == 2 * hears.answer
        assert (await hears.next("received")).data == message()
        assert (await hears.next("received")).data == b"OPTIONS sip:x SIP/2.0\r\n\r\nmore"
        await hears.next("closed")


async def test_a_message_above_the_limit_closes_the_stream(ends):
    async with (
        ends.open("tcp:127.0.0.1", max_message=500) as (_, hears, (port,)),
        raw(port) as (reader, writer),
    ):
        writer.write(message(b"x" * 1000))
        assert await reader.read() == b""
        await hears.next("closed")


async def test_who_does_not_read_is_cut_off(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, (port,)), raw(port) as (_, writer):
        writer.write(message())
        came = (await hears.next("received")).flow
        writer.transport.pause_reading()
        while not any(event.kind == "failed" for event in hears.events):
            here.send(Send(message(b"x" * 60_000), came))
            await asyncio.sleep(0)
        assert (await hears.next("failed")).detail == "the other side does not read"
        assert (await hears.next("closed")).flow == came


async def test_who_asks_whether_we_live_and_does_not_read_is_cut_off(ends):
    async with (
        ends.open("tcp:127.0.0.1", most_waiting=1_000) as (_, hears, (port,)),
        raw(port) as (_, writer),
    ):
        writer.transport.pause_reading()
        for _ in range(2_000):
            if not writer.is_closing():
                writer.write(b"\r\n\r\n" * 10_000)
            await asyncio.sleep(0)
        assert (await hears.next("closed")).flow.host == "127.0.0.1"


@pytest.mark.parametrize("begun", [b"", message()[:20], message() + message()[:20]])
async def test_who_begins_and_does_not_go_on_is_cut_off(ends, begun):
    async with (
        ends.open("tcp:127.0.0.1", patience=0.0, sweep=0.01) as (_, hears, (port,)),
        raw(port) as (_, writer),
    ):
        writer.write(begun)
        await hears.next("closed")


async def test_who_only_asks_whether_we_live_is_cut_off(ends):
    async with (
        ends.open("tcp:127.0.0.1", patience=0.05, sweep=0.01) as (_, hears, (port,)),
        raw(port) as (reader, writer),
    ):
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        assert (await hears.next("closed")).flow.host == "127.0.0.1"


async def test_a_registered_flow_may_stay_silent(ends):
    async with (
        ends.open("tcp:127.0.0.1", patience=0.2, sweep=0.01) as (here, hears, (port,)),
        raw(port) as (reader, writer),
    ):
        writer.write(message())
        came = (await hears.next("received")).flow
        async with raw(port):
            await hears.next("closed")
        here.send(Send(message(b"still there"), came))
        assert await reader.readexactly(len(message(b"still there"))) == message(b"still there")


async def test_there_is_an_end_to_connections(ends):
    async with (
        ends.open("tcp:127.0.0.1", most_streams=1) as (_, hears, (port,)),
        raw(port) as (_, writer),
    ):
        writer.write(message())
        await hears.next("received")
        async with raw(port) as (reader, _):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)


async def test_nobody_takes_the_place_of_all_others(ends):
    async with (
        ends.open("tcp:127.0.0.1", most_of_one=1) as (_, hears, (port,)),
        raw(port) as (_, writer),
    ):
        writer.write(message())
        await hears.next("received")
        async with raw(port) as (reader, _):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()
        await hears.next("closed")
        async with raw(port) as (_, another):
            another.write(message(b"x"))
            assert (await hears.next("received")).data == message(b"x")


async def test_ours_need_no_place(ends):
    async with (
        ends.open("tcp:127.0.0.1", most_streams=1) as (here, hears, (port,)),
        ends.open("tcp:127.0.0.1") as (_, sees, (theirs,)),
        raw(port) as (_, writer),
    ):
        writer.write(message())
        await hears.next("received")
        here.send(Send(message(b"ours"), flow("tcp", theirs)))
        assert (await sees.next("received")).data == message(b"ours")


async def test_closing_flushes_what_is_on_its_way(ends):
    async with ends.open("tcp:127.0.0.1") as (here, hears, (port,)), raw(port) as (reader, writer):
        writer.write(message())
        here.send(Send(message(b"bye"), (await hears.next("received")).flow))
        await here.close()
        assert await reader.read() == message(b"bye")
