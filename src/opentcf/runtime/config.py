"""The configuration of a node: one TOML file, checked once, made into one immutable object."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from opentcf.model.bounds import LimitSettings, TimerSettings
from opentcf.node.settings import Settings
from opentcf.runtime.addresses import address, domain_name, host_port, http_url
from opentcf.runtime.document import ConfigError, Document
from opentcf.runtime.doubts import doubts
from opentcf.runtime.hep import PORT, Homer
from opentcf.runtime.network import peer_addresses, peers, sides
from opentcf.runtime.otel import Otel, is_installed
from opentcf.runtime.people import groups, subscribers
from opentcf.runtime.record_files import ENDINGS, RecordFiles
from opentcf.runtime.schema import (
    File,
    HttpTable,
    LimitsTable,
    OtelTable,
    PeerTable,
    RecordsTable,
    TimersTable,
    TraceTable,
)
from opentcf.store import check_url
from opentcf.transport.literal import is_literal, is_loopback

__all__ = ["Config", "ConfigError", "Http", "PeerConsole", "Tls", "load_config"]

S = TypeVar("S", TimerSettings, LimitSettings)


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for TLS, as absolute paths or relative to where the program runs."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Http:
    """Where the API is served, and the bearer tokens that it takes: name → secret. `readers` may look and not act."""

    host: str
    port: int
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    readers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PeerConsole:
    """Where a peer's API is, and the token that it takes from us."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """What a node is told: `settings` for the core, the rest for the shell. Holds no password, only digests."""

    path: Path
    settings: Settings = field(repr=False)
    store_url: str
    tls: Tls
    http: Http | None
    log_level: str
    log_format: str
    trace_bytes: int
    homer: Homer | None
    portless: frozenset[str]
    """Hosts of peers that are named without a port: RFC 3263 may find one, and more than one server."""
    consoles: Mapping[str, PeerConsole] = field(default_factory=dict)
    """Domain of a peer → its console."""
    records: RecordFiles | None = None
    otel: Otel | None = None
    doubts: tuple[str, ...] = ()
    """What is allowed and hardly meant: a line each, as that of an error."""

    @property
    def base(self) -> Path:
        """Where relative paths begin."""
        return self.path.parent


def load_config(path: Path) -> Config:
    """Read and check a configuration file; ConfigError tells the first thing wrong in one line."""
    document = Document(path)
    file = document.convert(File)
    document.read(("store", "url"), check_url, file.store.url)
    settings = _settings(document, file)
    return Config(
        path=path,
        settings=settings,
        store_url=file.store.url,
        tls=_tls(document, file, settings),
        http=None if file.http is None else _http(document, file.http),
        log_level=file.log.level,
        log_format=file.log.format,
        trace_bytes=int(file.trace.size_mb * 2**20),
        homer=_homer(document, file.trace),
        portless=_portless(document, file),
        consoles=consoles(document, file.peer),
        records=_records(document, file.records),
        otel=_otel(document, file.otel),
        doubts=tuple(doubts(document, settings)),
    )


def _settings(document: Document, file: File) -> Settings:
    domain = document.read(("tcf", "domain"), domain_name, file.tcf.domain)
    tc2, d = sides(document, file)
    users = subscribers(document, file.subscriber, domain)
    return Settings(
        domain=domain,
        name=file.tcf.name,
        tc2=tc2,
        d=d,
        digest=tuple(dict.fromkeys(file.d.digest)),
        peers=tuple(peers(document, file.peer, domain, tc2.listen + d.listen, plain=file.tc2.plain)),
        subscribers=tuple(users),
        groups=tuple(groups(document, file.group, domain, (user.aor.number for user in users))),
        timers=_timers(document, file.timers),
        limits=_overlay(file.limits, LimitSettings),
        records=bool(file.records.files or file.otel.endpoint),
    )


def _timers(document: Document, table: TimersTable) -> TimerSettings:
    timers = _overlay(table, TimerSettings)
    for name in ("register", "subscribe"):
        shortest, longest = getattr(timers, f"{name}_min"), getattr(timers, name)
        if shortest > longest:
            reason = f"{shortest:g} s is more than {name}, {longest:g} s"
            raise document.error(("timers", f"{name}_min"), reason)
    return timers


