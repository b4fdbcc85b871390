"""Bad ways to some hosts, as a file says; what it says may change at any time."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta, Struct

from opentcf.sip.outbox import Send
from opentcf.transport.interface import Sender, reason
from opentcf.transport.wrap.delay import Delay, Later
from opentcf.transport.wrap.duplicate import Duplicate
from opentcf.transport.wrap.loss import Loss

Rate = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=60.0)]

_log = structlog.get_logger()


class Way(Struct, forbid_unknown_fields=True):
    """What befalls datagrams on the way to a host: chances to be lost and doubled, and the least and the most seconds
    they take. `cut`: nothing passes, streams included."""

    loss: Rate = 0.0
    double: Rate = 0.0
    delay: tuple[Seconds, Seconds] = (0.0, 0.0)
    cut: bool = False


class Ways(Struct, forbid_unknown_fields=True):
    """The file: ways by the address they lead to. Chance begins anew with each file, from `seed` where it has one."""

    way: dict[str, Way] = {}
    seed: int | None = None


def read_ways(path: Path) -> Ways:
    """What the file says (TOML); without a file all ways are good. ValueError in one line when it cannot be read."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Ways)
    except FileNotFoundError:
        return Ways()
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{path}: {reason(error)}") from None


class Impair:
    """Looks at the file before each order: whoever replaces it (`os.replace`) changes the network at once.

    A file that cannot be read changes nothing.
    """

    def __init__(self, inner: Sender, path: Path, later: Later) -> None:
        self._inner = inner
        self._path = path
        self._later = later
        self._stamp: tuple[int, int] | None = None
        self._ways: Mapping[str, Sender | None] = {}

    def send(self, order: Send) -> None:
        """Pass the order on as the way to its host is; what is cut is forgotten."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._learn()
        way = self._ways.get(order.flow.host, self._inner)
        if way is not None:
            way.send(order)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _learn(self) -> None:
        try:
            said = read_ways(self._path)
        except ValueError as error:
            _log.warning("the network stays as it was", reason=str(error))
            return
        random = Random(said.seed)
        self._ways = {host: self._way(way, random) for host, way in said.way.items()}
        _log.info("the network is impaired", ways=len(self._ways))

    def _way(self, way: Way, random: Random) -> Sender | None:
        if way.cut:
            return None
        sender = self._inner
        if way.delay[1]:
            sender = Delay(sender, *way.delay, random, self._later)
        if way.double:
            sender = Duplicate(sender, way.double, random)
        return Loss(sender, way.loss, random) if way.loss else sender
