"""SUBSCRIBE and NOTIFY on D: what a dispatcher watches is what the node knows."""

import re
from dataclasses import replace

import pytest
from tests.schemas import schema
from tests.services.control_world import ControlWorld
from tests.services.event_world import DISPATCHER, EventWorld
from tests.services.group_world import fire

from opentcf.btrunc.wire import Package
from opentcf.model.group import RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.services.subscription.procedure import INTERVAL
from opentcf.terminal import Behaviour, Watch

ALL = tuple(Package)


def attributes(watch: Watch, key: str) -> dict[str, str]:
    return watch.entries[key].attributes


def children(watch: Watch, key: str) -> list[dict[str, str]]:
    return [child.attributes for child in watch.entries[key].children]


class TestSubscribing:
    def test_people_see_who_watches_what(self) -> None:
        world = EventWorld()
        world.watch(Package.REGISTER)
        (row,) = world.node(1).procedures.subscription.view()
        assert (row["user"], row["event"], row["watched"]) == (
            str(world.ua(DISPATCHER).user),
            Package.REGISTER.value,
            "all",
        )
        assert row["expires"] > 0

    @pytest.mark.parametrize("package", ALL)
    def test_everything_is_told_at_once(self, package: Package) -> None:
        world = EventWorld()
        watch = world.watch(package)
        (notify,) = world.notifies()
        assert world.answers() == [401, 200] or world.answers() == [200]
        assert watch.version == 0
        assert b'version="0" state="full"' in notify.body
        assert (notify.headers.get("Subscription-State") or "").startswith("active;expires=")
        assert notify.headers.get("Event") == world.node(1)._ctx.wire.events[package]

    def test_who_has_no_right_is_refused(self) -> None:
        world = EventWorld(at={"1001": 1})
        watch = world.watch(Package.REGISTER, who="1001")
        assert watch.over
        assert world.ua("1001").events[-1].status == 403

    def test_a_dispatcher_who_visits_is_refused(self) -> None:
        """His right is his home's to know."""
        world = EventWorld(at={"2005": 1})
        watch = world.watch(Package.REGISTER, who="2005")
        assert watch.over
        assert world.ua("2005").events[-1].status == 403

    def test_who_is_not_registered_is_refused(self) -> None:
        world = EventWorld()
        world.register(world.ua(DISPATCHER), 0)
        world.run(2.0)
        watch = world.watch(Package.REGISTER)
        assert watch.over
        assert world.ua(DISPATCHER).events[-1].status == 403

    @pytest.mark.parametrize(
        ("package", "number"),
        [
            (Package.REGISTER, "1999"),
            (Package.REGISTER, "2001@core2.example"),
            (Package.REGISTER, "8001"),
            (Package.USER_CALL, "8001"),
            (Package.GROUP_CALL, "1001"),
            (Package.MEMBERSHIP, "7777"),
        ],
    )
    def test_a_number_that_the_event_knows_nothing_of_is_404(self, package: Package, number: str) -> None:
        world = EventWorld()
        watch = world.watch(package, number)
        assert watch.over
        assert world.ua(DISPATCHER).events[-1].status == 404

    def test_too_short_is_423(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER, expires=30)
        assert watch.over
        assert world.ua(DISPATCHER).events[-1].status == 423

    def test_no_more_than_the_limit(self) -> None:
        world = EventWorld()
        core = world.cores[1]
        core.settings = replace(core.settings, limits=replace(core.settings.limits, max_subscriptions=2))
        world.command(1, "reload", settings=core.settings)
        watches = [world.watch(Package.REGISTER) for _ in range(3)]
        assert [watch.over for watch in watches] == [False, False, True]
        assert world.ua(DISPATCHER).events[-1].status == 403
        world.unwatch(watches[0])
        assert not world.watch(Package.REGISTER).over

    def test_fetching_once(self) -> None:
        """Expires 0 in the first SUBSCRIBE (RFC 6665 §4.4.3)."""
        world = EventWorld(at={"1001": 1})
        watch = world.watch(Package.REGISTER, expires=0)
        (notify,) = world.notifies()
        assert notify.headers.get("Subscription-State") == "terminated;reason=timeout"
        assert attributes(watch, "1001@core1.example")["state"] == "registered"
        assert world.subscriptions() == 0


