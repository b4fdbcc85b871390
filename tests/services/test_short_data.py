"""Short data between users, over one to four TCFs (profile 4.5)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.world import World

from opentcf.btrunc.wire import Token
from opentcf.model.bounds import LimitSettings
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import parse
from opentcf.terminal import Event, Terminal

FOUR = {"1001": 2, "3001": 4}
"""1001 of core1 visits core2, 3001 of core3 visits core4: their messages pass all four."""


class TextWorld(World):
    """Terminals registered where `at` says."""

    def __init__(self, at: dict[str, int], seed: int = 0, **plain: bool) -> None:
        super().__init__(seed)
        self.run(2.0)
        for number, where in at.items():
            ua = self.terminal(number, where, plain=plain.get("plain", False))
            self.register(ua)
        self.run(2.0)
        for ua in self.terminals.values():
            assert ua.registered
            ua.events.clear()
        self.transcript.clear()

    def ua(self, number: str) -> Terminal:
        return self.terminals[number]

    def send(self, source: str, to: str, content: str | bytes = "hello", **more: Any) -> str:
        return self.text(self.ua(source), to, content, **more)

    def heard(self, number: str) -> list[Event]:
        return [event for event in self.ua(number).events if event.name == "message"]

    def results(self, number: str) -> list[tuple[str, int]]:
        return [
            (event.name, event.status) for event in self.ua(number).events if event.page and event.page.key
        ]

    def requests(self, source: str, target: str) -> list[Request]:
        found = [parse(p.data) for p in self.transcript if (p.source, p.target) == (source, target)]
        return [m for m in found if isinstance(m, Request) and m.method == "MESSAGE"]

    def answers(self, source: str, target: str) -> list[int]:
        found = [parse(p.data) for p in self.transcript if (p.source, p.target) == (source, target)]
        return [m.status for m in found if isinstance(m, Response) and m.cseq()[1] == "MESSAGE"]

    def limit(self, number: int, **limits: int) -> None:
        core = self.cores[number]
        core.settings = replace(core.settings, limits=LimitSettings(**limits))
        self.command(number, "reload", settings=core.settings)

    def raw(self, number: str, to: str, body: bytes, content_type: str) -> None:
        """A MESSAGE whose content the terminal does not make."""
        ua = self.ua(number)
        ua.page(f"sip:{to}@core{to[0]}.example", Token.MESSAGE, (), self.now, body, content_type)
        self.touch(ua)

    def meter(self, number: int, *labels: str) -> float:
        return self.node(number).meters.counters.get(("opentcf_messages_total", labels), 0)

    def rows(self, number: int) -> list[dict]:
        self.command(number, "messages")
        return self.cores[number].replies[-1].value["items"]


def test_a_text_at_home() -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    msgid = w.send("1001", "1002", "火灾")
    w.run(1.0)
    (event,) = w.heard("1002")
    assert event.page is not None
    assert (event.text, event.page.sender, event.page.msgid) == ("火灾", "1001@core1.example", msgid)
    assert w.results("1001") == [("delivered", 200)]
    assert w.meter(1, "user", "delivered") == 1


def test_a_text_over_four_tcfs() -> None:
    """V → H → H → V; the 200 comes from the terminal, end to end. TC2-C 实时短数据, TC2-C MESSAGE/TC2."""
    w = TextWorld(FOUR)
    msgid = w.send("1001", "3001")
    w.run(0.06)
    assert w.results("1001") == []
    w.run(1.0)
    assert [event.text for event in w.heard("3001")] == ["hello"]
    assert w.results("1001") == [("delivered", 200)]
    for hop in (("core2", "core1"), ("core1", "core3"), ("core3", "core4"), ("core4", "3001")):
        (request,) = w.requests(*hop)
        assert request.headers.get("Ptt-Extension") == f"pttmsg;msgtype=1;msgid={msgid}"
        assert request.headers.get("P-Asserted-Identity") == "<sip:1001@core1.example>"
        assert request.to().uri.user == "3001"
    assert w.requests("core3", "core4")[0].target().parameters["home"] == "core3.example"
    first, last = w.requests("core2", "core1")[0], w.requests("core3", "core4")[0]
    assert (first.headers.get("Max-Forwards"), last.headers.get("Max-Forwards")) == ("69", "67")
    for number in w.cores:
        assert [row["state"] for row in w.rows(number)] == ["delivered"]


@pytest.mark.parametrize(
    ("content", "charset", "content_type"),
    [
        ("撤离 now", "gb18030", "text/plain;charset=GB18030"),
        ("撤离 now", "utf-8", "text/plain;charset=UTF-8"),
        (b"\x00\x01\xff\r\n", "utf-8", "application/octet-stream"),
    ],
)
def test_the_body_arrives_as_it_was_sent(content: str | bytes, charset: str, content_type: str) -> None:
    w = TextWorld(FOUR)
    w.send("1001", "3001", content, charset=charset)
    w.run(1.0)
    (event,) = w.heard("3001")
    assert event.page is not None
    (request,) = w.requests("core4", "3001")
    assert request.headers.get("Content-Type") == content_type
    assert event.page.body == (content if isinstance(content, bytes) else content.encode(charset))
    if isinstance(content, str):
        assert event.text == content


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [("text/html", b"x", 415), ("text/plain;charset=koi8-r", b"x", 415), ("text/plain", b"\xff", 400)],
)
def test_other_bodies_are_refused(content_type: str, body: bytes, status: int) -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    w.raw("1001", "1002", body, content_type)
    w.run(1.0)
    assert w.results("1001") == [("refused", status)]
    assert w.heard("1002") == []
    assert w.meter(1, "user", "refused") == 1


def test_too_long_at_any_of_them() -> None:
    w = TextWorld(FOUR)
    w.limit(3, max_short_data=10)
    w.send("1001", "3001", "0123456789")
    w.run(1.0)
    w.send("1001", "3001", "0123456789a")
    w.run(1.0)
    assert w.results("1001") == [("delivered", 200), ("refused", 413)]
    assert w.node(3).meters.counters["opentcf_refused_total", ("max_short_data",)] == 1


@pytest.mark.parametrize(("to", "status"), [("3002", 480), ("3999", 404), ("1002", 480), ("1999", 404)])
def test_nobody_there(to: str, status: int) -> None:
    w = TextWorld({"1001": 2})
    w.send("1001", to)
    w.run(1.0)
    assert w.results("1001") == [("refused", status)]


def test_a_domain_that_nobody_knows() -> None:
    w = TextWorld({"1001": 1})
    w.ua("1001").message("9001@core9.example", "x", w.now)
    w.touch(w.ua("1001"))
    w.run(1.0)
    assert w.results("1001") == [("refused", 404)]


def test_a_terminal_that_is_silent() -> None:
    """Whether it has the message is not known: an error, at each of them."""
    w = TextWorld(FOUR)
    w.part("core4", "3001")
    w.send("1001", "3001")
    w.run(40.0)
    assert [name for name, _ in w.results("1001")] == ["refused"]
    assert {w.rows(number)[0]["state"] for number in w.cores} == {"unknown"}


def test_a_peer_that_is_down() -> None:
    w = TextWorld(FOUR)
    w.crash(3)
    w.run(60.0)
    w.send("1001", "3001")
    w.run(1.0)
    assert w.results("1001") == [("refused", 503)]


def test_a_plain_phone_sends_short_data() -> None:
    """The first TCF makes the msgid that it lacks. TC2-C MESSAGE/D."""
    w = TextWorld({"1001": 2, "3001": 4}, plain=True)
    w.send("1001", "3001")
    w.run(1.0)
    assert w.results("1001") == [("delivered", 200)]
    assert [event.text for event in w.heard("3001")] == ["hello"]
    first, last = w.requests("core2", "core1")[0], w.requests("core4", "3001")[0]
    assert first.headers.get("Ptt-Extension") == last.headers.get("Ptt-Extension")
    assert (first.headers.get("Ptt-Extension") or "").startswith("pttmsg;msgtype=1;msgid=")


def test_over_the_same_tcf_twice() -> None:
    """1001 visits core2 and writes to 2001, who visits core1: no record of one passage hides the other."""
    w = TextWorld({"1001": 2, "2001": 1})
    w.send("1001", "2001")
    w.run(1.0)
    assert w.results("1001") == [("delivered", 200)]
    assert len(w.heard("2001")) == 1


def test_to_oneself() -> None:
    w = TextWorld({"1001": 2})
    w.send("1001", "1001")
    w.run(1.0)
    assert len(w.heard("1001")) == 1
    assert w.results("1001") == [("delivered", 200)]


# --- repeated


@pytest.mark.parametrize("at", [{"1001": 1, "1002": 1, "3001": 3}, FOUR])
def test_a_repeated_msgid_is_answered_again_and_not_delivered_twice(at: dict[str, int]) -> None:
    w = TextWorld(at)
    for _ in range(3):
        w.send("1001", "3001", msgid="m1")
        w.run(1.0)
    assert w.results("1001") == [("delivered", 200)] * 3
    assert len(w.heard("3001")) == 1
    assert w.meter(at["1001"], "user", "repeated") == 2


def test_the_same_msgid_of_another_sender_or_to_another_is_another_message() -> None:
    w = TextWorld({"1001": 1, "1002": 1, "1003": 1})
    w.send("1001", "1003", msgid="m1")
    w.send("1002", "1003", msgid="m1")
    w.send("1001", "1002", msgid="m1")
    w.run(1.0)
    assert (len(w.heard("1003")), len(w.heard("1002"))) == (2, 1)


def test_a_repeat_while_the_first_is_open_gets_its_answer() -> None:
    w = TextWorld(FOUR)
    w.link = w.link._replace(delay=(0.5, 0.5))
    w.send("1001", "3001", msgid="m1")
    w.run(0.2)
    w.send("1001", "3001", msgid="m1")
    w.run(3.0)
    assert w.results("1001") == []
    w.run(30.0)
    assert w.results("1001") == [("delivered", 200)] * 2
    assert len(w.heard("3001")) == 1


def test_only_so_many_copies_wait() -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    w.part("core1", "1002")
    for _ in range(10):
        w.send("1001", "1002", msgid="m1")
    w.run(1.0)
    assert w.results("1001") == [("refused", 503)], "the tenth, beside the first and eight that wait"
    w.run(40.0)
    assert len(w.results("1001")) == 10


def test_a_repeated_refusal_is_the_same() -> None:
    w = TextWorld({"1001": 2})
    for _ in range(2):
        w.send("1001", "3001", msgid="m1")
        w.run(1.0)
    assert w.results("1001") == [("refused", 480)] * 2
    texts = [event.text for event in w.ua("1001").events if event.page]
    assert texts == ["3001@core3.example is not registered"] * 2


def test_after_five_minutes_it_is_a_new_message() -> None:
    w = TextWorld(FOUR)
    w.send("1001", "3001", msgid="m1")
    w.run(295.0)
    w.send("1001", "3001", msgid="m1")
    w.run(1.0)
    assert len(w.heard("3001")) == 1
    w.run(10.0)
    w.send("1001", "3001", msgid="m1")
    w.run(1.0)
    assert len(w.heard("3001")) == 2
    w.run(400.0)
    assert all(not core.store.get("short_message") for core in w.cores.values())


def test_repeated_from_another_place() -> None:
    """His home remembers what he sent from its own cells, and the other way round."""
    w = TextWorld({"1001": 1, "3001": 3})
    for to in (2, 4, 1):
        w.send("1001", "3001", msgid="m1")
        w.run(1.0)
        w.move(w.ua("1001"), to)
        w.run(2.0)
    w.send("1001", "3001", msgid="m1")
    w.run(1.0)
    assert w.results("1001") == [("delivered", 200)] * 4
    assert len(w.heard("3001")) == 1


# --- restarts


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_repeat_after_a_restart(number: int) -> None:
    w = TextWorld(FOUR)
    w.send("1001", "3001", msgid="m1")
    w.run(1.0)
    w.crash(number)
    w.restart(number)
    w.run(2.0)
    w.send("1001", "3001", msgid="m1")
    w.run(2.0)
    assert w.results("1001") == [("delivered", 200)] * 2
    assert len(w.heard("3001")) == 1


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_what_a_restart_made_unknown_is_an_error(number: int) -> None:
    """The answer is lost with the node that waited for it; the sender's own repetition hears 500."""
    w = TextWorld(FOUR)
    w.lose = lambda source, target, data: (source, target) == ("3001", "core4")
    w.send("1001", "3001", msgid="m1")
    w.run(0.3)
    assert len(w.heard("3001")) == 1
    w.crash(number)
    w.restart(number)
    w.lose = lambda source, target, data: False
    w.run(40.0)
    assert w.results("1001") == [("refused", 500)]
    w.send("1001", "3001", msgid="m1")
    w.run(2.0)
    assert w.results("1001") == [("refused", 500)] * 2
    assert len(w.heard("3001")) == 1
    assert w.rows(number)[0]["state"] == "unknown"


