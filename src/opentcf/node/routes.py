"""One page: method × operation → procedure, and fact → procedures."""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import Any

from opentcf.btrunc.video import ORDERS
from opentcf.btrunc.wire import Param, Token
from opentcf.model.cause import Decline
from opentcf.model.facts import (
    CallChanged,
    CallDismantled,
    CallEnded,
    CallReleased,
    CallsWatched,
    ConnectionLost,
    Fact,
    FloorPreempted,
    GroupCallChanged,
    GroupChanged,
    HandoverPrepared,
    HandoverWanted,
    KickOff,
    MediaChanged,
    MemberLocated,
    MembershipChanged,
    MembershipTold,
    PeerDown,
    PeerLostState,
    PeerSilent,
    PeerUp,
    Regrouped,
    UserAttached,
    UserBound,
    UserKilled,
    UserLeaving,
    UserRefreshed,
    UserRegrouped,
    UserRevived,
    UserStunned,
    UserUnbound,
    VideoAnswered,
    VideoPushChanged,
    VideoPushed,
    VideoSource,
    VideoSourceAsked,
)
from opentcf.node.procedures import Procedures
from opentcf.services import mandate
from opentcf.services.context import ALLOW, Context, Facts, Incoming

Route = Callable[[Incoming], Facts]


class Side(StrEnum):
    """Which face of the TCF a request came to."""

    TC2 = auto()
    D = auto()


def routes(have: Procedures, ctx: Context) -> dict[tuple[Side, str, Token | None], Route]:
    """Requests outside a dialog. A token of None is a request without the extension.

    TC2-C INVITE/TC2, TC2-C INVITE/D, TC2-C MESSAGE/TC2, TC2-C MESSAGE/D, TC2-C OPTIONS/TC2,
    TC2-C OPTIONS/D, TC2-C REGISTER/TC2, TC2-C REGISTER/D,
    TC2-C SUBSCRIBE/D.
    """

    def call(incoming: Incoming) -> Facts:
        """The called number decides between the two kinds of call."""
        procedure = have.group_call if have.group_call.serves(incoming) else have.private_call
        return procedure.request(incoming)

    def enter(incoming: Incoming) -> Facts:
        """Into a call of others: passed on, or taken in where the call is controlled."""
        hop = mandate.entry(ctx, incoming)
        if hop is not None:
            return have.private_call.enter(incoming, hop)
        return (have.group_call if have.group_call.serves(incoming) else have.private_call).entered(incoming)

    def register(incoming: Incoming) -> Facts:
        """A REGISTER that names a group is a group location."""
        located = incoming.extension is not None and incoming.extension.get(Param.GDN) is not None
        return have.group_info.located(incoming) if located else have.home_registration.request(incoming)

    return {
        (Side.TC2, "REGISTER", Token.REGISTER): register,
        (Side.TC2, "REGISTER", None): have.home_registration.request,
        (Side.TC2, "OPTIONS", Token.HEARTBEAT): have.heartbeat.request,
        (Side.TC2, "OPTIONS", Token.KICK_OFF): have.visited_registration.kicked,
        (Side.TC2, "INVITE", Token.CALL): call,
        (Side.TC2, "INVITE", None): call,
        **{(side, "INVITE", token): enter for side in Side for token in mandate.ENTRIES},
        (Side.TC2, "INVITE", Token.HANDOVER): have.handover.request,
        (Side.TC2, "MESSAGE", Token.GROUP_UPDATE): have.group_info.request,
        **{(side, "MESSAGE", token): have.stun.request for side in Side for token in CONTROL},
        **{(side, "MESSAGE", Token.DISMANTLE): have.forced_release.request for side in Side},
        (Side.TC2, "MESSAGE", Token.MESSAGE): have.short_data.request,
        (Side.TC2, "MESSAGE", None): have.short_data.request,
        **{(side, "MESSAGE", Token.REGROUP): have.regrouping.request for side in Side},
        **{(side, "MESSAGE", token): have.video_forward.request for side in Side for token in ORDERS},
        (Side.TC2, "MESSAGE", Token.VIDEO_REPORT): have.video_forward.reported,
        (Side.TC2, "MESSAGE", Token.REGROUP_RESULT): have.regrouping.reported,
        (Side.D, "REGISTER", Token.REGISTER): have.visited_registration.request,
        (Side.D, "REGISTER", None): have.visited_registration.request,
        (Side.D, "OPTIONS", Token.HEARTBEAT): have.heartbeat.request,
        (Side.D, "MESSAGE", Token.MESSAGE): have.short_data.request,
        (Side.D, "MESSAGE", None): have.short_data.request,
        (Side.D, "INVITE", Token.CALL): call,
        (Side.D, "INVITE", None): call,
        (Side.D, "MESSAGE", Token.GET_ADDRESSES): have.address_book.request,
        (Side.D, "SUBSCRIBE", Token.SUBSCRIBE): have.subscription.request,
        (Side.D, "SUBSCRIBE", None): have.subscription.request,
    }


CONTROL = (Token.STUN, Token.KILL, Token.REVIVE)