class TestGoingOn:
    def test_the_console_refreshes(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER, expires=120)
        world.run(600.0)
        assert not watch.over
        assert world.subscriptions() == 1
        assert all(b'state="full"' in notify.body for notify in world.notifies())
        versions = [int(n.body.partition(b'version="')[2].partition(b'"')[0]) for n in world.notifies()]
        assert versions == list(range(len(versions)))

    def test_it_ends_when_nobody_refreshes(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER, expires=120)
        watch.stop()
        world.run(125.0)
        assert watch.over
        last = world.notifies()[-1]
        assert last.headers.get("Subscription-State") == "terminated;reason=timeout"
        assert world.subscriptions() == 0
        assert not world.cores[1].store.get("subscription")

    def test_unsubscribing(self) -> None:
        world = EventWorld(at={"1001": 1})
        watch = world.watch(Package.REGISTER)
        world.unwatch(watch)
        assert watch.over
        last = world.notifies()[-1]
        assert last.headers.get("Subscription-State") == "terminated;reason=timeout"
        assert b'state="full"' in last.body
        assert world.subscriptions() == 0

    def test_a_notify_without_an_answer_ends_it(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER)
        world.lose = lambda source, target, data: data.startswith(b"NOTIFY")
        world.attach("1001", 1)
        world.run(40.0)
        assert world.subscriptions() == 0
        world.lose = lambda source, target, data: False
        world.ua(DISPATCHER).watch_again(watch, world.now)
        world.touch(world.ua(DISPATCHER))
        world.run(2.0)
        assert watch.over
        assert world.ua(DISPATCHER).events[-1].status == 481

    def test_a_notify_answered_481_ends_it(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER)
        watch.stop()
        world.ua(DISPATCHER).watches.clear()
        world.attach("1001", 1)
        world.run(2.0)
        assert world.subscriptions() == 0

    def test_it_ends_when_its_dispatcher_leaves(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER)
        world.register(world.ua(DISPATCHER), 0)
        world.run(2.0)
        assert watch.over
        assert world.notifies()[-1].headers.get("Subscription-State") == "terminated;reason=deactivated"
        assert world.subscriptions() == 0

    def test_it_ends_when_the_right_is_withdrawn(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER)
        core = world.cores[1]
        users = tuple(replace(user, rights=frozenset()) for user in core.settings.subscribers)
        core.settings = replace(core.settings, subscribers=users)
        world.command(1, "reload", settings=core.settings)
        world.attach("1001", 1)
        world.run(1.0)
        assert watch.over
        last = world.notifies()[-1]
        assert last.headers.get("Subscription-State") == "terminated;reason=rejected"
        assert not last.body

    def test_one_notify_after_the_other_and_changes_go_together(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER)
        world.clear()
        lost = True
        world.lose = lambda source, target, data: lost and data.startswith(b"SIP") and b"NOTIFY" in data
        for number in ("1001", "1002", "1003"):
            world.attach(number, 1)
        world.run(2.0)
        assert len(world.notifies()) == 1
        lost = False
        world.run(10.0)
        first, second = world.notifies()
        assert first.body.count(b"<ue ") == 1
        assert second.body.count(b"<ue ") == 2
        assert not world.strangeness(world.ua(DISPATCHER))
        assert watch.version == 2

    def test_changes_are_not_told_faster_than_the_interval(self) -> None:
        world = EventWorld(at={"1001": 1})
        world.watch(Package.REGISTER)
        world.clear()
        for _ in range(20):
            world.register(world.ua("1001"), 0)
            world.run(0.1)
            world.register(world.ua("1001"))
            world.run(0.1)
        assert 1 < len(world.notifies()) <= 4.0 / INTERVAL + 1
        world.run(2.0)
        assert not world.strangeness(world.ua(DISPATCHER))

    def test_a_body_that_is_too_large_goes_in_portions(self) -> None:
        world = EventWorld(at={"1001": 1, "1002": 1, "1003": 1})
        core = world.cores[1]
        core.settings = replace(core.settings, limits=replace(core.settings.limits, max_body=400))
        world.command(1, "reload", settings=core.settings)
        watch = world.watch(Package.REGISTER, expires=0)
        world.run(2.0)
        bodies = [notify.body for notify in world.notifies()]
        assert len(bodies) > 1
        assert all(len(body) <= 400 for body in bodies)
        assert [b'state="full"' in body for body in bodies] == [True] + [False] * (len(bodies) - 1)
        assert watch.entries.keys() == {f"{n}@core1.example" for n in ("1001", "1002", "1003", "1005")}
        assert watch.over


