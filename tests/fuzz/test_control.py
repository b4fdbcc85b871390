"""Damaged orders of dispatchers, and what follows from them, from the mouths that said them: no fault."""

import os
from typing import Any

import pytest
from tests.fuzz.mutate import Mutator
from tests.services.control_world import ControlWorld
from tests.world import TC2_PORT

from opentcf.model.group import RegroupAction
from opentcf.model.subscriber import UserState
from opentcf.sip.outbox import Flow

MUTATIONS = 20_000 if os.environ.get("FUZZ") == "full" else 1_500
AT = {"1001": 1, "1002": 3, "2001": 1, "2002": 3, "1005": 1, "3005": 3}


def orders(w: ControlWorld) -> list[tuple[bytes, Flow]]:
    """What core1 heard while dispatchers gave orders of every kind."""
    for boss in ("1005", "3005"):
        w.dgna(
            boss, RegroupAction.CREATE, "1001", "2001", "2002", gdn=f"89{boss[0]}1", name="Flood", expires=90
        )
        for state in (UserState.STUNNED, UserState.KILLED, UserState.NORMAL):
            for target in ("1002", "2001"):
                w.order(boss, state, target)
                w.run(1.0)
        w.dgna(boss, RegroupAction.REMOVE, "2001", gdn=f"89{boss[0]}1")
        w.run(5.0)
    hosts = {core.name: core.host for core in w.cores.values()}
    heard: list[tuple[bytes, Flow]] = []
    for passed in w.transcript:
        if passed.target != "core1" or (b" MESSAGE" not in passed.data and b"MESSAGE " not in passed.data):
            continue
        ua: Any = w.terminals.get(passed.source)
        flow = (
            Flow("d", "udp", ua.host, ua.port) if ua else Flow("tc2", "udp", hosts[passed.source], TC2_PORT)
        )
        heard.append((passed.data, flow))
    return heard


@pytest.mark.parametrize("seed", range(3))
def test_damaged_orders(seed: int):
    w = ControlWorld(at=AT, seed=seed)
    heard = orders(w)
    assert len(heard) > 30
    mutator = Mutator([data for data, _ in heard], seed=seed)
    for number in range(MUTATIONS):
        data = mutator.make(number).replace(b"=z9hG4bK", b"=z9hG4bK%x" % w.random.getrandbits(32), 1)
        w.node(1).receive(data, w.random.choice(heard)[1], w.now)
        w.touch(w.cores[1])  # fails on a fault
        w.run(0.01)
    w.run(60.0)
    w.crash(1)
    w.restart(1)
    w.run(5.0)
    w.order("1005", UserState.NORMAL, "1002")
    w.run(5.0)
    assert w.result("1005")[0] in (200, 403), "whatever was done to the dispatcher himself"
