"""What the rows of the lists hold, for the OpenAPI document. Times are wall seconds (Unix), durations seconds."""

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from opentcf.model.group import SetUp
from opentcf.model.peer import PeerState
from opentcf.model.subscriber import Preemptible, Right, Role, UserState


class Peer(Struct):
    """Another TCF. `rtt` is that of the latest heartbeat, `misses` those in a row without an answer.

    `address` is the one in use, number `way` (from 1) of its `addresses`.
    """

    domain: str
    state: PeerState
    address: str
    addresses: list[str]
    way: int
    rtt: float | None
    misses: int
    epoch: str


class Registration(Struct):
    """A user of this core network wherever he is, or a visitor here. `expires` is in so many seconds."""

    user: str
    home: str
    visited: str
    contact: str
    expires: int


class Subscriber(Struct):
    """A user of this core network. `digest` names the algorithms for which his secret is known."""

    number: str
    name: str
    role: Role
    priority: int
    roaming: bool | list[str]
    preemptible: Preemptible
    state: UserState
    rights: list[Right]
    digest: list[str]
    source: str


class Group(Struct):
    """A group of this core network. A duration that is null is the node's own."""

    number: str
    name: str
    members: list[str]
    setup: SetUp
    hang_time: float | None
    talk_time: float | None
    max_duration: float | None
    queue_length: int
    preemption: bool
    owner_release: bool
    priority: int
    source: str


class Present(Struct):
    """A member of a group. `visited` is the TCF that serves him; null: none does."""

    member: str
    visited: str | None
    priority: int
    listen_only: bool


class Leg(Struct):
    """One dialog's part in a call: towards a TCF (`peer`) or a terminal."""

    state: str
    peer: str | UnsetType | None = UNSET
    party: str | UnsetType = UNSET


class Call(Struct):
    """A call in which this TCF has a part. `id` is the OnlineCallID, `type` the call type of TC2-C."""

    id: str
    type: int
    state: str
    called: str
    since: float
    legs: list[Leg]
    caller: str | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET


class Floor(Struct):
    """The floor of a group call of this core network."""

    group: str
    id: str
    state: str
    talker: str | None
    grant: int
    queue: list[str]


class Entry(Struct):
    """An entry of the audit log."""

    number: int
    time: float
    who: str
    action: str
    target: str
    result: str


class Subscription(Struct):
    """A dispatcher who watches an event; `watched` is a number, or `all`. It expires in so many seconds."""

    id: str
    user: str
    event: str
    watched: str
    version: int
    expires: int


class Message(Struct):
    """A message of the trace: `head` is its start line and header fields, secrets masked; `call` its OnlineCallID.

    `connection` tells streams apart, `peer` is the TCF on the other side; `data` are its bytes in base64, with `raw=1`.
    """

    number: int
    time: float
    direction: str
    side: str
    transport: str
    local: str
    remote: str
    head: str
    body: str
    call: str | None
    connection: int
    peer: str | None
    data: str | UnsetType = UNSET


ROWS: Mapping[str, type[Struct]] = {
    "peers": Peer,
    "registrations": Registration,
    "subscribers": Subscriber,
    "groups": Group,
    "group_present": Present,
    "calls": Call,
    "floors": Floor,
    "audit": Entry,
    "subscriptions": Subscription,
    "trace": Message,
}
"""Name of a list → its rows. The rows of others are said to be any objects."""