class TestPackages:
    def test_registrations(self) -> None:
        world = EventWorld(at={"1001": 1})
        everybody = world.watch(Package.REGISTER)
        one = world.watch(Package.REGISTER, "1002")
        assert attributes(one, "1002@core1.example")["state"] == "unregistered"
        world.attach("1002", 3)
        world.run(1.0)
        for watch in (everybody, one):
            assert attributes(watch, "1002@core1.example") == {
                "udn": "1002@core1.example",
                "state": "registered",
                "visited": "core3.example",
            }
        assert one.entries.keys() == {"1002@core1.example"}
        world.move(world.ua("1002"), 2)
        world.run(2.0)
        assert attributes(one, "1002@core1.example")["visited"] == "core2.example"
        world.register(world.ua("1002"), 0)
        world.run(2.0)
        assert attributes(everybody, "1002@core1.example")["state"] == "unregistered"

    def test_a_users_private_call(self) -> None:
        world = EventWorld(at={"1001": 1, "2001": 2})
        world.ua("2001").behaviour = Behaviour.RING
        watch = world.watch(Package.USER_CALL, "1001")
        online = world.watch(Package.ONLINE_CALL)
        assert attributes(watch, "1001@core1.example")["state"] == "idle"
        call = world.call(world.ua("1001"), "2001")
        world.run(1.5)
        (part,) = children(watch, "1001@core1.example")
        assert (part["state"], part["role"], part["with"]) == ("alerting", "caller", "2001@core2.example")
        world.answer(world.ua("2001"))
        world.run(1.5)
        (part,) = children(watch, "1001@core1.example")
        assert part["state"] == "up"
        assert attributes(online, part["id"])["called"] == "2001@core2.example"
        assert not world.strangeness(world.ua(DISPATCHER))
        world.hang_up(world.ua("1001"), call)
        world.run(2.0)
        assert attributes(watch, "1001@core1.example")["state"] == "idle"
        assert attributes(online, part["id"])["state"] == "ended"

    def test_a_call_that_runs_when_somebody_begins_to_watch(self) -> None:
        world = EventWorld(at={"1001": 1, "1002": 1, "2001": 2})
        world.call(world.ua("1001"), "1002")
        world.dial("2001")
        world.run(2.0)
        users = world.watch(Package.USER_CALL)
        calls = world.watch(Package.ONLINE_CALL)
        groups = world.watch(Package.GROUP_CALL)
        assert children(users, "1001@core1.example")[0]["role"] == "caller"
        assert len(calls.entries) == 2
        assert attributes(groups, "8001@core1.example")["talker"] == "2001@core2.example"

    def test_a_group_call_with_its_talker_and_listeners(self) -> None:
        world = EventWorld(at={"1001": 1, "1002": 1, "2001": 2})
        watch = world.watch(Package.GROUP_CALL, "8001")
        user = world.watch(Package.USER_CALL, "1002")
        assert attributes(watch, "8001@core1.example")["state"] == "ended"
        world.dial("1001")
        world.run(2.0)
        told = attributes(watch, "8001@core1.example")
        assert (told["state"], told["talker"], told["count"]) == ("up", "1001@core1.example", "2")
        assert {row["udn"] for row in children(watch, "8001@core1.example")} == {
            "1002@core1.example",
            "2001@core2.example",
        }
        assert children(user, "1002@core1.example")[0]["role"] == "listener"
        world.let_go("1001")
        world.run(1.0)
        world.press("1002")
        world.run(2.0)
        assert attributes(watch, "8001@core1.example")["talker"] == "1002@core1.example"
        assert children(user, "1002@core1.example")[0]["role"] == "talker"
        world.leave("2001")
        world.run(2.0)
        assert {row["udn"] for row in children(watch, "8001@core1.example")} == {"1001@core1.example"}
        assert not world.strangeness(world.ua(DISPATCHER))
        world.command(1, "call_release", id=told["id"])
        world.run(2.0)
        assert attributes(watch, "8001@core1.example")["state"] == "ended"
        assert attributes(user, "1002@core1.example")["state"] == "idle"

    def test_a_foreign_groups_call_is_seen_in_its_members(self) -> None:
        world = EventWorld(at={"1001": 1, "2001": 2, "2005": 2})
        user = world.watch(Package.USER_CALL, "2001", who="2005")
        groups = world.watch(Package.GROUP_CALL, who="2005")
        world.dial("1001")
        world.run(2.0)
        assert children(user, "2001@core2.example")[0]["with"] == "8001@core1.example"
        assert not groups.entries

    def test_memberships(self) -> None:
        world = EventWorld(at={"1001": 1, "2005": 2})
        user = world.watch(Package.MEMBERSHIP, "1001")
        group = world.watch(Package.MEMBERSHIP, "8001")
        abroad = world.watch(Package.MEMBERSHIP, "2001", who="2005")
        assert children(user, "1001@core1.example")[0]["name"] == "Fire"
        assert "2001@core2.example" in group.entries
        world.regroup(fire("1002", "2001"), fire("1001", number="8002"))
        world.run(2.0)
        assert [row["gdn"] for row in children(user, "1001@core1.example")] == ["8002"]
        assert group.entries.keys() == {"1002@core1.example", "2001@core2.example"}
        world.regroup(fire("1002"))
        world.run(2.0)
        assert children(abroad, "2001@core2.example") == []
        assert attributes(user, "1001@core1.example")["count"] == "0"

    def test_nobody_watches_calls_nothing_is_kept(self) -> None:
        world = EventWorld(at={"1001": 1, "1002": 1})
        watch = world.watch(Package.ONLINE_CALL)
        world.call(world.ua("1001"), "1002")
        world.run(2.0)
        world.unwatch(watch)
        procedure = world.node(1).procedures.subscription
        assert not world.node(1)._ctx.watched
        assert not list(procedure._packages.online.calls())
        assert not procedure._watching
        assert not procedure._of_user


