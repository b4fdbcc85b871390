"""Nobody gets a better priority than he may have, wherever he is (profile 3.1)."""

from dataclasses import replace

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import AUDIO, GroupWorld, aor, ext, fire

from opentcf.model.group import Group, Member


def preempting(*members: Member) -> Group:
    return replace(fire(preemption=True), members=members) if members else fire(preemption=True)


def world(group: Group, *, best: int = 255) -> GroupWorld:
    """3001 talks; each first user of a core is subscribed with `best`."""
    w = GroupWorld(group)
    for which, core in w.cores.items():
        users = tuple(
            replace(user, priority=best) if user.aor.number.endswith("001") else user
            for user in core.settings.subscribers
        )
        core.settings = replace(core.settings, subscribers=users)
        w.command(which, "reload", settings=core.settings)
    w.run(1.0)
    for number, where in {"3001": 2, "1001": 3, "1002": 1, "2001": 4}.items():
        w.attach(number, where)
    w.dial("3001")
    w.run(2.0)
    return w


@pytest.mark.parametrize("at", [1, 3], ids=["at home", "elsewhere"])
@pytest.mark.parametrize("dials", [True, False])
def test_a_dispatcher_who_is_no_member_has_what_his_subscription_allows(at: int, dials: bool):
    w = ControlWorld(fire("1002", "2001", "4001", preemption=True))
    settings = w.cores[1].settings
    users = tuple(
        replace(user, priority=5) if user.aor.number == "1005" else user for user in settings.subscribers
    )
    w.cores[1].settings = replace(settings, subscribers=users)
    w.command(1, "reload", settings=w.cores[1].settings)
    for number, where in {"1002": 1, "1005": at, "2001": 2, "4001": 4}.items():
        w.attach(number, where)
    if not dials:
        w.dial("1005")
        w.run(2.0)
        w.let_go("1005")
        w.run(1.0)
    w.dial("2001")
    w.run(2.0)
    if dials:
        w.dial("1005", AUDIO._replace(priority=0))
    else:
        w.press("1005", priority=0)
    w.run(2.0)
    assert w.floor()[0] == "1005"
    floor = w.node(1).procedures.group_call.masters.calls[aor("1001")._replace(number="8001")].floor
    assert floor.talker is not None
    assert floor.talker.priority == 5


@pytest.mark.parametrize("number", ["1001", "2001", "1002"], ids=["of the master", "visitor", "at home"])
def test_who_claims_a_better_priority_than_his_own_waits(number: str):
    w = world(preempting())
    w.press(number, priority=0)
    w.run(1.0)
    assert w.floor() == ("3001", [number])


def test_a_visitor_has_what_his_subscription_allows():
    w = world(preempting(), best=5)
    w.let_go("3001")
    w.run(1.0)
    w.press("1002")
    w.run(1.0)
    w.press("2001", priority=0)
    w.run(1.0)
    assert w.floor() == ("2001", [])
    assert "PrioAttribute=5" in ext(w.last("INVITE pttrequest", "core4", "core1"))


def test_a_visitor_who_dials_has_no_better_one_either():
    w = world(preempting())
    w.leave("2001")
    w.run(1.0)
    w.dial("2001", AUDIO._replace(priority=0))
    w.run(1.0)
    assert w.floor() == ("3001", ["2001"])
    assert "PrioAttribute" not in ext(w.last("INVITE pttcall", "core4", "core1"))


@pytest.mark.parametrize(
    ("number", "priority"), [("2001", 100), ("1001", 255)], ids=["by the group's list", "by his subscription"]
)
def test_the_master_knows_better_than_a_v_that_lets_all_pass(number: str, priority: int):
    members = tuple(
        Member(aor(n), priority=p) for n, p in {"3001": 50, "1001": 255, "1002": 255, "2001": 100}.items()
    )
    w = world(preempting(*members))
    w.garble = lambda source, data: (
        data.replace(b"pttrequest;", b"pttrequest;PrioAttribute=0;") if source in ("core3", "core4") else data
    )
    w.press(number)
    w.run(1.0)
    assert w.floor() == ("3001", [number])
    waiter = w.node(1).procedures.group_call.masters.calls[aor("1001")._replace(number="8001")].floor.queue[0]
    assert waiter.request.priority == priority
