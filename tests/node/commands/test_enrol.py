"""Subscribers and groups that are added, changed and removed while the node runs."""

import pytest
from tests.node.net import Net, Phone, phones, talk, tcf
from tests.services.control_world import ControlWorld

from opentcf.model.group import Group, Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right, Role
from opentcf.node.commands.enrol import Entry
from opentcf.node.orders import Command

FIRE = Aor("8001", "core1.example")
ALICE, BOB = Aor("1001", "core1.example"), Aor("2001", "core2.example")


def enrol(net: Net, command: str, number: str, /, **fields):
    return net.command(1, command, entry=Entry(number, fields))


def shown(net: Net, kind: str, number: str):
    reply = net.command(1, f"{kind}s", number=number)
    return reply.value["items"][0] if reply.error is None else None


def refusal(reply) -> tuple[int, str | None]:
    assert reply.value is None
    return reply.status, reply.error


def test_a_subscriber_is_added_changed_replaced_and_removed():
    net = Net(2)
    assert enrol(net, "subscriber_add", "1900", name="Zoe", priority=7).value == {"subscriber": "1900"}
    assert (
        enrol(net, "subscriber_set", "1900", role=Role.DISPATCHER, rights=frozenset((Right.STUN,))).error
        is None
    )
    row = shown(net, "subscriber", "1900")
    assert (row["name"], row["priority"], row["rights"], row["source"]) == ("Zoe", 7, ["stun"], "store")
    enrol(net, "subscriber_put", "1900", name="Zed")
    assert (shown(net, "subscriber", "1900")["name"], shown(net, "subscriber", "1900")["rights"]) == (
        "Zed",
        [],
    )
    assert net.command(1, "subscriber_remove", number="1900").value == {"removed": "1900"}
    assert shown(net, "subscriber", "1900") is None


def test_what_was_changed_outlives_restart_and_reload():
    net = Net(1)
    enrol(
        net,
        "subscriber_add",
        "1900",
        name="Zoe",
        ha1={"MD5": "0" * 32},
        roaming=frozenset(("core2.example",)),
    )
    enrol(net, "subscriber_set", "1001", name="Alice")
    net.command(1, "subscriber_remove", number="1002")
    enrol(net, "group_add", "8001", members=(Member(ALICE, 3, listen_only=True),), hang_time=4.5)
    before = [net.rows(1, name) for name in ("subscribers", "groups")]
    net.start(1, keep=True)
    assert [net.rows(1, name) for name in ("subscribers", "groups")] == before
    net.command(1, "reload", settings=net.settings(1))
    assert [net.rows(1, name) for name in ("subscribers", "groups")] == before
    assert [row["number"] for row in before[0]] == ["1001", "1003", "1004", "1900"]
    assert before[1][0]["members"] == ["1001@core1.example;priority=3;listen_only"]


def test_reset_gives_a_number_back_to_the_configuration():
    net = Net(1)
    enrol(net, "subscriber_set", "1001", name="Alice")
    net.command(1, "subscriber_remove", number="1002")
    for number in ("1001", "1002"):
        assert net.command(1, "subscriber_reset", number=number).error is None
        row = shown(net, "subscriber", number)
        assert (row["name"], row["source"]) == ("", "configuration")
    assert refusal(net.command(1, "subscriber_reset", number="1001"))[0] == 404


def test_a_number_is_a_subscriber_s_or_a_group_s():
    net = Net(1, groups=(Group(FIRE),))
    assert refusal(enrol(net, "subscriber_add", "8001")) == (409, "number: 8001 is a group's number")
    assert refusal(enrol(net, "group_put", "1001")) == (409, "number: 1001 is a subscriber's number")


def test_a_number_given_anew_in_the_configuration_yields_to_the_store():
    net = Net(1)
    enrol(net, "group_add", "1900")
    net.special["1004"] = {}
    net.command(1, "subscriber_remove", number="1004")
    enrol(net, "group_add", "1004", name="now a group")
    net.command(1, "subscriber_reset", number="1004")
    assert shown(net, "subscriber", "1004") is None
    assert shown(net, "group", "1004")["name"] == "now a group"


