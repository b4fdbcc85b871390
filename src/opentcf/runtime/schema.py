"""The configuration file as it is written: tables, keys, types and bounds. `config` reads what a value means."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from opentcf.model.subscriber import Preemptible, Right, Role

Seconds = Annotated[float, Meta(gt=0, le=10_000_000)]
Priority = Annotated[int, Meta(ge=0, le=255)]
Count = Annotated[int, Meta(ge=1, le=2**31)]
Rate = Annotated[float, Meta(gt=0, le=10_000_000)]
Algorithm = Literal["SHA-256", "MD5"]


class Table(Struct, forbid_unknown_fields=True, kw_only=True):
    """A TOML table whose keys are all known."""


class TcfTable(Table):
    """`[tcf]`"""

    domain: str
    name: str = ""


class SideTable(Table):
    """What `[tc2]` and `[d]` have in common"""

    listen: tuple[str, ...] = ()
    plain: bool = False
    advertise: str | None = None
    media: str | None = None


class Tc2Table(SideTable):
    """`[tc2]`"""

    overload_control: bool = True


class DTable(SideTable):
    """`[d]`"""

    digest: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("SHA-256", "MD5")


class PeerTlsTable(Table):
    """`tls` of a `[[peer]]`"""

    name: Annotated[str, Meta(min_length=1)]


class PeerTable(Table):
    """`[[peer]]`"""

    domain: str
    address: str | tuple[str, ...]
    heartbeat: Seconds = 10.0
    heartbeat_wait: Seconds = 3.0
    heartbeat_misses: Count = 3
    control: bool = False
    share_ha1: bool | None = None
    tls: PeerTlsTable | None = None
    wire: dict[str, str] = {}
    allow: tuple[str, ...] | None = None
    numbers: str | tuple[str, ...] = ()
    console: str | None = None
    console_token: Annotated[str, Meta(min_length=1)] | None = None

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"<peer {self.domain}>"


class StoreTable(Table):
    """`[store]`"""

    url: str = "sqlite:opentcf.db"


class TlsTable(Table):
    """`[tls]`"""

    certificate: str | None = None
    key: str | None = None
    ca: str | None = None


class HttpTable(Table):
    """`[http]`"""

    listen: str = "127.0.0.1:8060"
    token: Annotated[str, Meta(min_length=1)] | None = None
    tokens: dict[str, Annotated[str, Meta(min_length=1)]] = {}
    readers: dict[str, Annotated[str, Meta(min_length=1)]] = {}

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"<http {self.listen}>"


class LogTable(Table):
    """`[log]`"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class TraceTable(Table):
    """`[trace]`"""

    size_mb: Annotated[float, Meta(ge=0, le=100_000)] = 16.0
    hep: str | None = None
    hep_agent: Annotated[int, Meta(ge=0, lt=2**32)] = 1
    hep_key: str = ""

    def __repr__(self) -> str:
        """Without its secret."""
        return f"<trace {self.size_mb} MB>"


class OtelTable(Table):
    """`[otel]`"""

    endpoint: str | None = None
    headers: dict[str, str] = {}

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"<otel {self.endpoint}>"


class RecordsTable(Table):
    """`[records]`"""

    files: tuple[str, ...] = ()
    rotate_mb: Annotated[float, Meta(gt=0, le=100_000)] = 100.0
    rotate_daily: bool = True
    keep: Annotated[int, Meta(ge=0, le=100_000)] = 0


class SubscriberTable(Table):
    """`[[subscriber]]`"""

    number: str
    name: str = ""
    password: Annotated[str, Meta(min_length=1)] | None = None
    password_file: str | None = None
    ha1_md5: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{32}$")] | None = None
    ha1_sha256: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{64}$")] | None = None
    role: Role = Role.TERMINAL
    priority: Priority = 255
    roaming: bool | frozenset[str] = True
    preemptible: Preemptible = Preemptible.EMERGENCY
    rights: tuple[Right, ...] = ()

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"<subscriber {self.number}>"


class MemberTable(Table):
    """A member of a `[[group]]`, where its address alone does not say enough"""

    uri: str
    priority: Priority = 255
    listen_only: bool = False


class GroupTable(Table):
    """`[[group]]`"""

    number: str
    name: str = ""
    members: tuple[str | MemberTable, ...] = ()
    setup: Literal["unconfirmed", "confirmed"] = "unconfirmed"
    hang_time: Seconds | None = None
    talk_time: Seconds | None = None
    max_duration: Seconds | None = None
    queue_length: Annotated[int, Meta(ge=0, le=10_000)] = 8
    preemption: bool = False
    owner_release: bool = False
    priority: Priority = 255


class TimersTable(Table, rename=lambda name: name.capitalize() if name.startswith("t") else name):
    """`[timers]`: T1 … Tdown are spelled as in TC2-C. What is absent keeps the node's default"""

    t1: Seconds | None = None
    t2: Seconds | None = None
    t3: Seconds | None = None
    t4: Seconds | None = None
    tcall: Seconds | None = None
    tconfirm: Seconds | None = None
    tring: Seconds | None = None
    tho: Seconds | None = None
    tdown: Seconds | None = None
    register: Seconds | None = None
    register_min: Seconds | None = None
    subscribe: Seconds | None = None
    subscribe_min: Seconds | None = None
    session: Annotated[float, Meta(ge=90, le=10_000_000)] | None = None
    sip_t1: Seconds | None = None
    sip_t2: Seconds | None = None
    sip_t4: Seconds | None = None


class LimitsTable(Table):
    """`[limits]`. What is absent keeps the node's default"""

    max_message: Count | None = None
    max_body: Count | None = None
    max_short_data: Count | None = None
    max_headers: Count | None = None
    max_header: Count | None = None
    max_calls: Count | None = None
    max_subscriptions: Count | None = None
    max_transactions_per_peer: Count | None = None
    udp_message: Count | None = None
    max_failed_digests: Count | None = None
    max_rate_per_source: Rate | None = None
    max_rate_per_user: Rate | None = None
    max_delay: Seconds | None = None


class File(Table):
    """A whole configuration file."""

    tcf: TcfTable
    tc2: Tc2Table = field(default_factory=Tc2Table)
    d: DTable = field(default_factory=DTable)
    peer: tuple[PeerTable, ...] = ()
    store: StoreTable = field(default_factory=StoreTable)
    tls: TlsTable = field(default_factory=TlsTable)
    http: HttpTable | None = None
    log: LogTable = field(default_factory=LogTable)
    trace: TraceTable = field(default_factory=TraceTable)
    records: RecordsTable = field(default_factory=RecordsTable)
    otel: OtelTable = field(default_factory=OtelTable)
    subscriber: tuple[SubscriberTable, ...] = ()
    group: tuple[GroupTable, ...] = ()
    timers: TimersTable = field(default_factory=TimersTable)
    limits: LimitsTable = field(default_factory=LimitsTable)
