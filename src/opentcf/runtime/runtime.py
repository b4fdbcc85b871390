"""A node in its shell: store, sockets, tick loop, peers' names; from start to leave, with reloads in between."""

import asyncio
import gc
import os
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from functools import partial
from time import monotonic
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry

from opentcf.node.node import Node
from opentcf.node.orders import Notice, Save
from opentcf.node.settings import Settings, Side
from opentcf.runtime.call_records import RECORD, CallRecords, Sink
from opentcf.runtime.certificates import Certificates
from opentcf.runtime.clock import boot_id, settle_clock
from opentcf.runtime.config import Config, ConfigError, load_config
from opentcf.runtime.events import Events, beside
from opentcf.runtime.hep import HepSender
from opentcf.runtime.ids import SystemIds
from opentcf.runtime.logs import line_writer
from opentcf.runtime.loop import TickLoop
from opentcf.runtime.mask import Mask
from opentcf.runtime.metrics import registry
from opentcf.runtime.peer_names import PeerNames, certificate_names, is_complete
from opentcf.runtime.record_files import RecordFile
from opentcf.runtime.spans import Spans
from opentcf.runtime.trace import Trace
from opentcf.sip.uri import join_host_port
from opentcf.store import Store, StoreError, open_store
from opentcf.transport.interface import ListenError, Sender
from opentcf.transport.literal import is_literal
from opentcf.transport.resolve import Resolver
from opentcf.transport.sockets import Sockets

_LEVELS = {
    "not_a_peer": "warning",
    "overload": "warning",
    "peer_address": "warning",
    "peer_lost_state": "warning",
    "wrong_password": "warning",
    "fault": "error",
}
"""How grave a notice is that is more than news."""

_log = structlog.get_logger()


class Paces(NamedTuple):
    """How long things take at most, and how often they are looked at, in seconds."""

    leave: float = 5.0
    """Open transactions have so long to end when the node leaves."""
    names: float = 60.0
    """Host names of peers are looked up again."""
    missing_names: float = 10.0
    """The same while one has no address."""
    certificates: float = 10.0
    """The files of `[tls]` are looked at."""