@pytest.mark.parametrize(
    ("name", "number", "fields", "status", "error"),
    [
        ("subscriber_add", "1001", {}, 409, "there is a subscriber 1001 already"),
        (
            "subscriber_set",
            "1900",
            {},
            404,
            "there is no subscriber 1900@core1.example; see the list of subscribers",
        ),
        ("subscriber_add", "19x", {}, 400, "number: '19x' is not a number of 1 to 15 digits"),
        (
            "subscriber_set",
            "1001",
            {"rights": frozenset((Right.KILL,))},
            400,
            'rights: are for role = "dispatcher"',
        ),
        ("group_set", "8009", {}, 404, "there is no group 8009@core1.example; see the list of groups"),
        (
            "group_set",
            "8001",
            {"remove_members": (Member(BOB),)},
            404,
            "remove_members: 2001@core2.example is no member of 8001",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(name, number, fields, status, error):
    net = Net(1, groups=(Group(FIRE, members=(Member(ALICE),)),))
    before = [net.rows(1, kind) for kind in ("subscribers", "groups")]
    assert refusal(enrol(net, name, number, **fields)) == (status, error)
    assert [net.rows(1, kind) for kind in ("subscribers", "groups")] == before
    assert net.rows(1, "audit")[0]["result"] == f"{status} {error}"


def test_an_import_is_all_or_nothing():
    net = Net(1)
    good, bad = (
        Entry("1900", {"name": "Zoe"}, "row 2: "),
        Entry("1901", {"rights": frozenset((Right.KILL,))}, "row 3: "),
    )
    reply = net.command(1, "subscriber_import", entries=[good, bad], rows=2)
    assert refusal(reply) == (400, 'row 3: rights: are for role = "dispatcher"')
    assert shown(net, "subscriber", "1900") is None
    other = Entry("1001", {"priority": 3})
    assert net.command(1, "subscriber_import", entries=[good, other], rows=2).value == {"imported": 2}
    assert (shown(net, "subscriber", "1001")["priority"], shown(net, "subscriber", "1001")["digest"]) == (
        3,
        ["MD5", "SHA-256"],
    )
    assert shown(net, "subscriber", "1900")["name"] == "Zoe"
    assert net.command(1, "subscriber_import", entries=[], rows=0).value == {"imported": 0}


def test_no_secret_in_the_audit_log_nor_in_a_listing():
    net = Net(1)
    enrol(net, "subscriber_add", "1900", ha1={"MD5": "abcdef"}, priority=3)
    assert net.rows(1, "audit")[0]["target"] == "1900 ha1=*** priority=3"
    assert shown(net, "subscriber", "1900")["digest"] == ["MD5"]
    assert "abcdef" not in str(net.rows(1, "subscribers"))
    assert "abcdef" not in str(net.notices)


def test_who_was_added_may_register_and_who_was_removed_is_kicked_off_wherever_he_is():
    net = Net(2)
    at_home, away = Phone(net, "1001", 1), Phone(net, "1002", 2)
    assert (at_home.register(), away.register()) == (200, 200)
    for number in ("1001", "1002"):
        net.command(1, "subscriber_remove", number=number)
    assert (net.registered(1), net.attached(1), net.attached(2)) == ({}, set(), set())
    assert at_home.register() == 403
    net.command(1, "subscriber_reset", number="1001")
    assert at_home.register() == 200


def test_who_may_not_roam_there_any_more_is_kicked_off():
    net = Net(2)
    assert Phone(net, "1002", 2).register() == 200
    enrol(net, "subscriber_set", "1002", roaming=False)
    assert (net.registered(1), net.attached(2)) == ({}, set())


def test_the_call_of_a_removed_subscriber_ends():
    net = Net(2)
    call = talk(net, *phones(net, 1, 2, "1001", "2001"))
    net.command(1, "subscriber_remove", number="1001")
    assert call.called.requests("BYE")
    net.assert_quiet()


def test_a_member_who_was_added_is_told_at_his_v():
    net = Net(2)
    phone = Phone(net, "2001", 2)
    assert phone.register() == 200
    enrol(net, "group_add", "8001", name="Fire 1", members=(Member(BOB),))
    message = phone.request("MESSAGE")
    assert b"8001" in message.body
    assert net.saved[tcf(2)]["membership"]
    enrol(net, "group_set", "8001", remove_members=(Member(BOB),), add_members=(Member(ALICE, 9),))
    assert shown(net, "group", "8001")["members"] == ["1001@core1.example;priority=9"]
    assert len(phone.requests("MESSAGE")) == 2


def test_a_bug_fails_one_command_and_not_the_node():
    net = Net(1)
    reply = net.command(1, "subscriber_add", entry=None)
    assert (reply.status, reply.error) == (500, "internal error")
    assert net.noticed("fault")
    assert net.command(1, "health").error is None


@pytest.mark.parametrize("command", ["group_set", "group_remove"])
def test_a_temporary_group_is_its_dispatcher_s(command):
    world = ControlWorld(at={"1005": 1, "2001": 2})
    world.dgna("1005", RegroupAction.CREATE, "2001")
    world.run(5.0)
    ticket = world.node(1).command(
        Command(command, {"entry": Entry("8901", {"name": "mine"}), "number": "8901"}), world.now
    )
    (reply,) = [reply for reply in world.node(1).drain().replies if reply.ticket == ticket]
    assert refusal(reply) == (409, "8901 is a temporary group; its dispatcher changes and cancels it")
