"""Short data 实时短数据 and group short message 组播短消息."""

from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage

LOOK = 1.5
"""Seconds that somebody who watches needs for what just happened."""


@procedure(
    "text-1", "Text over 1 TCF", "短数据，经1个TCF",
    Actor("1001", at=1, left=True), Actor("1002", at=1), roles={1: "V=H"},
)  # fmt: skip
async def at_home(stage: Stage) -> None:
    """Both are at home in the same core network."""
    await _text(stage, "1001", "1002", "All clear")


@procedure(
    "text-4", "Text over 4 TCFs", "短数据，经4个TCF",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def over_four(stage: Stage) -> None:
    """Both roam: V → H → H → V, and the terminal's 200 all the way back."""
    await _text(stage, "2001", "3001", "Come to gate 4")


@procedure(
    "text-gb18030", "Chinese text in GB18030", "GB18030中文短数据",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def chinese(stage: Stage) -> None:
    """The charset parameter says so, and the octets pass unchanged."""
    await _text(stage, "2001", "3001", "火灾，请立即撤离", "gb18030")


@procedure(
    "text-absent", "Text, not registered", "短数据，用户未注册",
    Actor("1001", at=1, left=True), Actor("2003"), roles={1: "V=H", 2: "H"},
)  # fmt: skip
async def absent(stage: Stage) -> None:
    """480 from the home of the one who is nowhere."""
    stage["1001"].text(f"2003@{domain(2)}", "Where are you?")
    await stage.until(lambda: stage["1001"].heard("refused") is not None, "1001 is refused")
    event = stage["1001"].heard("refused")
    stage.expect(event.status if event else 0, 480, "what the sender got")


@procedure(
    "text-repeated", "Text, repeated msgid", "短数据，重复msgid",
    Actor("1001", at=1, left=True), Actor("2001", at=2), roles={1: "V=H", 2: "H=V"},
)  # fmt: skip
async def repeated(stage: Stage) -> None:
    """The same message again is answered again, by the first TCF, and delivered once."""
    msgid = await _text(stage, "1001", "2001", "Are you there?")
    stage["1001"].text(f"2001@{domain(2)}", "Are you there?", msgid=msgid)
    await stage.until(lambda: stage["1001"].times("delivered") == 2, "1001 has two answers")
    await stage.until_quiet()
    stage.expect(stage["2001"].times("message"), 1, "texts that 2001 got")


@procedure(
    "text-group", "Text to a group", "组播短消息",
    Actor("1011", at=1, left=True), Actor("1012", at=1), Actor("2011", at=2), Actor("2012", at=2), Actor("3011", at=4),
    roles={1: "G=V", 2: "V", 4: "V"},
)  # fmt: skip
async def to_group(stage: Stage) -> None:
    """G sends one MESSAGE to each V-TCF, V one to each member; the sender does not get his own."""
    stage["1011"].text(f"8001@{domain(MASTER)}", "Return to base", group=True)
    others = [phone for phone in stage.phones() if phone.number != "1011"]
    await stage.until(lambda: all(phone.heard("message") for phone in others), "all others have it")
    await stage.until_quiet()
    await stage.pause(LOOK)
    stage.expect(
        [phone.times("message") for phone in others], [1] * len(others), "texts that each member got"
    )
    stage.expect(stage["1011"].times("message"), 0, "texts that the sender got")
    await stage.until_node(MASTER, "messages", _all_took_it, "every V-TCF has taken it")


def _all_took_it(rows: list[dict[str, object]]) -> bool:
    found = [row["recipients"] for row in rows if row["roles"] == ["G"]]
    recipients = found[-1] if found else []
    assert isinstance(recipients, list)
    took = {row["peer"] for row in recipients if row["result"] == "accepted"}
    return took == {domain(1), domain(2), domain(4)}


async def _text(stage: Stage, sender: str, reader: str, text: str, charset: str = "utf-8") -> str:
    """Send it until the reader has it and the sender knows."""
    msgid = stage[sender].text(stage[reader].uri, text, charset=charset)
    await stage.until(lambda: stage[sender].heard("delivered") is not None, f"{sender} knows that it came")
    event = stage[reader].heard("message")
    stage.expect(event.text if event else "", text, f"what {reader} read")
    await stage.until_quiet()
    await stage.pause(LOOK)
    return msgid
