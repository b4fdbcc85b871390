"""Media change (媒体变更) in a running group call: source, codec, direction, video added and removed (profile 3, 4.7).

The talker or the originator wants it, G decides and offers it to every V-TCF, each V to its members. Who refuses it
keeps the media that he had.
"""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor
from opentcf.services.context import Context, Incoming
from opentcf.services.group_call.link import CHANGE, Half, Link
from opentcf.services.group_call.local import Change, Post, Queue
from opentcf.services.group_call.master import Branch, MasterCall
from opentcf.services.group_call.visited import VisitedCall, VisitedState
from opentcf.services.path import to_peer
from opentcf.services.voice import Voice, described
from opentcf.sip.message import Message
from opentcf.sip.sdp import from_source, streams_of


def read(incoming: Incoming, user: Aor | None, now: CallType, codecs: bytes) -> Change | None:
    """The media change that a re-INVITE from below wants; None when it leaves the call as it is.

    RemoteError 400 or 488 for a description of which nothing can be used, 488 for a type that is no group's, or makes
    a push of another call or the reverse.
    """
    kind = wire_call.wanted_type(incoming.extension, incoming.wire)
    body = described(incoming.request)
    if kind is None or not body:
        return None
    Voice.readable(body)
    if kind is now and streams_of(from_source(body)) == streams_of(codecs):
        return None
    push = CallType.VIDEO_PUSH
    if (kind is push) is not (now is push) or not (kind.is_group or kind is push):
        raise Decline(488, f"a group call of type {now.value} cannot become one of type {kind.value}")
    who = user or wire_call.wanted_by(incoming.extension, incoming.request)
    return Change(who, kind, from_source(body)) if who is not None else None


# --- at the master


class MasterMedia:
    """G's part."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue
        self.renewed: list[str] = []
        """OnlineCallIDs of calls whose media changed and nobody was told of."""

    def change(self, call: MasterCall, asker: Branch, op: Change) -> None:
        """200 to who wants it, re-INVITE to all others; 403 for who neither talks nor called.

        TC2-C 视频下推媒体变更.
        """
        talker = call.floor.talker
        pushes = asker.link is not None and asker.link.half is Half.PUSHED
        if op.user != call.originator and not pushes and (talker is None or talker.user != op.user):
            raise Decline(403, f"{op.user} neither talks nor made this call")
        call.setup = call.setup._replace(call_type=op.call_type)
        if asker.link is not None:
            asker.link.accept_change(self._ctx, self._setup(call), self._answer(call, asker), op.codecs)
        self.spread(call, op, asker)

    def spread(self, call: MasterCall, op: Change, asker: Branch | None = None) -> None:
        """It is in force: all V-TCFs but the asker's are offered it."""
        call.codecs = op.codecs
        self.renewed.append(call.id)
        for branch in call.branches.values():
            if branch.link is None:
                self._queue.append(
                    Post(False, call.group.aor, op._replace(user=op.user if branch is asker else None))
                )
            elif branch is not asker:
                self.catch_up(call, branch)
        self._ctx.notice(
            "group_call", id=call.id, group=str(call.group.aor), state="media", type=op.call_type.value
        )

    def catch_up(self, call: MasterCall, branch: Branch) -> None:
        """A V-TCF that was called, or a leg that was stored, before the media changed."""
        link = branch.link
        if link is not None and branch.up and link.has_other(call.codecs):
            direction = "recvonly" if self._talks(call, branch) else "sendonly"
            link.offer_change(self._ctx, self._setup(call), direction, call.codecs)

    def _setup(self, call: MasterCall) -> CallSetup:
        talker = call.floor.talker
        return call.setup_for(talker.user if talker is not None else None)

    def _answer(self, call: MasterCall, branch: Branch) -> str:
        return "recvonly" if self._talks(call, branch) or branch.entered else "sendonly"

    def _talks(self, call: MasterCall, branch: Branch) -> bool:
        return call.floor.is_talker_at(branch.domain)


# --- at a V


