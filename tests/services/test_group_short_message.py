"""Short messages to a group: G sends one to each V-TCF, V one to each member (profile 4.5)."""

from dataclasses import replace

import pytest
from tests.services.group_world import GroupWorld, aor

from opentcf.model.subscriber import Role
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.terminal import Page

AT = {"1001": 2, "1002": 1, "2001": 3, "2002": 3, "3001": 2, "4001": 4}
"""Core1 is the master; core2 serves 1001 and 3001, core3 2001 and 2002, core4 4001, core1 1002."""


class TextWorld(GroupWorld):
    """A group whose members can read."""

    def __init__(self, at: dict[str, int] | None = None, seed: int = 0) -> None:
        super().__init__(at=at or AT, seed=seed)
        self.forget()

    def forget(self) -> None:
        for ua in self.terminals.values():
            ua.events.clear()
        self.clear()

    def send(self, number: str, text: str = "Come back", group: str = "8001", msgid: str = "") -> str:
        ua = self.ua(number)
        msgid = ua.message(f"{group}@core1.example", text, self.now, msgid=msgid, group=not ua.plain)
        self.touch(ua)
        return msgid

    def readers(self) -> dict[str, int]:
        """Who got how many."""
        found = {n: sum(e.name == "message" for e in ua.events) for n, ua in self.terminals.items()}
        return {number: count for number, count in found.items() if count}

    def page(self, number: str) -> Page:
        return next(e.page for e in self.ua(number).events if e.name == "message" and e.page)

    def result(self, number: str) -> tuple[str, int]:
        event = next(e for e in self.ua(number).events if e.page and e.page.key)
        return event.name, event.status

    def pages(self, source: str, target: str) -> list[Request]:
        found = [parse(p.data) for p in self.transcript if (p.source, p.target) == (source, target)]
        return [m for m in found if isinstance(m, Request) and m.method == "MESSAGE"]

    def reached(self, number: int) -> dict[str, str]:
        """What the latest message at a TCF became for each of its recipients."""
        self.command(number, "messages")
        row = self.cores[number].replies[-1].value["items"][-1]
        return {r.get("peer") or r["party"]: r["result"] for r in row["recipients"]}

    def master_row(self) -> dict[str, str]:
        self.command(1, "messages")
        rows = self.cores[1].replies[-1].value["items"]
        row = [row for row in rows if row["roles"] == ["G"]][-1]
        return {r.get("peer") or r["party"]: r["result"] for r in row["recipients"]}


def test_everybody_but_the_sender_gets_it_once() -> None:
    """TC2-C 组播短消息响应."""
    w = TextWorld()
    msgid = w.send("1001")
    w.run(2.0)
    assert w.result("1001") == ("delivered", 200)
    assert w.readers() == dict.fromkeys(("1002", "2001", "2002", "3001", "4001"), 1)
    page = w.page("2001")
    assert (page.sender, page.group, page.msgid) == ("1001@core1.example", "8001@core1.example", msgid)


def test_one_message_for_each_v_tcf() -> None:
    """The members that it is for are named, the sender is not, also where others sit behind his own V.

    TC2-C 组播短消息.
    """
    w = TextWorld()
    w.send("1001")
    w.run(2.0)
    for visited, named in (
        ("core2", 'UDN="3001@core3.example"'),
        ("core3", 'UDN="2001@core2.example";UDN="2002@core2.example"'),
        ("core4", 'UDN="4001@core4.example"'),
    ):
        (request,) = w.pages("core1", visited)
        extension = request.headers.get("Ptt-Extension") or ""
        assert extension.startswith("pttmsg;msgtype=2;msgid=")
        assert extension.endswith(f";{named}")
        assert request.uri == "sip:8001@core1.example"
        assert request.from_().uri.user == "1001"


