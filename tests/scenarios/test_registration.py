"""Roaming as the profile tells it (4.1): a user moves, leaves, is let go, and his TCFs say the same of it."""

from tests.world import World

from opentcf.terminal import Terminal


def one(at: int) -> tuple[World, Terminal]:
    """1001 visits core `at`."""
    world = World(delay=(0.01, 0.01))
    ua = world.terminal("1001", at)
    world.register(ua)
    world.settle()
    world.transcript.clear()
    ua.events.clear()
    return world, ua


def registrations(world: World) -> list[str]:
    """The REGISTERs and kick-offs under way between TCFs and to the terminal."""
    return [
        f"{passed.source} {passed.target} {passed.data.split(b' ', 1)[0].decode()}"
        for passed in world.transcript
        if passed.data.startswith(b"REGISTER")
        or (passed.data.startswith(b"OPTIONS") and b"pttkickoff" in passed.data)
    ]


def test_a_user_moves_from_one_core_to_another() -> None:
    world, ua = one(2)
    world.move(ua, 3)
    world.settle()
    world.check(empty=True)
    assert world.events(ua) == ["moved_on", "registered"] or world.events(ua) == ["registered", "moved_on"]
    assert registrations(world) == [
        "1001 core3 REGISTER",
        "1001 core3 REGISTER",
        "core3 core1 REGISTER",
        "core1 core2 OPTIONS",
        "core2 1001 OPTIONS",
    ]


def test_the_home_lets_a_user_go() -> None:
    world, ua = one(2)
    world.command(1, "user_kick", udn="1001")
    world.settle()
    world.check(empty=True)
    assert world.events(ua) == ["kicked"]
    assert registrations(world) == ["core1 core2 OPTIONS", "core2 1001 OPTIONS"]


def test_a_kick_off_outlives_a_home_that_is_killed() -> None:
    world, ua = one(2)
    world.part("core1", "core2")
    world.command(1, "user_kick", udn="1001")
    world.run(1)
    world.crash(1)
    world.run(5)
    world.cut.clear()
    world.restart(1)
    world.settle()
    world.check(empty=True)
    assert world.events(ua) == ["kicked"]


def test_a_user_leaves() -> None:
    world, ua = one(2)
    world.register(ua, 0)
    world.settle()
    world.check(empty=True)
    assert world.events(ua) == ["unregistered"]
    assert world.node(1).procedures.home_registration.view() == []


def test_a_visited_tcf_that_lost_its_store_forgets_him_and_the_home_lets_go_in_time() -> None:
    world, ua = one(2)
    world.crash(2)
    world.restart(2, forget=True)
    world.run(700)
    world.settle()
    assert ua.registered
    world.check(empty=True)


def test_a_home_that_lost_its_store_is_told_of_its_users_again() -> None:
    world, ua = one(2)
    world.crash(1)
    world.run(1)
    world.restart(1, forget=True)
    world.run(20)
    world.check()
    assert ua.registered


def test_a_tcf_that_he_left_asks_too_late_for_him() -> None:
    """He moves to core2 and back; core2's registration arrives last, but he asked for it first."""
    world, ua = one(1)
    world.links["core2", "core1"] = world.link._replace(delay=(1.0, 1.0))
    world.move(ua, 2)
    world.run(0.5)
    world.move(ua, 1)
    world.settle()
    assert ua.registered
    assert "kicked" not in world.events(ua)
    world.check()
