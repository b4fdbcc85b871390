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
ANN, BOB, GONE = User("1001", "core1.example"), User("2001", "core2.example"), User("1002", "core1.example")
DAN = User("2003", "core2.example")
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
WEIGHT = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
)


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
def radios(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Radio]]:
    """Those of Ann, of Bob, of who will be kicked off, and of Dan."""
    folder = tmp_path_factory.mktemp("radios")
    where = {ANN: 1, BOB: 2, GONE: 1, DAN: 2}
    all_of_them = [Radio(folder, network[core], user) for user, core in where.items()]
    for radio in all_of_them:
        radio.type("register")
        radio.hear("registered")
    yield all_of_them
    for radio in all_of_them:
        radio.type("quit")
        radio.program.stop()


@pytest.fixture(scope="module")
def busy(network: Network, radios: list[Radio]) -> Network:
    """Ann calls Bob and talks in the call of their group; a text went over; somebody was kicked off."""
    ann, bob, *_ = radios
    network[1].post(f"/api/v1/users/{GONE.number}/kick")
    ann.type(f"text {BOB.aor} good evening")
    bob.hear("message")
    ann.hear("delivered")
    ann.type(f"call {BOB.aor}")
    ann.hear("up")
    ann.type("group 8001")
    ann.hear("granted")
    return network


