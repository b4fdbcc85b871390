"""Damaged copies of what a running world says, thrown at a TCF from both sides while calls go on: no fault,
no silence, and when the noise is over nothing of it is left."""

import os
import re
from dataclasses import replace
from random import Random

import pytest
from tests.fuzz.corpus import CORPUS
from tests.fuzz.mutate import Mutator
from tests.property.test_private_calls import People
from tests.world import D_PORT, TC2_PORT, Passed, World

from opentcf.btrunc.urgency import Rank
from opentcf.node.node import Node
from opentcf.sip.outbox import Flow

MUTATIONS = 100_000 if os.environ.get("FUZZ") == "full" else 5_000
"""In one world."""
BLOCK = 50
TARGET = 1
PEER = Flow("tc2", "udp", "127.0.2.1", TC2_PORT)
DAMAGED = "DAMAGED"
WAITED = 0.2
"""Seconds: served yet, and a reason to refuse others."""
STRANGER = Flow("d", "udp", "127.0.8.8", 5060)


def noise(world: World, mutations: int) -> None:
    """What was said last, damaged or mixed up, from the mouth that said it, a peer's, a terminal's, a stranger's."""
    core, random = world.cores[TARGET], world.random
    terminals = [Flow("d", "udp", ua.host, ua.port) for ua in world.terminals.values()]
    mouths = dict(zip(world.terminals, terminals, strict=True))
    mouths |= {peer.name: Flow("tc2", "udp", peer.host, TC2_PORT) for peer in world.cores.values()}
    for block in range(mutations // BLOCK):
        said = [passed for passed in world.transcript if passed.target and passed.fate != DAMAGED][-150:]
        mutator = Mutator([passed.data for passed in said] + [random.choice(CORPUS)], seed=world.seed)
        for number in range(block * BLOCK, block * BLOCK + BLOCK):
            one, other = random.choice(said), random.choice(said)
            data = mutator.make(number) if number % 2 else mixed(random, one.data, other.data)
            source = random.choice((mouths[one.source], PEER, random.choice(terminals), STRANGER))
            world.transcript.append(Passed(world.now, "noise", core.name, data, DAMAGED))
            hand_in(world.node(TARGET), data, source, random.choice((0.0, 0.0, WAITED)), world.now)
            world.touch(core)
            world.run(0.02)
        del world.transcript[:-5000]


def hand_in(node: Node, data: bytes, source: Flow, waited: float, now: float) -> None:
    """As the shell does with what it cannot serve at once."""
    if node.rank(data) is Rank.URGENT:
        node.receive(data, source, now)
    else:
        node.offer(data, source, waited, now)


def mixed(random: Random, one: bytes, other: bytes) -> bytes:
    """A sound message with lines, a number or the method of another one, and mostly a branch of its own."""
    if random.random() < 0.7:
        one = one.replace(b"=z9hG4bK", b"=z9hG4bK%x" % random.getrandbits(32), 1)
    lines, others = one.split(b"\r\n"), other.split(b"\r\n")
    for _ in range(random.choice((1, 1, 2, 3))):
        place, stolen = random.randrange(len(lines)), random.choice(others)
        name = stolen.partition(b":")[0]
        same = [at for at, line in enumerate(lines) if at and line.partition(b":")[0] == name]
        match random.randrange(4):
            case 0 if same:
                lines[same[0]] = stolen
            case 1 if stolen:
                lines.insert(1 + place, stolen)
            case 2:
                lines[place] = re.sub(rb"\d+", lambda _: b"%d" % random.randrange(100), lines[place], count=1)
            case _:
                method = random.choice(
                    (b"INVITE", b"ACK", b"BYE", b"CANCEL", b"INFO", b"REGISTER", b"MESSAGE")
                )
                lines = [re.sub(rb"\b(INVITE|ACK|BYE|OPTIONS|REGISTER)\b", method, line) for line in lines]
    return b"\r\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_a_node_survives_noise_and_keeps_nothing_of_it(seed: int) -> None:
    world = World(seed)
    core = world.cores[TARGET]
    core.settings = replace(core.settings, records=True)
    world.command(TARGET, "reload", settings=core.settings)
    people = People(world)
    world.settle()
    for _ in range(MUTATIONS // 25):
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
