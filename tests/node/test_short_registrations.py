"""Where a configuration allows short registrations, V refreshes them in time."""

from tests.world import World

from opentcf.model.bounds import TimerSettings


def test_v_refreshes_at_half_of_a_short_grant() -> None:
    world = World(delay=(0.01, 0.01), timers=TimerSettings(register_min=2.0))
    ua = world.terminal("1001", 2)
    world.register(ua, 4)
    world.run(1)
    assert ua.registered
    began, before = world.now - 1, len(world.transcript)
    world.run(2)
    refreshes = [
        passed.at - began
        for passed in world.transcript[before:]
        if (passed.source, passed.target) == ("core2", "core1") and passed.data.startswith(b"REGISTER")
    ]
    assert len(refreshes) == 1
    assert 1.9 < refreshes[0] < 2.2
    assert [row["visited"] for row in world.node(1).procedures.home_registration.view()] == ["core2.example"]