class Runtime:
    """One running TCF. StoreError and ListenError leave `start`; later failures end up in `loop.stopped`.

    `wrap` may put a decorator of `transport.wrap` around what sends.
    """

    def __init__(
        self,
        config: Config,
        resolver: Resolver | None = None,
        wrap: Callable[[Sender], Sender] = lambda inner: inner,
        paces: Paces = Paces(),  # noqa: B008 - immutable
    ) -> None:
        self.config = config
        self._started = config
        self.mask = Mask(config.settings.peers)
        self.trace = Trace(config.trace_bytes, config.settings.peers)
        self.events = Events(SystemIds().token())
        self.settings = config.settings
        self.loop: TickLoop
        self.metrics: CollectorRegistry
        self._resolver = resolver or Resolver()
        self._wrap = wrap
        self._paces = paces
        self._certificates = Certificates(os.environ.get("SSLKEYLOGFILE"))
        self._names = PeerNames(self._resolver)
        self._sockets: Sockets
        self._stack = AsyncExitStack()
        self._reloading = asyncio.Lock()

    async def start(self) -> None:
        """Open, bind, load, serve. When it fails nothing stays open."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()

    async def leave(self) -> None:
        """Take no new calls, and wait (not for ever) until no transaction is open."""
        reply = await self.loop.ask("leave", seconds=self._paces.leave, who="signal")
        if reply.error:
            _log.warning("left with open transactions", after=self._paces.leave)

    async def close(self) -> None:
        """Stop and let go of everything."""
        self.loop.end()
        await self._stack.aclose()

    async def reload(self) -> None:
        """Read the configuration again; where it is wrong, go on with the old one."""
        async with self._reloading:
            try:
                config = load_config(self.config.path)
            except ConfigError as error:
                _log.error("reload refused, the old configuration stays", reason=str(error))
                return
            if config.settings.domain != self.settings.domain:
                _log.error(
                    "reload refused, the old configuration stays", reason="a new domain needs a restart"
                )
                return
            for key in needs_restart(self._started, config):
                _log.warning("needs a restart to take effect", key=key)
            self.config = replace(config, http=self.config.http)
            self._renew_certificates()
            await self._configure("signal")
            _log.info("reloaded", peers=len(self.settings.peers), subscribers=len(self.settings.subscribers))

    def where(self) -> str:
        """The listeners of both sides with their real ports, as `tc2=… d=…`."""
        sides = (("tc2", self.settings.tc2), ("d", self.settings.d))
        return " ".join(f"{name}={','.join(_shown(side))}" for name, side in sides if side.listen)

    # --- inside

    async def _start(self, stack: AsyncExitStack) -> None:
        config = self.config
        store = open_store(config.store_url, config.base)
        stack.callback(store.close)
        snapshot = store.load()
        tls = self._certificates.load(config.tls)
        if tls is not None and self._certificates.key_log:
            _log.warning(
                "SSLKEYLOGFILE: the keys of all connections are written", file=self._certificates.key_log
            )
        self._sockets = Sockets(self._resolver, config.settings.limits.max_message, tls)
        stack.push_async_callback(self._sockets.close)
        bound = _bind(self._sockets, config.settings)
        self.settings = await self._names.settle(bound, config.portless)
        self._sockets.expect(certificate_names(self.settings))
        node = Node(self.settings, SystemIds())
        now = monotonic()
        wall, clock = settle_clock(snapshot, now, boot_id())
        store.commit([clock])
        node.load(snapshot, now, wall)
        self.records = CallRecords(_sinks(config, stack), partial(_forget, store))
        waiting = self.records.gauge
        self.metrics = registry(
            node.meters, lambda: {**node.gauges(), ("opentcf_call_records_waiting", ()): waiting()}
        )
        notice = beside(notice_log(), self.events.add, self.records.add)
        self.loop = TickLoop(node, store, self._wrap(self._sockets), self.trace, notice)
        await self._sockets.start(self.loop)
        for watch in (self._watch_names(), self._watch_certificates()):
            stack.callback(asyncio.create_task(watch).cancel)
        self._copy(stack)
        if config.settings.records:
            self.records.start(snapshot.get(RECORD, {}))
            stack.push_async_callback(self.records.close)
        self.loop.begin()
        calm_collector()

    def _copy(self, stack: AsyncExitStack) -> None:
        """Send copies of the trace where the configuration wants them."""
        if self.config.homer is not None:
            sender = HepSender(self.config.homer, self.settings.domain, self.trace, self.mask)
            stack.push_async_callback(sender.close)
            sender.start()

    async def _configure(self, who: str) -> None:
        """Hand the node what the configuration and the names say now, if that is new."""
        bound = replace(self.config.settings, tc2=self.settings.tc2, d=self.settings.d)
        settings = await self._names.settle(bound, self.config.portless)
        if settings == self.settings:
            return
        self.mask.learn(settings.peers)
        self.trace.learn(settings.peers)
        self.settings = settings
        self._sockets.expect(certificate_names(settings))
        await self.loop.ask("reload", {"settings": settings}, who=who)

    def _renew_certificates(self) -> None:
        """For what connects from now on; where they do not fit the old ones stay."""
        try:
            tls = self._certificates.load(self.config.tls)
        except ListenError as error:
            _log.error("certificates refused, the old ones stay", reason=str(error))
            return
        if tls is not None:
            self._sockets.renew(tls)
            _log.info("certificates read", file=str(self.config.tls.certificate))

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(self._paces.certificates)
            if self._certificates.changed():
                async with self._reloading:
                    self._renew_certificates()

    async def _watch_names(self) -> None:
        while True:
            paces = self._paces
            await asyncio.sleep(paces.names if is_complete(self.settings) else paces.missing_names)
            peers = self.config.settings.peers
            if any(not is_literal(host) for peer in peers for _, host, _ in peer.ways):
                async with self._reloading:
                    await self._configure("node")


def notice_log() -> Callable[[Notice], None]:
    """What writes one line a notice."""
    write = line_writer()

    def log(notice: Notice) -> None:
        if notice.name != RECORD:
            write(_LEVELS.get(notice.name, "info"), notice.name, notice.fields)

    return log


def _sinks(config: Config, stack: AsyncExitStack) -> list[Sink]:
    """All that want call records; they are closed after the last of them."""
    found: list[Sink] = []
    if config.records is not None:
        found += [RecordFile(path, config.records) for path in config.records.files]
    if config.otel is not None:
        spans = Spans.exported(config.otel, config.settings.domain)
        stack.push_async_callback(asyncio.to_thread, spans.close)
        found.append(spans)
    return found


def _forget(store: Store, names: Iterable[str]) -> None:
    """The records that were written; a store that fails now fails the next tick as well, and stops the node."""
    try:
        store.commit([Save(RECORD, name, None) for name in names])
    except StoreError as error:
        _log.error("written call records stay in the store", error=str(error))


def needs_restart(old: Config, new: Config) -> list[str]:
    """Keys that changed and that a reload does not change."""
    pairs: dict[str, tuple[object, object]] = {
        "store.url": (old.store_url, new.store_url),
        "http": (old.http, new.http),
        "log": ((old.log_level, old.log_format), (new.log_level, new.log_format)),
        "trace.size_mb": (old.trace_bytes, new.trace_bytes),
        "trace.hep": (old.homer, new.homer),
        "records": (old.records, new.records),
        "otel": (old.otel, new.otel),
        "d.digest": (old.settings.digest, new.settings.digest),
    }
    for name in ("tc2", "d"):
        before, after = getattr(old.settings, name), getattr(new.settings, name)
        pairs |= {
            f"{name}.{key.name}": (getattr(before, key.name), getattr(after, key.name))
            for key in fields(Side)
        }
    return [key for key, (before, after) in pairs.items() if before != after]


def _bind(sockets: Sockets, settings: Settings) -> Settings:
    """Take every address; port 0 becomes the port that was given."""
    tc2 = tuple(sockets.bind("tc2", listener) for listener in settings.tc2.listen)
    d = tuple(sockets.bind("d", listener) for listener in settings.d.listen)
    return replace(settings, tc2=replace(settings.tc2, listen=tc2), d=replace(settings.d, listen=d))


def _shown(side: Side) -> list[str]:
    return [f"{where.transport}:{join_host_port(where.host, where.port)}" for where in side.listen]


def calm_collector() -> None:
    """Our state has no cycles to speak of; what stands now is never looked at again, and the rest rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