def test_a_temporary_group_is_seen_as_any_other() -> None:
    world = ControlWorld(at={DISPATCHER: 1, "1001": 1, "1002": 1})
    ua = world.ua(DISPATCHER)
    watch = ua.watch(Package.MEMBERSHIP, world.now, "1001")
    world.touch(ua)
    world.run(2.0)
    world.dgna(DISPATCHER, RegroupAction.CREATE, "1001", "1002", name="Flood")
    world.run(5.0)
    assert [row["gdn"] for row in children(watch, "1001@core1.example")] == ["8001", "8901"]
    world.dgna(DISPATCHER, RegroupAction.DELETE)
    world.run(5.0)
    assert [row["gdn"] for row in children(watch, "1001@core1.example")] == ["8001"]


@pytest.mark.parametrize("state", [UserState.STUNNED, UserState.KILLED])
def test_a_stunned_dispatcher_watches_nothing_any_more(state: UserState) -> None:
    world = ControlWorld(at={DISPATCHER: 1, "2005": 2})
    ua = world.ua(DISPATCHER)
    watch = ua.watch(Package.REGISTER, world.now)
    world.touch(ua)
    world.run(2.0)
    world.order("2005", state, DISPATCHER)
    world.run(5.0)
    assert watch.over
    assert sum(world.node(1).procedures.subscription.counts().values()) == 0


