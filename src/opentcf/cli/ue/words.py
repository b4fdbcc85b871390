"""The words of a line, read; what cannot be read is said in one line."""

import socket

from opentcf.model.numbers import Aor, is_number
from opentcf.runtime.addresses import DEFAULT_PORTS, address
from opentcf.sip.outbox import Flow


class CommandError(Exception):
    """A command that cannot be carried out, or whose outcome did not come: one line."""


class UsageError(CommandError):
    """Its words are not those of the command."""


def number(text: str) -> str:
    """A number, or number@domain, as it is dialled."""
    found = text.removeprefix("sip:").removeprefix("tel:")
    if not is_number(found.partition("@")[0]):
        raise CommandError(f"{text!r} is neither a number nor number@domain")
    return found


def identity(text: str, domain: str) -> Aor:
    """The same as a user or group; a bare number is one of `domain`."""
    found = number(text)
    try:
        return Aor.parse(found) if "@" in found else Aor(found, domain)
    except ValueError as error:
        raise CommandError(str(error)) from None


def take(words: list[str], *choices: str) -> str:
    """Which of these words is said; it is taken away. Empty when none is."""
    for word in words:
        if word.lower() in choices:
            words.remove(word)
            return word.lower()
    return ""


def only(words: list[str]) -> str:
    """The one word that is left."""
    if len(words) != 1:
        raise UsageError
    return words[0]


def seconds(text: str) -> float:
    """A while."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e6:
        raise CommandError(f"{text!r} is no number of seconds")
    return found


def proxy_address(text: str) -> Flow:
    """The D address of a TCF; ValueError says what is wrong with it."""
    where = address(text)
    if where.transport != "udp":
        raise ValueError(f"{text!r}: this terminal speaks UDP only; write udp:HOST:PORT")
    port = DEFAULT_PORTS["udp"] if where.port is None else where.port
    try:
        found = socket.getaddrinfo(where.host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise ValueError(f"{text!r}: {error.strerror or error}") from None
    return Flow("d", "udp", str(found[0][4][0]), port)
