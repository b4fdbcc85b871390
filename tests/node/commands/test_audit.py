"""Everything that acts is written down, whoever asked and whatever came of it."""

from tests.node.net import WALL, Net, Phone

from opentcf.node.commands import COMMANDS
from opentcf.node.orders import Command


def ask(net: Net, name: str, who: str, **arguments):
    node = net.node(1)
    node.command(Command(name, arguments, who), net.now)
    batch = node.drain()
    return batch.replies[-1], [save for save in batch.saves if save.kind == "audit"]


def entries(net: Net, **arguments):
    return net.command(1, "audit", **arguments).value


def test_an_act_is_stored_in_the_batch_that_replies():
    net = Net(1)
    assert Phone(net, "1001", 1).register() == 200
    reply, saves = ask(net, "user_kick", "token alice", udn="1001")
    assert reply.error is None
    (save,) = saves
    assert save.value == {
        "v": 1,
        "number": 1,
        "time": WALL + net.now,
        "who": "token alice",
        "action": "user kick",
        "target": "1001",
        "result": "done",
    }


def test_a_refused_act_is_there_with_the_reason():
    net = Net(1)
    ask(net, "user_kick", "local", udn="1001")
    (entry,) = entries(net)["items"]
    assert (entry["who"], entry["target"]) == ("local", "1001")
    assert entry["result"] == "404 1001@core1.example is not registered"


def test_looking_leaves_no_entry():
    net = Net(1)
    for name, deed in COMMANDS.items():
        if deed.target is None and name != "leave":
            net.command(1, name)
    assert entries(net) == {"items": [], "next": None}


def test_pages():
    net = Net(1)
    for number in range(5):
        ask(net, "call_release", "local", id=str(number))
    first = entries(net, limit=3)
    assert [entry["number"] for entry in first["items"]] == [1, 2, 3]
    rest = entries(net, after=first["next"])
    assert ([entry["target"] for entry in rest["items"]], rest["next"]) == (["3", "4"], None)


def test_it_outlives_the_process():
    net = Net(1)
    net.command(1, "call_release", id="first")
    net.start(1, keep=True)
    net.command(1, "call_release", id="second")
    assert [(entry["number"], entry["target"]) for entry in entries(net)["items"]] == [
        (1, "first"),
        (2, "second"),
    ]
