"""The configuration as others may see it, and the secrets that must be in nothing that leaves."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from opentcf.runtime.config import Config
from opentcf.runtime.document import ConfigError, Document

SECRET_KEYS = frozenset(("password", "ha1_md5", "ha1_sha256", "token", "console_token", "hep_key"))
SECRET_TABLES = frozenset(("tokens", "readers", "headers"))
"""Tables whose values are secrets, whatever their keys."""
STARS = "***"
SHORTEST = 6
"""Bytes of a secret that is looked for outside the configuration; a shorter one would be found everywhere."""
_IN_URL = re.compile(r"(?<=:)[^:/@\s]+(?=@)")
_WORD = re.compile(rb"[^\x00-\x20\x7f\"'=;,:/@?&|<>(){}\[\]\\]{%d,}" % SHORTEST)


def masked_configuration(path: Path) -> dict[str, Any]:
    """The file as it is now, its secrets replaced by stars; what is wrong with it when it cannot be read."""
    try:
        found: dict[str, Any] = _masked(Document(path).raw)
    except ConfigError as error:
        return {"error": str(error)}
    return found


def secrets(config: Config) -> frozenset[bytes]:
    """All that the node knows from its configuration, as it runs and as the file says now."""
    found = {ha1 for user in config.settings.subscribers for ha1 in (user.ha1 or {}).values()}
    if config.http is not None:
        found |= {*config.http.tokens.values(), *config.http.readers.values()}
    found |= {one.token for one in config.consoles.values() if one.token is not None}
    found |= {config.homer.key} if config.homer is not None else set()
    found |= set(config.otel.headers.values()) if config.otel is not None else set()
    with suppress(ConfigError):
        found |= set(_secrets(Document(config.path).raw))
    return frozenset(word for secret in found for word in _WORD.findall(secret.encode()))


def scrubbed(data: bytes, known: frozenset[bytes]) -> bytes:
    """With stars in the place of every secret; it stays as long as it was."""
    return _WORD.sub(lambda found: b"*" * len(found[0]) if found[0] in known else found[0], data)


def _masked(value: Any, secret: bool = False) -> Any:
    match value:
        case dict():
            inside = {key: secret or key in SECRET_KEYS or key in SECRET_TABLES for key in value}
            return {key: _masked(inner, inside[key]) for key, inner in value.items()}
        case list():
            return [_masked(inner, secret) for inner in value]
        case str():
            return STARS if secret else _IN_URL.sub(STARS, value) if "://" in value else value
    return STARS if secret else value


def _secrets(value: Any, secret: bool = False) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _secrets(inner, secret or key in SECRET_KEYS or key in SECRET_TABLES)
        case list():
            for inner in value:
                yield from _secrets(inner, secret)
        case str() if secret:
            yield value
        case str() if "://" in value:
            yield from _IN_URL.findall(value)
