"""The console of a busy node in a real Chromium: how long until a page shows its rows, and what it weighs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.interop.chromium import Chromium

from bench import sipp
from bench.processes import SIPP_CORE, Program, host, wait_until
from bench.servers import CALLED_AT, CALLED_TCF, CALLER_AT, CALLER_TCF, OpenTcf, domain, number

REGISTERED, CALLS = 10_000, 500
RATE = 400.0
PORT = 8060
PAGES = ("overview", "registrations", "subscribers", "calls", "ladder")
ROWS = "document.querySelectorAll('main tbody tr td:nth-child(2)').length"
WEIGHT = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
)


class Look(NamedTuple):
    """A page: rows on it, milliseconds until they are there, bytes before compression."""

    page: str
    rows: int
    milliseconds: float
    weight: int


def measure(folder: Path, rounds: int) -> list[Look]:
    """Each page, opened anew; the median of the rounds."""
    shutil.rmtree(folder, ignore_errors=True)
    with busy(folder):
        browser = Chromium(folder / "chromium")
        try:
            found = [[_look(browser, page) for page in PAGES] for _ in range(rounds)]
            searched = [_search(browser) for _ in range(rounds)]
        finally:
            browser.close()
    looks = [
        sorted(looks, key=lambda look: look.milliseconds)[rounds // 2] for looks in zip(*found, strict=True)
    ]
    return [*looks, sorted(searched, key=lambda look: look.milliseconds)[rounds // 2]]


@contextmanager
def busy(folder: Path) -> Iterator[None]:
    """A node with so many registrations and calls."""
    api = f'\n[http]\nlisten = "{host(1)}:{PORT}"\n'
    node = OpenTcf(folder, 1, users=REGISTERED, more=api)
    running: list[Program] = [*node.programs]
    try:
        rows = [(number(1, index), domain(1), CALLED_TCF) for index in range(1, REGISTERED + 1)]
        users = sipp.write_users(folder / "registering.csv", rows)
        load = sipp.load(folder, CALLED_AT, "register", node.entry, users, RATE, REGISTERED)
        running.append(sipp.answering(folder, CALLED_AT))
        pairs = [(f"9{n:04}@{CALLER_TCF}", f"{number(1, n)}@{domain(1)}") for n in range(1, CALLS + 1)]
        sipp.write_users(folder / "users.csv", pairs)
        line = [*sipp.command("call_standing", CALLER_AT), "-inf", str(folder / "users.csv"), "-r", "100"]
        line += ["-m", str(CALLS), "-l", str(CALLS), "-d", "600000", node.entry]
        running.append(Program("standing", line, folder, SIPP_CORE, {"TERM": "dumb"}))
        wait_until(lambda: node.programs[0].output.count("state=up") >= CALLS, f"{CALLS} calls stand")
        if load.succeeded != REGISTERED:
            raise RuntimeError(f"{load.succeeded} users registered, not {REGISTERED}")
        yield
    finally:
        for program in running:
            program.stop()


def _open(browser: Chromium, page: str) -> float:
    """Milliseconds until its rows are there."""
    browser.open("about:blank")
    browser.open(f"http://{host(1)}:{PORT}/#/{page}")
    browser.until(f"location.href !== 'about:blank' && {ROWS} > 0")
    return float(browser.run("performance.now()"))


def _look(browser: Chromium, page: str) -> Look:
    milliseconds = _open(browser, page)
    return Look(page, browser.run(ROWS), milliseconds, browser.run(WEIGHT))


def _search(browser: Chromium) -> Look:
    """From the last key to the one row that is left."""
    _open(browser, "registrations")
    browser.run("document.querySelector('input[type=search]').focus()")
    began = browser.run("performance.now()")
    browser.type(number(1, REGISTERED))
    browser.until(f"{ROWS} === 1")
    return Look("registrations, searched", 1, browser.run("performance.now()") - began, browser.run(WEIGHT))


def report(looks: list[Look]) -> str:
    """The table of docs/performance.md."""
    rows = [
        f"| {look.page} | {look.rows} | {look.milliseconds:.0f} ms | {look.weight / 1000:.0f} KB |"
        for look in looks
    ]
    return "\n".join(
        [
            f"## Console, {REGISTERED} registrations and {CALLS} calls\n",
            "| page | rows | until they are there | bytes before compression |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
        ]
    )
