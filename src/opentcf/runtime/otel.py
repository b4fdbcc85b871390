"""Where spans go, and whether what sends them is installed: the extra `opentcf[otel]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")


@dataclass(frozen=True, slots=True)
class Otel:
    """A collector's address for OTLP over HTTP; `headers` may carry its token."""

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def is_installed() -> bool:
    """Is everything there that sends spans?"""
    try:
        return all(find_spec(name) is not None for name in NEEDED)
    except ModuleNotFoundError:
        return False