def test_a_plain_phones_repetition_after_a_restart() -> None:
    """It has no msgid; the one that is made for it is the same for each copy."""
    w = TextWorld({"1001": 1, "1002": 1}, plain=True)
    w.lose = lambda source, target, data: target == "1001" and data.startswith(b"SIP/2.0 200")
    w.send("1001", "1002")
    w.run(0.3)
    w.crash(1)
    w.restart(1)
    w.lose = lambda source, target, data: False
    w.run(10.0)
    assert w.results("1001") == [("delivered", 200)]
    assert len(w.heard("1002")) == 1


# --- who may


def test_a_stunned_user_sends_nothing() -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    attachment = w.node(1)._ctx.directory.attachment(w.ua("1001").user)
    assert attachment is not None
    attachment.stunned = True
    w.send("1001", "1002")
    w.run(1.0)
    assert w.results("1001") == [("refused", 403)]
    assert w.heard("1002") == []


def test_only_so_many_are_open() -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    w.limit(1, max_transactions_per_peer=3)
    w.part("core1", "1002")
    for _ in range(4):
        w.send("1001", "1002")
    w.run(1.0)
    assert w.results("1001") == [("refused", 503)]
    assert w.node(1).meters.counters["opentcf_refused_total", ("max_transactions_per_peer",)] == 1
    w.cut.clear()
    w.run(40.0)
    w.send("1001", "1002")
    w.run(1.0)
    assert w.results("1001")[-1] == ("delivered", 200)


def test_the_list_is_paged_newest_last() -> None:
    w = TextWorld({"1001": 1, "1002": 1})
    for index in range(5):
        w.send("1001", "1002", "x" * index)
        w.run(0.5)
    w.command(1, "messages", limit=3)
    page = w.cores[1].replies[-1].value
    assert [row["size"] for row in page["items"]] == [0, 1, 2]
    w.command(1, "messages", limit=3, after=page["next"])
    page = w.cores[1].replies[-1].value
    assert ([row["size"] for row in page["items"]], page["next"]) == ([3, 4], None)
