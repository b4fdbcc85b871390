"""What calls consist of, as a terminal describes them."""

from opentcf.model.call import CallType

STREAMS: dict[CallType, tuple[str, ...]] = {
    CallType.PRIVATE_AUDIO_VIDEO: ("audio", "video"),
    CallType.GROUP_AUDIO_VIDEO: ("audio", "video"),
    CallType.PRIVATE_VIDEO: ("video",),
    CallType.VIDEO_PULL: ("video",),
    CallType.VIDEO_PUSH: ("video",),
    CallType.VIDEO_MULTICAST: ("video",),
}
"""What a call of a type consists of, unless it is audio alone."""
AUDIO = ("audio",)
DIRECTIONS: dict[CallType, str] = {
    CallType.AMBIENCE: "recvonly",
    CallType.VIDEO_PULL: "recvonly",
    CallType.VIDEO_PUSH: "sendonly",
}
"""In which direction a call's media go as its caller sees it, unless in both."""


def changed(before: tuple[str, ...], kind: CallType) -> tuple[str, ...]:
    """The streams of a call that becomes another kind: what is not wanted any more is closed, a line once there stays
    (RFC 3264 §8)."""
    wanted = STREAMS.get(kind, AUDIO)
    kept = tuple(stream if stream in wanted else "" for stream in before)
    return (*kept, *(stream for stream in wanted if stream not in before))