def test_who_got_it_can_be_seen() -> None:
    """At G for each V-TCF, at V for each member."""
    w = TextWorld()
    w.part("core3", "2002")
    w.send("1001")
    w.run(40.0)
    taken = dict.fromkeys(("core1.example", "core2.example", "core3.example", "core4.example"), "accepted")
    assert w.master_row() == taken
    assert w.reached(3) == {"2001@core2.example": "delivered", "2002@core2.example": "unreachable"}
    assert w.reached(4) == {"4001@core4.example": "delivered"}


def test_who_is_nowhere_is_said() -> None:
    w = TextWorld({"1001": 2, "1002": 1})
    w.send("1001")
    w.run(2.0)
    row = w.master_row()
    assert row.pop("core1.example") == "accepted"
    assert set(row.values()) == {"not registered"}
    assert len(row) == 4


def test_nobody_else_is_registered() -> None:
    w = TextWorld({"1001": 2})
    w.send("1001")
    w.run(2.0)
    assert w.result("1001") == ("refused", 480)


def test_a_plain_phone_dials_the_group() -> None:
    w = TextWorld({"1002": 1, "2001": 3})
    phone = w.attach("1001", 2, plain=True)
    w.forget()
    assert phone.plain
    w.send("1001")
    w.run(2.0)
    assert w.readers() == {"1002": 1, "2001": 1}


@pytest.mark.parametrize("where", [1, 2])
def test_strangers_may_not(where: int) -> None:
    w = TextWorld()
    w.attach("1003", where)
    w.send("1003")
    w.run(2.0)
    assert w.result("1003") == ("refused", 403)
    assert w.readers() == {}


@pytest.mark.parametrize("where", [1, 2])
def test_dispatchers_of_the_masters_domain_may(where: int) -> None:
    w = TextWorld()
    core = w.cores[1]
    subscribers = [
        replace(s, role=Role.DISPATCHER) if s.aor == aor("1003") else s for s in core.settings.subscribers
    ]
    core.settings = replace(core.settings, subscribers=tuple(subscribers))
    w.command(1, "reload", settings=core.settings)
    w.attach("1003", where)
    w.send("1003")
    w.run(2.0)
    assert w.result("1003") == ("delivered", 200)
    assert w.readers() == dict.fromkeys(AT, 1)


def test_an_unknown_group() -> None:
    w = TextWorld()
    w.send("2001", group="8999")
    w.run(2.0)
    assert w.result("2001") == ("refused", 404)


def test_a_stunned_member_may_not() -> None:
    w = TextWorld()
    attachment = w.node(2)._ctx.directory.attachment(aor("1001"))
    assert attachment is not None
    attachment.stunned = True
    w.send("1001")
    w.run(2.0)
    assert w.result("1001") == ("refused", 403)


def test_a_stunned_member_does_not_get_it() -> None:
    w = TextWorld()
    attachment = w.node(3)._ctx.directory.attachment(aor("2001"))
    assert attachment is not None
    attachment.stunned = True
    w.send("1001")
    w.run(2.0)
    assert w.readers() == dict.fromkeys(("1002", "2002", "3001", "4001"), 1)
    assert w.reached(3) == {"2001@core2.example": "refused 403", "2002@core2.example": "delivered"}


def test_repeated() -> None:
    w = TextWorld()
    for _ in range(2):
        w.send("1001", msgid="m1")
        w.run(2.0)
    assert w.readers() == dict.fromkeys(("1002", "2001", "2002", "3001", "4001"), 1)


def test_a_v_tcf_that_is_down_gets_it_when_it_is_back() -> None:
    w = TextWorld()
    w.crash(4)
    w.run(60.0)
    w.forget()
    w.send("1001")
    w.run(2.0)
    assert w.result("1001") == ("delivered", 200)
    assert w.master_row()["core4.example"] == "waiting"
    w.restart(4)
    w.run(15.0)
    assert w.readers()["4001"] == 1
    assert w.master_row()["core4.example"] == "accepted"
    assert not w.cores[1].store.get("short_message_body")


def test_a_v_tcf_that_stays_away_is_not_reached() -> None:
    w = TextWorld()
    w.part("core1", "core4")
    w.send("1001")
    w.run(310.0)
    assert w.master_row()["core4.example"] == "unreachable"
    assert not w.cores[1].store.get("short_message_body")
    w.cut.clear()
    w.run(60.0)
    assert "4001" not in w.readers()


