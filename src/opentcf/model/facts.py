"""What a procedure tells the others: something that happened. Who cares is one table in `node`."""

from typing import NamedTuple

from opentcf.model.call import CallType
from opentcf.model.cause import KickCause, ReleaseCause
from opentcf.model.numbers import Aor


class PeerUp(NamedTuple):
    """A peer answers again, or for the first time."""

    domain: str


class PeerSilent(NamedTuple):
    """A peer left a heartbeat unanswered that was sent at `since` (this node's time)."""

    domain: str
    since: float


class PeerDown(NamedTuple):
    """A peer missed its heartbeats."""

    domain: str


class PeerLostState(NamedTuple):
    """A peer's epoch changed: what it knew of us is gone."""

    domain: str


class UserBound(NamedTuple):
    """H: a user of ours registered; `visited` is where, `source` the V-TCF that he left (empty when none).

    `call`: the OnlineCallID that moves along with a handover; empty when none does.
    """

    user: Aor
    visited: str
    source: str
    handover: bool
    call: str = ""


class UserRefreshed(NamedTuple):
    """H: the binding of a user of ours was prolonged, or (`anew`) he registered anew at the same V-TCF."""

    user: Aor
    anew: bool


class UserStunned(NamedTuple):
    """H or V: a user gets no service any more, a killed one neither; his calls are released."""

    user: Aor


class UserRevived(NamedTuple):
    """H or V: he gets service again."""

    user: Aor


class UserKilled(NamedTuple):
    """H: the terminal of a killed user obeyed, so that his registration can end."""

    user: Aor


class CallDismantled(NamedTuple):
    """The controlling TCF of a call releases it by force (强拆)."""

    call_id: str


class MemberLocated(NamedTuple):
    """G: a member of a group of ours came to `visited`, or registered anew there; None: he is registered nowhere.

    `source`: the V-TCF that he left by handover; empty when it was none.
    """

    group: Aor
    member: Aor
    visited: str | None
    source: str = ""


class MembershipChanged(NamedTuple):
    """V: the groups of a user who is attached here are others now."""

    user: Aor


class Regrouped(NamedTuple):
    """G: a temporary group was made, changed or ended; `users` came in or went out. Of each foreign one
    `MembershipTold` says what his home makes of it."""

    group: Aor
    users: tuple[Aor, ...]


class MembershipTold(NamedTuple):
    """G: the home of a foreign member answered what it was told of him; status 0: it did not."""

    user: Aor
    status: int


class GroupChanged(NamedTuple):
    """G: members or settings of a group of ours are others now."""

    group: Aor


class UserUnbound(NamedTuple):
    """H: a user of ours is registered nowhere."""

    user: Aor


class KickOff(NamedTuple):
    """H: this TCF, as V, must drop the attachment whose home Call-ID is `binding` (any when empty).

    `call` moves along to another V-TCF: it is not released here.
    """

    user: Aor
    cause: KickCause
    binding: str
    call: str = ""


class UserAttached(NamedTuple):
    """V: a terminal registered here; not `anew` when it only refreshed its registration. `elsewhere`: it has another
    Contact or way than before."""

    user: Aor
    anew: bool
    elsewhere: bool = False


class UserLeaving(NamedTuple):
    """V: a terminal de-registered or was kicked off; its calls are released, then the rest follows.

    `moved`: he registered at another V-TCF; `moving`: the call that a handover takes along, where it is named, which
    its home or master ends here.
    """

    user: Aor
    cause: ReleaseCause
    notify_home: bool
    moving: str = ""
    moved: bool = False


class ConnectionLost(NamedTuple):
    """V: a connection of terminals was closed; `flow` as in `Attachment`."""

    flow: tuple[str, str, str, int, int]


class CallsWatched(NamedTuple):
    """Somebody watches calls from now on: what runs is told, then what changes."""


class CallChanged(NamedTuple):
    """A private call at this TCF, known by `key`: set up, alerting, up or ended. Only while calls are watched."""

    key: str
    id: str
    call_type: CallType
    state: str
    caller: Aor
    called: Aor
    began: float


class GroupCallChanged(NamedTuple):
    """The call of a group as G, or as a V-TCF that serves members of it, sees it: `ended` when there is none.

    `listeners` are those in the call who do not talk. Only while calls are watched.
    """

    group: Aor
    id: str = ""
    call_type: CallType = CallType.GROUP_AUDIO
    state: str = "ended"
    caller: Aor | None = None
    talker: Aor | None = None
    listeners: tuple[Aor, ...] = ()
    emergency: bool = False
    began: float = 0.0


class UserRegrouped(NamedTuple):
    """H: the groups of a user of ours are others now, wherever he is."""

    user: Aor


class HandoverWanted(NamedTuple):
    """V: a user served here is to move to the TCF of `target` with his call; `media` describes the far side."""

    user: Aor
    call: str
    target: str
    media: bytes


class HandoverPrepared(NamedTuple):
    """V: `target` has reserved for him, he may go."""

    user: Aor
    call: str
    target: str


class FloorPreempted(NamedTuple):
    """V: who talks in a group here gets a private call (known by `key`) that may take its place: his floor goes
    first."""

    user: Aor
    key: str


class CallReleased(NamedTuple):
    """V: a private call that stood is being released, of a user served here."""

    user: Aor
    call: str
    cause: ReleaseCause


class CallEnded(NamedTuple):
    """A call that this TCF controlled is over."""

    call: str


class MediaChanged(NamedTuple):
    """The streams of a call that this TCF controls may be others now."""

    call: str


class VideoSourceAsked(NamedTuple):
    """What can be forwarded of a call that this TCF controls, of `party` if he is named? `VideoSource` bears `key`."""

    key: str
    call: str
    party: Aor | None


class VideoSource(NamedTuple):
    """The description of who shows something in it, empty when nobody does; `speaker` is who is called from."""

    key: str
    speaker: Aor
    media: bytes


class VideoPushed(NamedTuple):
    """G: video is forwarded to a group of ours, as call `call`."""

    call: str
    group: Aor
    speaker: Aor
    media: bytes


class VideoPushChanged(NamedTuple):
    """G: what call `call` shows is another stream now."""

    call: str
    media: bytes


class VideoAnswered(NamedTuple):
    """G: what came of that, as a SIP status."""

    call: str
    status: int


Fact = (
    PeerUp
    | PeerSilent
    | PeerDown
    | PeerLostState
    | UserBound
    | UserRefreshed
    | UserUnbound
    | UserStunned
    | UserRevived
    | UserKilled
    | CallDismantled
    | FloorPreempted
    | CallReleased
    | CallEnded
    | VideoSourceAsked
    | VideoSource
    | VideoPushed
    | VideoAnswered
    | MediaChanged
    | VideoPushChanged
    | MemberLocated
    | MembershipChanged
    | GroupChanged
    | Regrouped
    | MembershipTold
    | KickOff
    | UserAttached
    | UserLeaving
    | ConnectionLost
    | HandoverWanted
    | HandoverPrepared
    | CallsWatched
    | CallChanged
    | GroupCallChanged
    | UserRegrouped
)
