"""Video forward (视频转发): who controls the source calls each target, and reports each result (profile 4.7)."""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import video as wire_video
from opentcf.btrunc.video import Goal, Report
from opentcf.btrunc.wire import Param, Token
from opentcf.model.account import About, LegAccount
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import Decline, ReleaseCause, Result
from opentcf.model.facts import (
    CallDismantled,
    CallEnded,
    MediaChanged,
    PeerUp,
    VideoAnswered,
    VideoPushChanged,
    VideoPushed,
    VideoSource,
    VideoSourceAsked,
)
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import accounting, mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened, Leg, LegState, Rank, What, Wish
from opentcf.services.pages import Pages
from opentcf.services.path import Hop
from opentcf.services.video_forward.forward import NAME, Forward, Target
from opentcf.services.voice import Voice
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.outbox import Value
from opentcf.sip.sdp import Sdp, from_source, streams_of
from opentcf.sip.transaction import Outcome, Owner

ACTION = "video forward"
ROLE = "forward"
"""What the TCF that controls the source is to the call records."""
RING, REPORT, AGAIN, MEDIA = "ring", "report", "again", "media"
REPEAT, REPORT_FOR = 10.0, 600.0
"""Seconds until a report that did not arrive is sent again, and until that is given up."""


class VideoForwards:
    """The procedure: requester's V and H, and the TCF that controls the source."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pages = Pages(ctx, NAME)
        self._forwards: dict[str, Forward] = {}
        self._asked: dict[str, tuple[Incoming, Forward, tuple[Goal, ...]]] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE to the group or a party of the source: 481 when there is no such call. TC2-C 视频转发."""
        ctx, ext = self._ctx, incoming.extension
        called, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
        source = wire_video.read_source(ext)
        call_id = (ctx.directory.call_of(called) or "") if source.by_user else source.video_id
        if ext is not None and ext.token is Token.VIDEO_TERMINATE:
            call_id = self._source_of(who, source.video_id) or call_id
        with mandate.audited(ctx, who, ACTION, source.video_id):
            hop = mandate.controlling(ctx, incoming, who, called, call_id, Right.FORWARD)
            if hop is not None:
                mandate.pass_on(self._pages, incoming, hop, who, called, ACTION, source.video_id)
                return NONE
            if ext is not None and ext.token is Token.VIDEO_TERMINATE:
                return self._terminate(incoming, who, source.video_id, call_id)
            return self._take(incoming, who, called, call_id)

    def _source_of(self, who: Aor, video_id: str) -> str | None:
        found = (f for f in self._forwards.values() if f.requester == who and f.video_id == video_id)
        return next((forward.source for forward in found), None)

    def _take(self, incoming: Incoming, who: Aor, called: Aor, call_id: str) -> Facts:
        ctx, ext = self._ctx, incoming.extension
        assert ext is not None
        request = ext.get(Param.MESSAGE_ID) or ctx.ids.token()
        key = f"{who} {request}"
        if key in self._forwards or key in self._asked:
            ctx.respond(incoming, 200)
            return NONE
        source = wire_video.read_source(ext)
        goals = wire_video.read_goals(ext, incoming.wire, called.domain)
        forward = Forward(key, who, request, call_id, source.video_id)
        self._asked[key] = (incoming, forward, goals)
        party = wire_extension.identity(source.video_id, called.domain) if source.by_user else None
        return (VideoSourceAsked(key, call_id, party),)

    def on_video_source(self, fact: VideoSource) -> Facts:
        """The call itself says what of it can be forwarded: 488 where that is no video."""
        ctx = self._ctx
        asked, media = self._asked.pop(fact.key, None), _video_of(fact.media)
        if asked is None:
            return self._renew(fact.key, media)
        incoming, forward, goals = asked
        forward.speaker, forward.began, forward.media = fact.speaker, ctx.wall, media
        if not forward.media:
            mandate.record(ctx, forward.requester, ACTION, forward.video_id, "488 there is no video")
            ctx.respond(incoming, 488)
            return NONE
        ctx.respond(incoming, 200)
        mandate.record(ctx, forward.requester, ACTION, forward.video_id)
        self._forwards[forward.key] = forward
        self._account(forward)
        forward.targets = [Target(goal, ctx.ids.token()) for goal in goals]
        facts = NONE
        for target in forward.targets:
            facts += self._call(forward, target)
        self._keep(forward)
        return facts

    def on_media_changed(self, fact: MediaChanged) -> Facts:
        """The source may show something else now, or nothing."""
        asked = NONE
        for forward in self._forwards.values():
            if forward.source == fact.call:
                by_user = forward.video_id != forward.source
                domain = forward.speaker.domain
                party = wire_extension.identity(forward.video_id, domain) if by_user else None
                asked += (VideoSourceAsked(forward.key, forward.source, party),)
        return asked

    def _renew(self, key: str, media: bytes) -> Facts:
        """媒体变更: the targets are offered what the source shows now; a source that shows nothing is at its end."""
        forward = self._forwards.get(key)
        if forward is None or (media and streams_of(media) == streams_of(forward.media)):
            return NONE
        if not media:
            return self._end([forward], ReleaseCause.NORMAL)
        forward.media, facts = media, NONE
        for target in forward.targets:
            if target.leg is None and not target.over:
                facts += (VideoPushChanged(target.id, media),)
            self._catch_up(forward, target)
        self._keep(forward)
        return facts

    def _catch_up(self, forward: Forward, target: Target) -> None:
        leg = target.leg
        if leg is not None and leg.state is LegState.UP and leg.voice is not None:
            if leg.voice.codecs != forward.media:
                leg.voice.codecs = forward.media
                self._offer(leg)

    def _offer(self, leg: Leg) -> None:
        leg.drop(MEDIA)
        leg.want(self._ctx, Wish(Rank.MEDIA, MEDIA, leg.carry, direction="sendonly"))

    def _terminate(self, incoming: Incoming, who: Aor, video_id: str, call_id: str) -> Facts:
        """TC2-C 视频转发终止: whoever has the right ends all that come from this source."""
        ctx = self._ctx
        found = [
            f for f in self._forwards.values() if video_id in (f.video_id, f.source) and f.source == call_id
        ]
        if not found:
            raise Decline(481, f"nothing of {video_id} is forwarded")
        ctx.respond(incoming, 200)
        mandate.record(ctx, who, ACTION, video_id, "done")
        return self._end(found, ReleaseCause.NORMAL)

    def _end(self, forwards: list[Forward], cause: ReleaseCause) -> Facts:
        facts = NONE
        for forward in forwards:
            for target in forward.targets:
                facts += self._release(forward, target, cause)
            self._keep(forward)
        return facts

    def reported(self, incoming: Incoming) -> Facts:
        """The requester's H and V pass a result on to him."""
        ctx = self._ctx
        requester, speaker = path.called(ctx, incoming), path.asserted(incoming, ctx)
        role = path.entry(ctx, incoming, speaker, requester, known=False)
        self._pages.relay(incoming, path.next_hop(ctx, role, speaker, requester), speaker, requester)
        return NONE

    # --- the targets

    def _call(self, forward: Forward, target: Target) -> Facts:
        ctx, goal = self._ctx, target.goal
        if goal.is_group and ctx.directory.is_home(goal.aor):
            self._account_target(forward, target)
            return (VideoPushed(target.id, goal.aor, forward.speaker, forward.media),)
        try:
            hop = path.to_called(ctx, goal.aor, group=goal.is_group)
            if hop.attachment is not None and ctx.directory.engagements(goal.aor):
                raise Decline(486, f"{goal.aor} is in a call")
        except Decline as decline:
            self._account_target(forward, target)
            target.over = True
            self._settle(forward, target, decline.status)
            return NONE
        self._invite(forward, target, hop)
        return NONE

    def _invite(self, forward: Forward, target: Target, hop: Hop) -> None:
        ctx, called = self._ctx, target.goal.aor
        flow = path.flow_of(hop)
        from_, to = f"<{path.aor_uri(forward.speaker)}>", f"<{path.aor_uri(called)}>"
        domain = hop.peer.domain if hop.peer is not None else None
        leg = Leg.calling(ctx, Owner(NAME, forward.key), flow, called, domain, hop.uri, from_, to)
        leg.ptt = leg.ptt or (hop.attachment is not None and hop.attachment.ptt)
        target.leg = leg
        accounting.leg_named(ctx, forward.key, leg.key, target.id)
        request = leg.invite(ctx)
        request.headers.set("P-Asserted-Identity", from_)
        kind = CalledType.GROUP if target.goal.is_group else CalledType.USER
        setup = CallSetup(
            CallType.VIDEO_PUSH, caller=forward.speaker, online_call_id=target.id, called_type=kind
        )
        wire_call.write_setup(request, leg.wire, setup, called.domain)
        said = request.headers.get(leg.wire.extension) or ""
        said = wire_extension.append(said, leg.wire, (Param.VIDEO_ID, forward.source))
        request.headers.set(leg.wire.extension, said)
        leg.carry = ((leg.wire.extension, request.headers.lines(leg.wire.extension)[0]),)
        local = ctx.our_address(leg.flow).rpartition(":")[0].strip("[]")
        leg.voice = Voice.on(ctx, leg.flow.side, local or "127.0.0.1", forward.media)
        request.headers.set("Content-Type", "application/sdp")
        request.body = leg.voice.offer("sendonly")
        leg.send_invite(ctx, request)
        if hop.attachment is not None:
            ctx.directory.engage(called, leg.key)
        self._ring(forward, target)

    def _ring(self, forward: Forward, target: Target) -> None:
        purpose = f"{RING} {forward.targets.index(target)}"
        owner = Owner(NAME, forward.key, purpose)
        target.ring = self._ctx.start(self._ctx.durations.tring + 5.0, owner)

    def _release(self, forward: Forward, target: Target, cause: ReleaseCause) -> Facts:
        """End its call; one that was not answered yet is reported as timed out."""
        leg = target.leg
        if target.over:
            return NONE
        if target.result is None:
            self._settle(forward, target, 408)
        if leg is None:
            self._over(forward, target, cause)
            return (CallDismantled(target.id),)
        self._bye(leg, cause)
        return NONE

    def _bye(self, leg: Leg, cause: ReleaseCause) -> None:
        early = leg.state is LegState.EARLY
        fill = Request("CANCEL" if early else "BYE", "")
        wire_call.write_release(fill, leg.wire, cause, Token.CALL if early else None)
        (leg.cancel if early else leg.bye)(self._ctx, fill)

    def happened(self, happened: Happened) -> Facts:
        """An event of a target's leg."""
        leg = happened.leg
        forward = self._forwards.get(leg.call)
        target = forward.target_of(leg) if forward is not None else None
        if happened.what is What.INFORMED and happened.incoming is not None:
            self._ctx.respond(happened.incoming, 200)
        elif happened.what is What.OFFERED:
            leg.answer_as_before(self._ctx)
        elif happened.what is What.LOST:
            self._bye(leg, happened.cause)
        elif happened.purpose == MEDIA:
            pass
        elif happened.what is What.ANSWERED and forward is not None and target is not None:
            self._answered(forward, target, leg)
        elif (
            happened.what is What.REFUSED
            and happened.purpose == ""
            and forward is not None
            and target is not None
        ):
            silent = happened.message is None and happened.status == 503
            self._settle(forward, target, 480 if silent else happened.status)
        if forward is not None and target is not None:
            if leg.state is LegState.ENDED:
                target.over = True
                self._ctx.directory.disengage(target.goal.aor, leg.key)
            self._keep(forward)
        return NONE

    def _answered(self, forward: Forward, target: Target, leg: Leg) -> None:
        """A 200 that crossed our CANCEL gets its BYE."""
        if target.result is None:
            self._settle(forward, target, 200)
            self._catch_up(forward, target)
        elif target.result is not Result.SUCCESS:
            self._bye(leg, ReleaseCause.NORMAL)

    # --- what others know

    def on_video_answered(self, fact: VideoAnswered) -> Facts:
        """A group of this TCF took the push, or did not."""
        for forward in list(self._forwards.values()):
            for target in forward.targets:
                if target.id == fact.call and target.result is None:
                    target.over = target.over or fact.status >= 300
                    self._settle(forward, target, fact.status)
                    self._keep(forward)
        return NONE

    def on_call_ended(self, fact: CallEnded) -> Facts:
        """The source is over, or a group's call that we made."""
        for forward in list(self._forwards.values()):
            for target in forward.targets:
                if target.id == fact.call and not target.over:
                    self._over(forward, target, ReleaseCause.NORMAL)
                    self._keep(forward)
        return self._end([f for f in self._forwards.values() if f.source == fact.call], ReleaseCause.NORMAL)

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """Reports that waited for the requester's home go out."""
        for forward in list(self._forwards.values()):
            if forward.requester.domain == fact.domain:
                for purpose in [purpose for purpose in forward.timers if purpose.startswith(AGAIN)]:
                    self._report(forward, forward.targets[int(purpose.split(" ")[1])])
        return NONE

    # --- results

    def _settle(self, forward: Forward, target: Target, status: int) -> None:
        """Its result is known now, for good."""
        if target.ring is not None:
            target.ring.cancel()
            target.ring = None
        target.result = _result(status)
        self._ctx.meters.count("opentcf_video_forwards_total", target.result.name.lower())
        name = target.leg.key if target.leg is not None else target.id
        if status >= 300:
            accounting.leg_over(self._ctx, forward.key, name, None, status)
        else:
            accounting.leg_up(self._ctx, forward.key, name)
            accounting.up(self._ctx, forward.key)
        self._report(forward, target)

    def _report(self, forward: Forward, target: Target) -> None:
        """To the requester; who cannot be reached now is tried again. TC2-C 视频转发结果上报."""
        ctx, requester, number = self._ctx, forward.requester, forward.targets.index(target)
        assert target.result is not None
        self._stop(forward, f"{AGAIN} {number}")
        try:
            hop = path.to_called(ctx, requester)
        except Decline:
            self._report_later(forward, target)
            return
        request = self._pages.new(hop, forward.speaker, requester)
        told = Report(forward.video_id, target.goal, target.result, forward.request)
        wire = ctx.peer_wire(hop.peer.domain if hop.peer else None)
        params = wire_video.report(wire, told, requester.domain)
        wire_extension.write(request, wire, Token.VIDEO_REPORT, *params)
        self._pages.send(request, hop, forward.key, f"{REPORT} {number}")

    def _report_later(self, forward: Forward, target: Target) -> None:
        number = forward.targets.index(target)
        if self._ctx.wall - forward.began > REPORT_FOR:
            self._ctx.notice("report_lost", video=forward.video_id, target=str(target.goal.aor))
            target.reported = True
        else:
            purpose = f"{AGAIN} {number}"
            forward.timers[purpose] = self._ctx.start(REPEAT, Owner(NAME, forward.key, purpose))

    def _stop(self, forward: Forward, purpose: str) -> None:
        timer = forward.timers.pop(purpose, None)
        if timer is not None:
            timer.cancel()

    # --- for the call records

    def _account(self, forward: Forward) -> None:
        setup = CallSetup(CallType.VIDEO_PUSH, online_call_id=forward.source)
        about = About.of(setup, ROLE, forward.requester, forward.speaker, group=False)
        accounting.note(self._ctx, forward.key, about)

    def _account_target(self, forward: Forward, target: Target) -> None:
        """One to whom no leg of ours leads: a group of this very TCF, or nobody is there."""
        if self._ctx.accounted:
            account = LegAccount(str(target.goal.aor), "", "out", "", self._ctx.wall, call=target.id)
            accounting.leg_began(self._ctx, forward.key, target.id, account)

    def _over(self, forward: Forward, target: Target, cause: ReleaseCause) -> None:
        """The call of a group of this very TCF is."""
        target.over = True
        accounting.leg_over(self._ctx, forward.key, target.id, cause)

    @property
    def keys(self) -> frozenset[str]:
        """Of those that go on."""
        return frozenset(self._forwards)

    # --- what is kept

    def _keep(self, forward: Forward) -> None:
        """In the store as it is; when nothing is left of it, no more."""
        if all(target.over for target in forward.targets):
            accounting.over(self._ctx, forward.key, ReleaseCause.NORMAL)
        if forward.over:
            self._forwards.pop(forward.key, None)
        self._ctx.save(NAME, forward.key, None if forward.over else forward.row(self._ctx))

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to an order that was passed on, or to a report."""
        if outcome.status < 200 or mandate.passed_back(self._ctx, self._pages, outcome):
            return NONE
        relayed = self._pages.answered(outcome)
        if relayed is not None:
            self._pages.pass_back(relayed, outcome)
            return NONE
        word, _, number = outcome.owner.purpose.partition(" ")
        forward = self._forwards.get(outcome.owner.key)
        if forward is None or word != REPORT:
            return NONE
        target = forward.targets[int(number)]
        later = outcome.response is None or outcome.status in (408, 480) or 500 <= outcome.status < 600
        if later:
            self._report_later(forward, target)
        else:
            target.reported = True
        self._keep(forward)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """A target does not answer, or a report is due again."""
        forward = self._forwards.get(owner.key)
        if forward is None:
            return NONE
        word, _, number = owner.purpose.partition(" ")
        target = forward.targets[int(number)]
        if word == AGAIN:
            self._report(forward, target)
        elif target.result is None:
            self._release(forward, target, ReleaseCause.NO_ANSWER)
        self._keep(forward)
        return NONE

    def load(self, rows: dict[str, Value]) -> Facts:
        """Go on from what the store held; a source that is over ends what comes of it."""
        for key, row in rows.items():
            self._forwards[key] = Forward.read(key, row, self._ctx)
        for forward in list(self._forwards.values()):
            for target in forward.targets:
                self._revive(forward, target)
            self._keep(forward)
        gone = [f for f in self._forwards.values() if self._ctx.directory.running_call(f.source) is None]
        return self._end(gone, ReleaseCause.PEER_DOWN)

    def _revive(self, forward: Forward, target: Target) -> None:
        leg = target.leg
        if leg is not None and leg.peer is None:
            self._ctx.directory.engage(target.goal.aor, leg.key)
        if leg is not None and leg.state is LegState.RELEASING:
            leg.state = LegState.UP
            self._bye(leg, ReleaseCause.NORMAL)
        elif leg is not None and leg.state is LegState.UP and leg.ours is not None:
            leg.take_back(self._ctx)
            self._offer(leg)
        elif leg is not None and leg.state is LegState.EARLY and leg.ours is None:
            leg.end(self._ctx)
            target.over = True
        elif leg is None and self._ctx.directory.running_call(target.id) is None:
            target.over = True
        if target.result is not None and not target.reported:
            self._report(forward, target)
        elif target.result is None and target.over:
            self._settle(forward, target, 480)
        elif target.result is None:
            self._ring(forward, target)

    def __len__(self) -> int:
        return len(self._forwards)


def _video_of(media: bytes) -> bytes:
    """The video alone; empty when there is none that can be used."""
    try:
        described = Sdp.parse(media) if media else None
    except RemoteError:
        return b""
    streams = (
        tuple(m for m in described.media if m.kind == "video" and m.is_rtp) if described is not None else ()
    )
    if described is None or not streams:
        return b""
    return from_source(Sdp(described.origin, described.lines, streams).render())


def _result(status: int) -> Result:
    """How a target's answer is reported."""
    if status < 300:
        return Result.SUCCESS
    if status == 404:
        return Result.UNKNOWN
    if status == 408:
        return Result.TIMEOUT
    return Result.UNREACHABLE if status in (480, 503) else Result.REFUSED
