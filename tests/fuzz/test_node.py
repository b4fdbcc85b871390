"""Damaged copies of what a running world says, thrown at a TCF from both sides while calls go on: no fault,
no silence, and when the noise is over nothing of it is left."""

import os

import pytest
from tests.fuzz.corpus import CORPUS
from tests.fuzz.mutate import Mutator
from tests.property.test_private_calls import People
from tests.world import D_PORT, TC2_PORT, Passed, World

from opentcf.sip.outbox import Flow

MUTATIONS = 50_000 if os.environ.get("FUZZ") == "full" else 2_500
"""In one world."""
BLOCK = 50
TARGET = 1
PEER = Flow("tc2", "udp", "127.0.2.1", TC2_PORT)
STRANGER = Flow("d", "udp", "127.0.8.8", 5060)


def noise(world: World, mutations: int) -> None:
    """Copies of what was said last, damaged, from the mouths of a peer, of the terminals and of strangers."""
    node, core = world.node(TARGET), world.cores[TARGET]
    mouths = [Flow("d", "udp", ua.host, ua.port) for ua in world.terminals.values()]
    for block in range(mutations // BLOCK):
        said = [passed.data for passed in world.transcript[-200:]] + [world.random.choice(CORPUS)]
        del world.transcript[:-5000]
        mutator = Mutator(said, seed=world.seed)
        for number in range(BLOCK):
            data = mutator.make(block * BLOCK + number)
            source = world.random.choice((PEER, PEER, world.random.choice(mouths), STRANGER))
            world.transcript.append(Passed(world.now, "noise", core.name, data, "DAMAGED"))
            node.receive(data, source, world.now)
            world.touch(core)
            world.run(0.02)


@pytest.mark.parametrize("seed", range(4))
def test_a_node_survives_noise_and_keeps_nothing_of_it(seed: int) -> None:
    world = World(seed)
    people = People(world)
    world.settle()
    for _ in range(MUTATIONS // 100):
        world.after(world.random.uniform(0, MUTATIONS * 0.02), people.somebody_calls)
    noise(world, MUTATIONS)
    world.run(30)
    people.go_home()
    for core in world.running():
        for row in world.node(core.number).procedures.private_call.view():
            world.command(core.number, "call_release", id=row["id"])
    world.settle(600)
    assert world.remains() == []
    assert answers(world, "tc2", PEER) == b"SIP/2.0 200 OK"
    ua = next(iter(world.terminals.values()))
    assert answers(world, "d", Flow("d", "udp", ua.host, ua.port)) == b"SIP/2.0 401 Unauthorized"


def answers(world: World, side: str, source: Flow) -> bytes:
    """What the node says to a sound OPTIONS."""
    core, before = world.cores[TARGET], len(world.transcript)
    port = TC2_PORT if side == "tc2" else D_PORT
    ask = (
        f"OPTIONS sip:{core.domain} SIP/2.0\r\nVia: SIP/2.0/UDP {source.host}:{source.port};branch=z9hG4bKlast\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:1001@{core.domain}>;tag=1\r\nTo: <sip:{core.host}:{port}>\r\n"
        "Call-ID: last\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    world.node(TARGET).receive(ask.encode(), source, world.now)
    world.touch(core)
    return next(p.data.partition(b"\r\n")[0] for p in world.transcript[before:] if b"z9hG4bKlast" in p.data)
