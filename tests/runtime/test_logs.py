"""Log lines: one an event, whatever stands in it."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from opentcf.runtime.logs import configure_logs
from opentcf.runtime.mask import Mask


@pytest.fixture(autouse=True)
def undo():
    yield
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def lines(level: str, style: str, log) -> list[str]:
    stream = io.StringIO()
    configure_logs(level, style, Mask(), stream)
    log(structlog.get_logger())
    return stream.getvalue().splitlines()


def test_key_value():
    (line,) = lines(
        "info",
        "text",
        lambda log: log.info(
            "call", id="abc", state="up", code=200, peer=None, ok=True, legs=["a"], name="A B", x=""
        ),
    )
    timestamp, _, rest = line.partition(" ")
    assert timestamp.startswith("timestamp=20")
    assert rest == (
        'level=info event=call id=abc state=up code=200 peer=null ok=true legs="[\\"a\\"]" name="A B" x=""'
    )


def test_json():
    (line,) = lines("info", "json", lambda log: log.warning("peer", peer="core2.example", state="down"))
    fields = json.loads(line)
    assert list(fields) == ["timestamp", "level", "event", "peer", "state"]
    assert (fields["level"], fields["event"], fields["state"]) == ("warning", "peer", "down")


def test_levels():
    def log(logger):
        logger.debug("a")
        logger.info("b")
        logger.warning("c")
        logger.error("d")

    assert [line.rpartition("=")[2] for line in lines("warning", "text", log)] == ["c", "d"]
    assert len(lines("debug", "text", log)) == 4


@example("\u2028")
@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_foreign_text_breaks_no_line(text):
    for style in ("text", "json"):
        (line,) = lines("info", style, lambda log: log.info("x", value=text))
        assert not [c for c in line if ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
        line.encode()


def test_no_secret_in_a_log():
    (line,) = lines(
        "info", "text", lambda log: log.error("fault", message='Authorization: Digest response="cafe"')
    )
    assert "cafe" not in line


def test_what_libraries_say_comes_the_same_way():
    def log(_):
        logging.getLogger("some.library").info("nothing")
        logging.getLogger("some.library").warning("careful: %s", 1)
        try:
            raise LookupError("gone")
        except LookupError:
            logging.getLogger("asyncio").exception("oh")

    first, second = lines("info", "text", log)
    assert first.endswith('level=warning event=library source=some.library text="careful: 1"')
    assert second.endswith('level=error event=library source=asyncio text=oh error="LookupError: gone"')


def test_a_stderr_that_went_away_stops_nothing():
    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    configure_logs("info", "text", Mask(), Broken())
    structlog.get_logger().info("x")
