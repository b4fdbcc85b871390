"""What the prompt says of a line that it cannot carry out."""

import asyncio
from pathlib import Path

import pytest

from opentcf.cli.ue.desk import VERBS, obey
from opentcf.cli.ue.printer import Printer, _line
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.words import CommandError
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import open_radio
from opentcf.terminal import Event

USER = Aor("1001", "core1.example")


async def refusal(line: str) -> str:
    """Of a terminal that never registered."""
    radio = await open_radio(USER, "secret", ("127.0.0.1", 9))
    printer = Printer(USER, as_json=False, no_color=True, prompts=False)
    try:
        await obey(Session(radio, printer), line)
    except CommandError as error:
        return str(error)
    finally:
        radio.close()
    return ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stun", "usage: stun NUMBER[@DOMAIN]"),
        ("kill 1 2", "usage: kill NUMBER[@DOMAIN]"),
        ("regroup 8901", "usage: regroup create|add"),
        ("regroup make 8901", "usage: regroup create|add"),
        ("dismantle 1001", "usage: dismantle NUMBER[@DOMAIN] ID"),
        ("call 1002 loudly", "usage: call NUMBER[@DOMAIN] [audio+video|video]"),
        ("call 1002 half half", "usage: call"),
        ("push group", "usage: push [group] NUMBER[@DOMAIN]"),
        ("media loud", "usage: media [CALL] audio|"),
        ("media video", "there is no call that is up"),
        ("forward 1001 any", "usage: forward"),
        ("forward 1001 any group", "usage: forward"),
        ("insert 1001", "usage: insert NUMBER[@DOMAIN] ID"),
        ("listen core1 x", "'core1' is neither a number nor number@domain"),
        ("insert 1001@ x", "'1001@' is not number@domain"),
        ("handover tcp:127.0.0.1:5070", "'tcp:127.0.0.1:5070': this terminal speaks UDP only"),
        ("wait for", "usage: wait registered|"),
        ("sleep well", "'well' is no number of seconds"),
        ("withdraw", "there is no call that is up"),
        ("forwrd", "there is no 'forwrd'; did you mean 'forward'?"),
    ],
)
def test_what_cannot_be_read_is_said(line, says):
    assert asyncio.run(refusal(line)).startswith(says)


@pytest.mark.parametrize("line", ["", "   ", "# a remark"])
def test_nothing_to_do(line):
    assert asyncio.run(refusal(line)) == ""


def test_every_command_of_the_prompt_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
    assert [name for name in VERBS if f"`{name}" not in page] == []


def test_what_nobody_answered_is_no_refusal():
    event = Event("refused", None, 408, "no answer from udp:127.0.0.1:9")
    assert _line(event, None).plain == "● no answer from udp:127.0.0.1:9"