class TestSurviving:
    def test_a_restart(self) -> None:
        world = EventWorld(at={"1001": 1, "1002": 1, "2001": 2})
        watches = [world.watch(package) for package in ALL]
        world.call(world.ua("1001"), "1002")
        world.dial("2001")
        world.run(2.0)
        world.crash(1)
        world.run(1.0)
        world.clear()
        world.restart(1)
        world.run(5.0)
        assert all(b'state="full"' in notify.body for notify in world.notifies())
        assert len(world.notifies()) == len(ALL)
        assert not any(watch.over for watch in watches)
        assert not world.strangeness(world.ua(DISPATCHER))
        world.unwatch(watches[0])
        assert watches[0].over

    def test_an_end_that_nobody_was_told_of_yet(self) -> None:
        world = EventWorld(at={"1001": 1})
        watch = world.watch(Package.REGISTER)
        world.run(5.0)
        world.register(world.ua("1001"), 0)
        world.run(0.1)
        world.register(world.ua(DISPATCHER), 0)
        world.run(0.2)
        assert not watch.over
        world.crash(1)
        world.restart(1)
        world.run(5.0)
        assert watch.over
        assert world.subscriptions() == 0

    def test_running_out_while_the_node_was_down(self) -> None:
        world = EventWorld()
        watch = world.watch(Package.REGISTER, expires=120)
        watch.stop()
        world.crash(1)
        world.run(130.0)
        world.restart(1)
        world.run(5.0)
        assert watch.over
        assert world.subscriptions() == 0

    @pytest.mark.parametrize("seed", range(6))
    def test_when_it_is_quiet_the_watcher_knows_what_the_node_knows(self, seed: int) -> None:
        """Over lossy links, through crashes."""
        world = EventWorld(at={"1001": 1, "1002": 1, "1003": 2, "2001": 2}, seed=seed)
        for package in ALL:
            world.watch(package)
        world.watch(Package.USER_CALL, "1001")
        world.watch(Package.MEMBERSHIP, "8001")
        world.link = world.link._replace(loss=0.1, double=0.05, reorder=0.05)
        for step in range(12):
            _something(world, step)
            world.run(world.random.uniform(0.0, 6.0))
        world.link = world.link._replace(loss=0.0, double=0.0, reorder=0.0)
        world.run(80.0)
        dispatcher = world.ua(DISPATCHER)
        for watch in [watch for watch in dispatcher.watches.values() if watch.over]:
            del dispatcher.watches[watch.key]
        for body in {notify.body for notify in world.notifies() if notify.body}:
            root = re.match(r"<(\w+)", body.decode())
            assert root is not None
            schema(root[1]).validate(body.decode())
        strange = [line for line in world.strangeness(dispatcher) if "is unknown" not in line]
        if strange:
            world.fail("the watcher is wrong", strange)


def _something(world: EventWorld, step: int) -> None:
    number = world.random.choice(["1001", "1002", "1003", "2001"])
    ua = world.ua(number)
    match world.random.randrange(7):
        case 0:
            world.call(ua, world.random.choice([n for n in ("1001", "1002", "2001") if n != number]))
        case 1:
            world.dial(number)
        case 2 if ua.calls:
            world.leave(number)
        case 3:
            world.register(ua, world.random.choice([0, 600]))
        case 4:
            world.move(ua, world.random.choice([1, 2, 3]))
        case 5:
            world.crash(1)
            world.run(world.random.uniform(0.1, 2.0))
            world.restart(1)
        case _:
            world.regroup(fire("1001", *world.random.sample(["1002", "1003", "2001"], 2)))


def test_the_watchers_number_is_not_what_is_watched() -> None:
    """An Aor of the same number elsewhere is somebody else."""
    world = EventWorld(at={"1001": 1})
    watch = world.watch(Package.REGISTER, "1001")
    assert watch.entries.keys() == {str(Aor("1001", "core1.example"))}