def test_a_silent_v_tcf_is_asked_again_and_delivers_once() -> None:
    """It took the message, its answer was lost for as long as G waited."""
    w = TextWorld()
    w.lose = lambda source, target, data: (source, target) == ("core4", "core1") and b"200 OK" in data
    w.send("1001")
    w.run(40.0)
    assert w.readers()["4001"] == 1
    assert w.master_row()["core4.example"] == "waiting"
    w.lose = lambda source, target, data: False
    w.run(60.0)
    assert w.master_row()["core4.example"] == "accepted"
    assert w.readers()["4001"] == 1


def test_the_master_goes_on_after_a_restart() -> None:
    """Its 200 was a promise: V-TCFs that had not taken the message get it now, the others not again."""
    w = TextWorld()
    w.lose = lambda source, target, data: target == "core4" and data.startswith(b"MESSAGE")
    w.send("1001")
    w.run(1.0)
    assert w.result("1001") == ("delivered", 200)
    w.crash(1)
    w.restart(1)
    w.lose = lambda source, target, data: False
    w.run(5.0)
    assert w.readers() == dict.fromkeys(("1002", "2001", "2002", "3001", "4001"), 1)
    assert w.master_row()["core4.example"] == "accepted"


def test_after_a_long_outage_nobody_gets_it_a_second_time() -> None:
    """Core4 took it, which the master does not know; after its five minutes core4 has forgotten that."""
    w = TextWorld()
    w.lose = lambda source, target, data: (source, target) == ("core4", "core1")
    w.send("1001")
    w.run(1.0)
    w.crash(1)
    w.lose = lambda source, target, data: False
    w.run(400.0)
    w.restart(1)
    w.run(60.0)
    assert w.readers()["4001"] == 1
    assert w.master_row()["core4.example"] == "unreachable"


def test_a_member_whose_answer_a_restart_lost_is_unknown() -> None:
    w = TextWorld()
    w.lose = lambda source, target, data: (source, target) == ("4001", "core4")
    w.send("1001")
    w.run(1.0)
    w.crash(4)
    w.restart(4)
    w.lose = lambda source, target, data: False
    w.run(60.0)
    assert w.reached(4) == {"4001@core4.example": "unknown"}
    assert w.readers()["4001"] == 1


def test_one_who_moves_while_it_is_under_way_gets_it_once() -> None:
    """Core3 took it late, when 4001 had read it at core4 and come over: he is not named for core3."""
    w = TextWorld()
    w.lose = lambda source, target, data: target == "core3" and data.startswith(b"MESSAGE")
    w.send("1001")
    w.run(1.0)
    w.move(w.ua("4001"), 3)
    w.run(1.0)
    w.lose = lambda source, target, data: False
    w.run(10.0)
    assert w.readers() == dict.fromkeys(("1002", "2001", "2002", "3001", "4001"), 1)


def test_a_peer_that_is_not_the_master() -> None:
    """Core4 may not bring to core3 what only core1, the group's home, may."""
    w = TextWorld()
    w.send("1001")
    w.run(2.0)
    asked = (p.data for p in w.transcript if (p.source, p.target) == ("core1", "core3"))
    sent = next(data for data in asked if data.startswith(b"MESSAGE"))
    forged = (
        sent.replace(b"127.0.1.1", b"127.0.4.1")
        .replace(b"z9hG4bK", b"z9hG4bKx")
        .replace(b"msgid=", b"msgid=x")
        .replace(b"Call-ID: ", b"Call-ID: x")
    )
    w.forget()
    w.node(3).receive(forged, Flow("tc2", "udp", "127.0.4.1", 5060), w.now)
    w.touch(w.cores[3])
    w.run(1.0)
    (answer,) = (p.data for p in w.transcript if (p.source, p.target) == ("core3", "core4"))
    assert answer.startswith(b"SIP/2.0 403 ")
    assert w.readers() == {}