def cares(have: Procedures) -> dict[type[Fact], tuple[Callable[[Any], Facts], ...]]:
    """Which procedures care about which fact, in the order in which they are told."""
    private, group, info = have.private_call, have.group_call, have.group_info
    watchers = have.subscription
    return {
        PeerUp: (
            private.on_peer_up,
            have.home_registration.on_peer_up,
            info.on_peer_up,
            group.on_peer_up,
            have.stun.on_peer_up,
            have.short_data.on_peer_up,
            have.regrouping.on_peer_up,
            have.video_forward.on_peer_up,
        ),
        PeerSilent: (group.on_peer_silent,),
        PeerDown: (private.on_peer_down, group.on_peer_down),
        PeerLostState: (
            private.on_peer_lost_state,
            group.on_peer_lost_state,
            have.visited_registration.on_peer_lost_state,
            info.on_peer_lost_state,
        ),
        UserBound: (info.on_user_bound, private.on_user_bound, have.stun.on_user_bound, watchers.on_user),
        UserRefreshed: (info.on_user_refreshed, have.stun.on_user_refreshed),
        UserUnbound: (info.on_user_unbound, watchers.on_user),
        UserStunned: (
            have.visited_registration.on_user_stunned,
            private.on_user_stunned,
            group.on_user_stunned,
            info.on_user_stunned,
            watchers.on_user_stunned,
        ),
        UserRevived: (
            have.visited_registration.on_user_revived,
            info.on_user_revived,
            group.on_user_revived,
        ),
        UserKilled: (have.home_registration.on_user_killed,),
        CallDismantled: (private.on_call_dismantled, group.on_call_dismantled),
        FloorPreempted: (group.on_floor_preempted, private.on_floor_preempted),
        CallReleased: (have.handover.on_call_released,),
        CallEnded: (have.video_forward.on_call_ended,),
        MediaChanged: (have.video_forward.on_media_changed,),
        VideoSourceAsked: (private.on_video_source_asked, group.on_video_source_asked),
        VideoSource: (have.video_forward.on_video_source,),
        VideoPushed: (group.on_video_pushed,),
        VideoPushChanged: (group.on_video_push_changed,),
        VideoAnswered: (have.video_forward.on_video_answered,),
        MemberLocated: (
            group.on_member_located,
            have.short_data.on_member_located,
            have.regrouping.on_member_located,
        ),
        Regrouped: (info.on_regrouped,),
        MembershipTold: (have.regrouping.on_membership_told,),
        GroupChanged: (group.on_group_changed, watchers.on_group_changed),
        MembershipChanged: (have.visited_registration.on_membership_changed, group.on_membership_changed),
        UserAttached: (private.on_user_attached, group.on_user_attached),
        UserLeaving: (
            have.handover.on_user_leaving,
            private.on_user_leaving,
            group.on_user_leaving,
            watchers.on_user_leaving,
            have.visited_registration.on_user_leaving,
        ),
        ConnectionLost: (group.on_connection_lost,),
        HandoverWanted: (have.handover.on_handover_wanted,),
        HandoverPrepared: (private.on_handover_prepared,),
        UserRegrouped: (watchers.on_user_regrouped,),
        CallChanged: (watchers.on_call_changed,),
        GroupCallChanged: (watchers.on_group_call_changed,),
        CallsWatched: (private.on_calls_watched, group.on_calls_watched),
        KickOff: (have.visited_registration.on_kick_off,),
    }


SERVICES = frozenset(("INVITE", "INFO", "MESSAGE", "SUBSCRIBE", "UPDATE"))
"""Methods by which a user asks for a service: 403 while he is stunned, whatever the operation (profile 4.1)."""
FORGIVEN = frozenset(("ACK", "BYE", "CANCEL", "INFO"))
"""Methods whose extension may be malformed: they mean what the method means."""
WITHIN = frozenset((Token.CALL, Token.INSERT, Token.LISTEN, Token.REQUEST, Token.ACCEPT, Token.RELEASE_FLOOR))
"""Operations of a re-INVITE; the first three repeat what set the call up."""
OFFERS = ("application/sdp", "multipart/mixed")
"""Bodies of an INVITE. The second only passes through a private call; who has to read it answers 415."""
LENIENT = frozenset(("OPTIONS", "REGISTER"))
"""Methods whose unknown token is kept and read as the plain meaning of the method."""


def capabilities(ctx: Context, incoming: Incoming) -> None:
    """OPTIONS without a token: what we can do (RFC 3261 §11.2)."""
    fields = (("Allow", ALLOW[incoming.flow.side]), ("Accept", "application/sdp"), ("Supported", "timer"))
    ctx.respond(incoming, 200, *fields)


def no_route(incoming: Incoming) -> Decline:
    """What nobody here serves. TC2-C SUBSCRIBE/TC2."""
    method, ext = incoming.request.method, incoming.extension
    if method in ("BYE", "INFO"):
        return Decline(481, f"{method} belongs to a dialog")
    if method in ("INVITE", "MESSAGE"):
        return Decline(488, f"the operation {ext.spelled if ext else method} is not served here")
    return Decline(405, f"{method} is not served here", (("Allow", ALLOW[incoming.flow.side]),))