def _overlay(table: TimersTable | LimitsTable, kind: type[S]) -> S:
    return kind(**{name: value for name, value in structs.asdict(table).items() if value is not None})


def _tls(document: Document, file: File, settings: Settings) -> Tls:
    found: dict[str, Path] = {}
    for key, name in structs.asdict(file.tls).items():
        if name is not None:
            found[key] = path = document.path.parent / name
            if not path.is_file():
                raise document.error(("tls", key), f"there is no file {name}")
    missing = [key for key in _tls_needs(settings) if key not in found]
    if missing:
        raise document.error(("tls", missing[0]), "is needed for the tls: addresses of this file")
    return Tls(**found)


def _tls_needs(settings: Settings) -> tuple[str, ...]:
    """TC2 proves both sides, D only ours."""
    tc2 = [where.transport for where in settings.tc2.listen] + [
        transport for peer in settings.peers for transport, _, _ in peer.ways
    ]
    if "tls" in tc2:
        return ("certificate", "key", "ca")
    return ("certificate", "key") if any(where.transport == "tls" for where in settings.d.listen) else ()


def _http(document: Document, table: HttpTable) -> Http:
    host, port = document.read(("http", "listen"), host_port, table.listen)
    if not is_literal(host) or port is None:
        raise document.error(("http", "listen"), f"{table.listen!r} is not ADDRESS:PORT")
    tokens = table.tokens if table.token is None else {"default": table.token, **table.tokens}
    if twice := sorted(tokens.keys() & table.readers.keys()):
        raise document.error(("http", "readers"), f"{twice[0]} is the name of one of the tokens too")
    if not tokens and table.readers:
        raise document.error(("http", "token"), "is needed beside readers, else nobody could act")
    if not tokens and not is_loopback(host):
        raise document.error(("http", "token"), f"is needed when the API listens on {host}, not on loopback")
    return Http(host, port, tokens, table.readers)


def consoles(document: Document, tables: Iterable[PeerTable]) -> Mapping[str, PeerConsole]:
    """Where the peers' consoles are, of those that have one."""
    found = {}
    for index, table in enumerate(tables):
        if table.console is None:
            if table.console_token is not None:
                raise document.error(("peer", index, "console_token"), "needs console, the address it is for")
            continue
        url = document.read(("peer", index, "console"), http_url, table.console)
        found[table.domain.lower()] = PeerConsole(url, table.console_token)
    return found


def _homer(document: Document, table: TraceTable) -> Homer | None:
    if table.hep is None:
        return None
    where = document.read(("trace", "hep"), address, table.hep)
    if where.transport != "udp":
        raise document.error(("trace", "hep"), f"{table.hep!r} is not udp:HOST:PORT")
    return Homer(where.host, where.port or PORT, table.hep_agent, table.hep_key)


def _records(document: Document, table: RecordsTable) -> RecordFiles | None:
    paths = tuple(document.path.parent / name for name in table.files)
    for index, path in enumerate(paths):
        if path.suffix not in ENDINGS:
            raise document.error(("records", "files", index), f"{path.name!r} has to end in .csv or .jsonl")
    if not paths:
        return None
    return RecordFiles(paths, int(table.rotate_mb * 2**20), table.rotate_daily, table.keep)


def _otel(document: Document, table: OtelTable) -> Otel | None:
    if table.endpoint is None:
        return None
    url = document.read(("otel", "endpoint"), http_url, table.endpoint)
    if not is_installed():
        raise document.error(("otel", "endpoint"), "needs the extra: pip install 'opentcf[otel]'")
    return Otel(url, table.headers)


def _portless(document: Document, file: File) -> frozenset[str]:
    return frozenset(
        where.host
        for index, table in enumerate(file.peer)
        for where in peer_addresses(document, table, ("peer", index))
        if where.port is None and not is_literal(where.host)
    )