class VisitedMedia:
    """V's part: one change at a time is with the master."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue

    def asked(self, call: VisitedCall, user: Aor, link: Link, incoming: Incoming) -> bool:
        """A member's re-INVITE. False when it is no media change; who does not talk and did not call may describe
        himself anew, and no more than that."""
        change = read(incoming, user, call.setup.call_type, call.codecs)
        if change is None or call.state is not VisitedState.UP:
            return False
        if change.call_type is call.setup.call_type and user not in (call.talker, call.opener):
            return False
        if call.changing is not None:
            raise Decline(491, "another change is under way")
        self.reach_master(call)
        call.changing = change
        if call.uplink is None:
            self._queue.append(Post(True, call.group, change))
        else:
            setup = call.setup._replace(call_type=change.call_type, caller=user)
            call.uplink.offer_change(self._ctx, setup, "sendrecv", change.codecs)
        return True

    def reach_master(self, call: VisitedCall) -> None:
        """What is new for the master fails fast while it is known to be down: Decline 503 (profile 5.1)."""
        if call.uplink is not None:
            to_peer(self._ctx, call.group.domain)

    def granted(self, call: VisitedCall) -> None:
        """The master agreed to what a member here wanted."""
        change, call.changing = call.changing, None
        if change is not None:
            self.take(call, change)

    def refused(self, call: VisitedCall, status: int, told: Message | None = None) -> None:
        """The master did not: the member hears why, all is as before."""
        change, call.changing = call.changing, None
        if call.uplink is not None:
            call.uplink.keep_media(call.codecs)
        link = call.members.get(change.user) if change is not None and change.user is not None else None
        if link is not None:
            link.refuse(self._ctx, status, told=told)

    def withdrawn(self, call: VisitedCall, user: Aor) -> None:
        """He cancelled his change; should the master agree all the same, it is in force."""
        if call.changing is None or call.changing.user != user or call.uplink is None:
            return
        if not call.uplink.withdraw_change(self._ctx):
            call.changing = None
            call.uplink.keep_media(call.codecs)

    def offered(self, call: VisitedCall, incoming: Incoming) -> bool:
        """The master's re-INVITE. False when it changes nothing."""
        uplink, body = call.uplink, described(incoming.request)
        kind = wire_call.wanted_type(incoming.extension, incoming.wire)
        if uplink is None or kind is None or not body:
            return False
        Voice.readable(body)
        if kind is call.setup.call_type and streams_of(body) == streams_of(call.codecs):
            return False
        setup = call.setup._replace(call_type=kind)
        direction = "sendonly" if call.talker in call.members else "recvonly"
        uplink.accept_change(self._ctx, setup, direction, body)
        self.take(call, Change(None, kind, body))
        return True

    def take(self, call: VisitedCall, change: Change) -> None:
        """In force: 200 to who wanted it and still waits, a re-INVITE to the other members."""
        call.codecs, call.setup = change.codecs, call.setup._replace(call_type=change.call_type)
        if call.changing is not None and call.changing.user == change.user:
            call.changing = None
        for user, link in call.members.items():
            if user == change.user and link.is_asked:
                direction = "recvonly" if user == call.talker else "sendonly"
                link.accept_change(self._ctx, call.setup, direction, call.codecs)
            else:
                self.catch_up(call, user, link)

    def offer_again(self, call: VisitedCall) -> None:
        """Another call of the group goes on with the members here: they learn its identity."""
        for user, link in call.members.items():
            if link.up:
                self._offer(call, user, link)

    def catch_up(self, call: VisitedCall, user: Aor, link: Link) -> None:
        """A member who was called, or whose leg was stored, before the media changed."""
        if link.up and link.has_other(call.codecs):
            self._offer(call, user, link)

    def _offer(self, call: VisitedCall, user: Aor, link: Link) -> None:
        direction = "recvonly" if user == call.talker else "sendonly"
        link.offer_change(self._ctx, call.setup, direction, call.codecs)


__all__ = ["CHANGE", "MasterMedia", "VisitedMedia", "read"]
