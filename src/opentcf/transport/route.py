"""Which of our addresses the kernel would speak from: a node with two networks must name the right one."""

import socket
import time
from collections.abc import Sequence

REMEMBERED_SECONDS = 1.0
"""How long an answer of the kernel is believed: routes change when a link goes down."""

_MOST_KNOWN = 10_000


class Routes:
    """Asks the kernel's routing table, rarely."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}

    def best(self, host: str, ours: Sequence[str]) -> str:
        """Of our addresses the one on the way to `host`; the first one where the way begins elsewhere."""
        if len(ours) == 1:
            return ours[0]
        source = self._source(host)
        return source if source in ours else ours[0]

    def _source(self, host: str) -> str:
        known, until = self._known.get(host, ("", 0.0))
        now = time.monotonic()
        if until > now:
            return known
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        source = local_address(host)
        self._known[host] = (source, now + REMEMBERED_SECONDS)
        return source


def local_address(host: str) -> str:
    """The address that a datagram to `host` would leave from; "" when there is no way. Sends nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
