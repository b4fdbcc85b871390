"""The console as a person uses it: a real Chromium looks at the pages of real nodes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.interop.chromium import Chromium
from tests.interop.network import Core, Network, User, build, new_host
from tests.interop.programs import need, wait_until
from tests.interop.radio import Radio

pytestmark = pytest.mark.interop
ANN, BOB = User("1001", "core1.example"), User("2001", "core2.example")
GROUP = f"""\
[[group]]
number = "8001"
members = ["sip:{ANN.aor}", "sip:{BOB.aor}"]
"""
TOKENS = """\
[http.tokens]
chief = "secret-of-the-chief"

[http.readers]
wall = "secret-of-the-wall"
"""
PAGES = {
    "overview": "core2.example",
    "registrations": ANN.aor,
    "subscribers": "terminal",
    "groups": "8001",
    "groups/8001": BOB.aor,
    "calls": BOB.aor,
    "floors": ANN.aor,
    "messages": "delivered",
    "audit": "kick",
    "ladder": BOB.aor,
}
"""Each page, and what stands on it while Ann calls Bob and talks in the group."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Core 1 knows where the console of core 2 is."""
    two = build(tmp_path_factory.mktemp("console"), 2)
    two[1].more = GROUP
    console = f'heartbeat = 2.0\nconsole = "http://{two[2].host}:{two[2].http_port}"'
    two[1].peers = [replace(peer, more=console) for peer in two[1].peers]
    try:
        two.start()
        yield two
    finally:
        two.stop()


@pytest.fixture(scope="module")
def busy(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Ann calls Bob and talks in the call of their group; a text went over; somebody was kicked off."""
    folder = tmp_path_factory.mktemp("radios")
    gone = User("1002", "core1.example")
    radios = [Radio(folder, network[1], ANN), Radio(folder, network[2], BOB), Radio(folder, network[1], gone)]
    for radio in radios:
        radio.type("register")
        radio.hear("registered")
    ann, bob, _ = radios
    network[1].post(f"/api/v1/users/{gone.number}/kick")
    ann.type(f"text {BOB.aor} good evening")
    bob.hear("message")
    ann.hear("delivered")
    ann.type(f"call {BOB.aor}")
    ann.hear("up")
    ann.type("group 8001")
    ann.hear("granted")
    yield network
    for radio in radios:
        radio.type("quit")
        radio.program.stop()


def private_call(busy: Network) -> dict[str, Any]:
    return next(row for row in busy[1].items("calls") if row["called"] == BOB.aor)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    """It must have nothing to complain of."""
    need("chromium")
    made = Chromium(tmp_path / "chromium")
    try:
        yield made
        assert not made.errors, made.errors
    finally:
        made.close()


def go(browser: Chromium, core: Core, page: str) -> None:
    """Open a page of the console, and wait until it is the page that is shown."""
    browser.open(f"http://{core.host}:{core.http_port}/#/{page}")
    name = json.dumps("#/" + page.partition("/")[0])
    browser.until(f"document.querySelector('nav [aria-current=page]')?.getAttribute('href') === {name}")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_what_there_is(busy: Network, browser: Chromium, page: str) -> None:
    go(browser, busy[1], page)
    browser.sees(PAGES[page])


def test_it_speaks_chinese(busy: Network, browser: Chromium) -> None:
    go(browser, busy[1], "floors")
    browser.click("#language")
    browser.sees("话权")
    assert browser.run("document.documentElement.lang") == "zh-CN"


def test_a_search_is_answered_by_the_node(busy: Network, browser: Chromium) -> None:
    go(browser, busy[1], "subscribers")
    browser.sees("1002")
    browser.click("input[type=search]")
    browser.run("document.querySelector('input[type=search]').focus()")
    browser.type("1150")
    browser.until("document.querySelectorAll('main tbody tr').length === 1")
    browser.sees("1150")


def test_the_ladder_shows_the_call_on_both_sides(busy: Network, browser: Chromium) -> None:
    row = private_call(busy)
    go(browser, busy[1], f"ladder/{row['id']}")
    for column in (ANN.number, "core1.example", "core2.example", BOB.number):
        browser.until(
            f"[...document.querySelectorAll('.ladder title')].some(one => one.textContent === {json.dumps(column)})"
        )
    browser.click(".ladder .msg[aria-label*='core1.example → core2.example']", "INVITE")
    browser.sees("OnlineCallID", "aside")
    assert browser.run("document.querySelectorAll('.badge.warn').length") == 0, "no trace is missing"


def test_a_call_is_released_and_the_page_says_so(busy: Network, browser: Chromium) -> None:
    row = private_call(busy)
    go(browser, busy[1], "calls")
    browser.click(f"[data-key='calls/{row['id']}/release']")
    browser.click("dialog .danger")
    browser.until(f"!document.querySelector(\"[data-key='calls/{row['id']}/release']\")")
    wait_until(
        lambda: all(one["id"] != row["id"] for one in busy[2].items("calls")), "the call ended there too"
    )
    assert "call release" in [entry["action"] for entry in busy[1].items("audit")]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Core]:
    """A node that asks for a token."""
    core = Core("core9.example", new_host(), tmp_path / "core9", "9", more=TOKENS)
    core.start()
    yield core
    core.stop()


@pytest.mark.parametrize(("token", "acts"), [("secret-of-the-chief", True), ("secret-of-the-wall", False)])
def test_a_token_is_asked_for_and_a_reader_cannot_act(
    guarded: Core, browser: Chromium, token: str, acts: bool
) -> None:
    browser.open(f"http://{guarded.host}:{guarded.http_port}/#/subscribers")
    browser.until("document.activeElement?.id === 'token'")
    browser.type(token)
    browser.press("Enter")
    browser.sees("9001")
    assert browser.run("!document.querySelector('main .danger').disabled") is acts
    browser.errors.clear()  # Chromium itself calls the 401 an error