def private_call(busy: Network) -> dict[str, Any]:
    return next(row for row in busy[1].items("calls") if row["called"] == BOB.aor)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    need("chromium")
    made = Chromium(tmp_path_factory.mktemp("chromium"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Chromium]:
    """It remembers nothing, and must have nothing to complain of."""
    chromium.open("about:blank")
    chromium.tell("Storage.clearDataForOrigin", origin="*", storageTypes="all")
    chromium.errors.clear()
    yield chromium
    assert not chromium.errors, chromium.errors


def go(browser: Chromium, core: Core, page: str) -> None:
    """Open a page of the console, and wait until it is the page that is shown."""
    browser.open(f"http://{core.host}:{core.http_port}/#/{page}")
    name = json.dumps("#/" + page.partition("/")[0])
    browser.until(f"document.querySelector('nav [aria-current=page]')?.getAttribute('href') === {name}")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_what_there_is(busy: Network, browser: Chromium, page: str) -> None:
    go(browser, busy[1], page)
    browser.sees(PAGES[page])
    assert browser.run(WEIGHT) < 300_000, "bytes before compression"


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


def open_ladder(browser: Chromium, busy: Network, call: str) -> None:
    go(browser, busy[1], f"ladder/{call}")
    browser.sees(BOB.number, ".ladder")


def clocks(browser: Chromium) -> list[str]:
    return list(browser.run("[...document.querySelectorAll('.msg .clock')].map(one => one.textContent)"))


def test_the_ladder_has_three_clocks(busy: Network, browser: Chromium) -> None:
    open_ladder(browser, busy, private_call(busy)["id"])
    times = {}
    for name in ("absolute", "relative", "delta"):
        browser.click(f"[data-key={name}]")
        browser.until(f"document.querySelector('[data-key={name}]').getAttribute('aria-pressed') === 'true'")
        times[name] = clocks(browser)
    assert times["relative"][0] == "0.0000"
    assert all(one.startswith("+") for one in times["delta"][1:])
    assert all(one.count(":") == 2 for one in times["absolute"])
    since_start = sum(float(one) for one in times["delta"])
    assert since_start == pytest.approx(float(times["relative"][-1]), abs=0.01), "rounded one by one"


def test_a_request_and_its_answers_have_one_colour(busy: Network, browser: Chromium) -> None:
    open_ladder(browser, busy, private_call(busy)["id"])
    told = "[one.getAttribute('aria-label').split(' ').slice(1, 5).join(' '), one.classList[1]]"
    hops = "core1.example → core2.example"
    rows = browser.run(f"[...document.querySelectorAll('.msg')].map(one => {told})")
    there = {colour for said, colour in rows if said == f"{hops} INVITE"}
    back = {colour for said, colour in rows if said == "core2.example → core1.example 200"}
    assert len(there) == 1
    assert there <= back
    assert len({colour for _, colour in rows}) > 2


def test_two_messages_are_compared(busy: Network, browser: Chromium) -> None:
    open_ladder(browser, busy, private_call(busy)["id"])
    browser.click(f".msg[aria-label*='{ANN.number} → core1.example']", "INVITE")
    browser.click("aside [data-key=compare]")
    browser.click(".msg[aria-label*='core1.example → core2.example']", "INVITE")
    browser.sees("P-Asserted-Identity", "dialog .diff")
    added = "[...document.querySelectorAll('dialog .plus')].map(one => one.textContent.split(':')[0])"
    assert "P-Asserted-Identity" in browser.run(added), "a TCF says who it is"
    browser.click("dialog button")
    browser.until("!document.querySelector('dialog')")


def test_the_floor_lane_of_a_group_call_stands_above_its_ladder(busy: Network, browser: Chromium) -> None:
    (row,) = busy[1].items("floors")
    open_ladder(browser, busy, row["id"])
    browser.until("document.querySelectorAll('.lane-picture .talk').length === 1")
    browser.sees(ANN.number, ".lane-picture")
    top = "document.querySelector('{}').getBoundingClientRect().top"
    assert browser.run(top.format(".lane-picture")) < browser.run(top.format(".ladder"))


@pytest.mark.parametrize(
    ("kind", "ending", "begin"),
    [
        ("SVG", "svg", b"<svg"),
        ("HTML", "html", b"<!doctype html>"),
        ("Mermaid", "mmd", b"sequenceDiagram"),
        ("pcapng", "pcapng", b"\x0a\x0d\x0d\x0a"),
    ],
)
def test_a_ladder_is_saved(
    busy: Network, browser: Chromium, tmp_path: Path, kind: str, ending: str, begin: bytes
) -> None:
    call = private_call(busy)["id"]
    open_ladder(browser, busy, call)
    browser.tell("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.click(f"[data-key={kind}]")
    saved = tmp_path / f"{call}.{ending}"
    wait_until(saved.exists, f"{saved.name} is saved")
    assert saved.read_bytes().startswith(begin)


def test_the_keyboard_goes_through_a_ladder(busy: Network, browser: Chromium) -> None:
    open_ladder(browser, busy, private_call(busy)["id"])
    browser.run("document.querySelector('.msg').focus()")
    browser.press("ArrowDown")
    chosen = "document.querySelectorAll('.msg')[1] === document.activeElement"
    assert browser.run(chosen)
    browser.press("Enter")
    browser.sees("Call-ID", "aside")
    browser.press("Escape")
    browser.until("document.querySelector('aside').hidden")
    assert browser.run(chosen), "back where he was"


def test_light_and_dark_stay_as_chosen(busy: Network, browser: Chromium) -> None:
    theme = "document.documentElement.dataset.theme"
    go(browser, busy[1], "calls")
    browser.until(f"{theme} === 'light'")
    light = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.click("#theme")
    browser.until(f"{theme} === 'dark'")
    assert browser.run("getComputedStyle(document.body).backgroundColor") != light
    browser.open("about:blank")
    go(browser, busy[1], "calls")
    assert browser.run(theme) == "dark"


def test_many_visits_leave_no_connection_behind(busy: Network, browser: Chromium) -> None:
    """A browser opens six to a node: the seventh page would wait for ever."""
    for _ in range(8):
        browser.open("about:blank")
        go(browser, busy[1], "calls")
        browser.sees(BOB.aor)


def test_a_call_is_followed_from_invite_to_bye(busy: Network, browser: Chromium, radios: list[Radio]) -> None:
    *_, gone, dan = radios
    gone.type("register")
    gone.hear("registered")
    go(browser, busy[1], "ladder")
    gone.type(f"call {DAN.aor}")
    dan.hear("incoming")
    (call,) = [row["id"] for row in busy[1].items("calls") if row.get("caller") == GONE.aor]
    browser.click("main a", call)
    browser.sees("INVITE", ".ladder")
    browser.sees("180", ".ladder")
    gone.type("hangup")
    browser.sees("BYE", ".ladder")


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
