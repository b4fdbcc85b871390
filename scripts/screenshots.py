"""Takes the pictures of docs/images from the demonstration: `python -m scripts.screenshots` (needs Chromium)."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.interop.chromium import Chromium
from tests.interop.programs import wait_until

from opentcf.cli.demo.visitor.page import HOST, PORT

FOLDER = Path(__file__).parent.parent / "docs" / "images"
CONSOLE = "http://127.0.1.1:8060"
JOIN = f"http://{HOST}:{PORT}/"
PATIENCE = 180.0
SIZE = 1280, 720
SOME_EVENTS = "document.querySelectorAll('.events .badge').length > 2"
SHOWN = ("call-4", "group-roaming", "floor-queue", "handover-talker")


@contextmanager
def demonstration(folder: Path) -> Iterator[None]:
    """It plays for as long as pictures are taken."""
    command = [sys.executable, "-m", "opentcf.cli", "demo", "--json", "--dir", str(folder / "demo")]
    for key in SHOWN:
        command += ["--only", key]
    with (folder / "demo.out").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: answers(JOIN), "the demonstration plays", PATIENCE)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def items(name: str) -> list[dict[str, Any]]:
    """A list of the API."""
    return list(httpx.get(f"{CONSOLE}/api/v1/{name}", timeout=5).json()["items"])


def first(rows: Callable[[], list[dict[str, Any]]], what: str) -> dict[str, Any]:
    """The first row there is, as soon as there is one."""
    found: list[dict[str, Any]] = wait_until(rows, what, PATIENCE)
    return found[0]


def show(browser: Chromium, page: str, *, chinese: bool = False, dark: bool = False) -> None:
    """A page of the console in a language and a theme."""
    browser.open(f"{CONSOLE}/#/overview")
    browser.sees("core2.example")
    settings = {"language": "zh" if chinese else "en", "theme": "dark" if dark else "light"}
    browser.run(
        f"Object.entries({json.dumps(settings)}).forEach(([key, value]) => localStorage.setItem(key, value))"
    )
    browser.open("about:blank")
    browser.open(f"{CONSOLE}/#/{page}")
    browser.until("document.querySelector('nav a') !== null")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, demonstration(Path(name)):
        browser = Chromium(Path(name) / "chromium", *SIZE)
        try:
            pictures(browser)
            assert not browser.errors, browser.errors
        finally:
            browser.close()


def pictures(browser: Chromium) -> None:
    """One after the other, as the demonstration comes to it."""
    call = first(lambda: [row for row in items("calls") if row["type"] == 1], "a private call")
    show(browser, "overview")
    browser.sees(call["called"])
    browser.until(SOME_EVENTS, PATIENCE)
    take(browser, "overview")
    floor = first(lambda: [row for row in items("floors") if row["queue"]], "somebody waits for the floor")
    show(browser, "overview", chinese=True, dark=True)
    browser.sees(floor["group"])
    browser.until(SOME_EVENTS, PATIENCE)
    take(browser, "overview-zh-dark")
    show(browser, f"ladder/{call['id']}")
    browser.click(".msg[aria-label*='.example → core']", "INVITE")
    browser.sees("OnlineCallID", "aside")
    browser.run("document.querySelector('.ladder').scrollTop = 0")
    browser.run("document.querySelector('.params').scrollIntoView({block: 'end'})")
    take(browser, "ladder")
    show(browser, f"ladder/{floor['id']}", chinese=True)
    browser.until("document.querySelectorAll('.lane-picture .talk').length > 1")
    take(browser, "floor-lane-zh")
    show(browser, f"ladder/{floor['id']}", dark=True)
    browser.until("document.querySelectorAll('.lane-picture .talk').length > 1")
    take(browser, "floor-lane-dark")
    join(browser)
    take(browser, "join-in")


def join(browser: Chromium) -> None:
    """The visitor tries everything, and talks in his group in the end."""
    browser.open(JOIN)
    browser.sees("registered", "#state")
    browser.run("document.querySelector('#text').value = 'Good morning'")
    browser.click("[data-verb=text]")
    browser.sees("2200: Good morning", "#log")
    browser.click("[data-verb=call]")
    browser.sees("up", "#state")
    browser.sees("Ladder", "#links")
    browser.click("[data-verb=hang_up]")
    browser.sees("no call", "#state")
    browser.run("document.querySelector('#core').value = '3'")
    browser.click("#move")
    browser.sees("TCF 3 · registered", "#state")
    browser.click("[data-verb=group]")
    browser.sees("you talk", "#state")
    talk(browser, "pointerdown")
    talk(browser, "pointerup")
    browser.sees("2200 talks", "#state")
    talk(browser, "pointerdown")
    browser.sees("you wait, place 1", "#state")
    browser.sees("you talk", "#state")


def talk(browser: Chromium, what: str) -> None:
    """Hold the button, or let it go."""
    event = f"new PointerEvent('{what}', {{bubbles: true}})"
    browser.run(f"document.querySelector('#talk').dispatchEvent({event})")


def take(browser: Chromium, name: str) -> None:
    time.sleep(0.5)  # for the eye: fonts and the first live updates
    browser.picture(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
