"""One order to forward video: its targets, what became of each, and what of that was reported."""

from __future__ import annotations

from opentcf.btrunc.video import Goal
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.services import leg_record
from opentcf.services.context import Context
from opentcf.services.leg import Leg, LegState
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Owner

NAME = "video_forward"


class Target:
    """A call to a user or group. `id` is its OnlineCallID; `leg` is None for a group of this very TCF.

    `result` is None until it is known; `reported`: the requester has it. `over`: the call is.
    """

    __slots__ = ("goal", "id", "leg", "over", "reported", "result", "ring")

    def __init__(self, goal: Goal, call_id: str) -> None:
        self.goal = goal
        self.id = call_id
        self.leg: Leg | None = None
        self.result: Result | None = None
        self.reported = False
        self.over = False
        self.ring: Timer | None = None


class Forward:
    """At the TCF that controls the source. `source` is its OnlineCallID, `speaker` whom the targets' calls come from;
    `video_id` is what the requester called it."""

    __slots__ = (
        "began", "key", "media", "request", "requester", "source", "speaker", "targets", "timers", "video_id",
    )  # fmt: skip

    def __init__(self, key: str, requester: Aor, request: str, source: str, video_id: str) -> None:
        self.key = key
        self.requester = requester
        self.request = request
        self.source = source
        self.video_id = video_id
        self.speaker = requester
        self.media = b""
        self.began = 0.0
        self.targets: list[Target] = []
        self.timers: dict[str, Timer] = {}

    @property
    def over(self) -> bool:
        """Is nothing left to be ended or said?"""
        return all(target.over and target.reported for target in self.targets)

    def target_of(self, leg: Leg) -> Target | None:
        """Whose leg is this?"""
        return next((target for target in self.targets if target.leg is leg), None)

    def row(self, ctx: Context) -> dict[str, Value]:
        """As it is stored."""
        return {
            "v": 1,
            "requester": str(self.requester),
            "request": self.request,
            "source": self.source,
            "video_id": self.video_id,
            "speaker": str(self.speaker),
            "media": self.media.decode("latin-1"),
            "began": self.began,
            "targets": [_target_row(target, ctx) for target in self.targets],
        }

    @classmethod
    def read(cls, key: str, row: dict[str, Value], ctx: Context) -> Forward:
        """The reverse; the legs revive their open INVITEs."""
        found = cls(key, Aor.parse(row["requester"]), row["request"], row["source"], row["video_id"])
        found.speaker, found.began = Aor.parse(row["speaker"]), row["began"]
        found.media = row["media"].encode("latin-1")
        for aor, is_group, call_id, result, reported, over, leg in row["targets"]:
            target = Target(Goal(Aor.parse(aor), is_group), call_id)
            target.result = None if result is None else Result(result)
            target.reported, target.over = reported, over
            if leg is not None:
                target.leg = leg_record.read(ctx, Owner(NAME, key), leg)
            found.targets.append(target)
        return found


def _target_row(target: Target, ctx: Context) -> list[Value]:
    leg = target.leg
    kept = leg is not None and leg.state is not LegState.ENDED
    return [
        str(target.goal.aor),
        target.goal.is_group,
        target.id,
        None if target.result is None else int(target.result),
        target.reported,
        target.over,
        leg_record.write(leg, ctx) if kept and leg is not None else None,
    ]
