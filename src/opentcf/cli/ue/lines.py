"""Where commands come from: a script, or whatever stdin is."""

import asyncio
import os
import sys

Lines = asyncio.Queue[str | None]
"""None at the end."""


def scripted(lines: list[str]) -> Lines:
    """All of them at once."""
    queue: Lines = asyncio.Queue()
    for line in lines:
        queue.put_nowait(line)
    queue.put_nowait(None)
    return queue


def typed() -> Lines:
    """Lines of stdin, from a terminal, a pipe or a file."""
    queue: Lines = asyncio.Queue()
    loop, source, left = asyncio.get_running_loop(), sys.stdin.fileno(), bytearray()

    def read() -> None:
        data = os.read(source, 65_536)
        left.extend(data)
        *lines, rest = left.split(b"\n")
        for line in lines:
            queue.put_nowait(line.decode("utf-8", "replace"))
        left[:] = rest
        if not data:
            loop.remove_reader(source)
            queue.put_nowait(left.decode("utf-8", "replace"))
            queue.put_nowait(None)

    try:
        loop.add_reader(source, read)
    except PermissionError:  # a regular file cannot be waited for; it is all there
        text = b"".join(iter(lambda: os.read(source, 65_536), b"")).decode("utf-8", "replace")
        return scripted(text.splitlines())
    return queue
