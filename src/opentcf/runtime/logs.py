"""Logs: one line an event on stderr, `key=value` or JSON. Secrets are masked; a reader that went away is no error."""

import json
import logging
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from opentcf.runtime.mask import Mask

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_BARE = re.compile(r"[^\s=\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+\Z")


_kept: deque[str] = deque(maxlen=2000)
_LONGEST_KEPT = 4096


def recent() -> list[str]:
    """The latest lines, oldest first; a very long one was cut."""
    return list(_kept)


class _Lines:
    """Where lines go. A closed or broken stderr must not stop a node."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        _kept.append(line[:_LONGEST_KEPT])
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = msg


class _Foreign(logging.Handler):
    """What libraries log goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        error = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}" if record.exc_info else None
        fields = {"error": error} if error else {}
        getattr(structlog.get_logger(), level)(
            "library", source=record.name, text=record.getMessage(), **fields
        )


def configure_logs(level: str, style: str, mask: Mask, stream: TextIO | None = None) -> None:
    """From now on `structlog.get_logger()` writes so. `style` is "text" or "json"."""
    structlog.configure(
        processors=[
            _stamped,
            *((_masked(mask), _json) if style == "json" else (_text(mask),)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Lines(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)


def line_writer() -> Callable[[str, str, Mapping[str, Any]], None]:
    """What writes a line (level, event, fields) as logs are configured now, without a logger around each."""
    config = structlog.get_config()
    processors, lines = config["processors"], config["logger_factory"]()
    enabled = structlog.get_logger().bind().is_enabled_for

    def write(level: str, event: str, fields: Mapping[str, Any]) -> None:
        if enabled(LEVELS[level]):
            line: Any = {**fields, "event": event}
            for process in processors:
                line = process(None, level, line)
            lines.msg(line)

    return write


def _stamped(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """When, how grave and what come first."""
    seconds, micro = divmod(int(time() * 1e6), 1_000_000)
    stamp = f"{_iso(seconds)}.{micro:06}Z"
    return {"timestamp": stamp, "level": method, "event": event.pop("event"), **event}


@lru_cache(1)
def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _masked(mask: Mask) -> structlog.typing.Processor:
    def process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if isinstance(value, str) and "=" in value:
                event[key] = mask(value)
        return event

    return process


def _text(mask: Mask) -> structlog.typing.Processor:
    """Plain values, which most are, have no `=` and so nothing to mask."""
    bare = _BARE.match

    def process(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return " ".join(
            [
                f"{key}={value if type(value) is str and bare(value) else _shown(mask, value)}"
                for key, value in event.items()
            ]
        )

    return process


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return json.dumps(event, default=str)


def _shown(mask: Mask, value: object) -> str:
    """Bare where it is plain, else quoted with everything escaped that could break a line or a terminal."""
    if isinstance(value, str) and "=" in value:
        value = mask(value)
    if isinstance(value, str) and _BARE.match(value):
        return value
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    if _BARE.match(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", quoted)
