"""The streams of those who were inserted into a full-duplex call, as further m= lines of the parties' descriptions.

A line once there stays (RFC 3264 §8): when its owner leaves, its port is 0. Where a party refused it, it never was.
"""

from __future__ import annotations

from collections.abc import Mapping

from opentcf.sip.sdp import SENDRECV, Media, Origin, Sdp, continued, reverse

Slots = Mapping[int, Media]
"""Which lines of a description are not the other party's, and what stands there."""


def stream_of(body: bytes) -> Media:
    """The stream that the other side hears and sends to, with its own address; there is one, as was checked."""
    described = Sdp.parse(body)
    stream = next((media for media in described.media if media.is_rtp), described.media[0])
    return _addressed(described, stream)


def closed(stream: Media) -> Media:
    """What is left of it when its owner is gone."""
    return Media(stream.kind, 0, stream.protocol, stream.formats)


def with_slots(body: bytes, slots: Slots) -> bytes:
    """Our own description `body` with those lines as they are now, as its next version."""
    described = Sdp.parse(body)
    core = [media for index, media in enumerate(described.media) if index not in slots]
    return _joined(described, core, slots).next_version().render()


def exchanged(body: bytes, theirs: Slots, ours: Slots) -> bytes:
    """What one party said, for the other: without the lines that are not its own, with those of the other leg."""
    described = Sdp.parse(body)
    core = [media for index, media in enumerate(described.media) if index not in theirs]
    return _joined(described, core, ours).render()


def answer_for(guest: bytes, party: bytes, index: int, before: bytes, session_id: int) -> bytes:
    """To the offer `guest`: its stream is heard by the party whose description has it at `index`, others are not."""
    offered, told = Sdp.parse(guest), Sdp.parse(party)
    taken = _addressed(told, told.media[index]) if index < len(told.media) else None
    media, left = [], taken
    for stream in offered.media:
        if stream.is_rtp and left is not None and left.port:
            direction = reverse(stream.direction) if stream.direction != SENDRECV else left.direction
            media.append(left.with_direction(direction))
            left = None
        else:
            media.append(closed(stream))
    address = next((line for line in told.lines if line.startswith("c=")), "c=IN IP4 127.0.0.1")
    origin = Origin("-", session_id, 1, address[2:])
    body = Sdp(origin, ("v=0", "s=-", address, "t=0 0"), tuple(media)).render()
    return continued(body, before) if before else body


def is_taken(party: bytes, index: int) -> bool:
    """Does a party's answer accept the line?"""
    media = Sdp.parse(party).media if party else ()
    return index < len(media) and media[index].port != 0


def _joined(described: Sdp, core: list[Media], slots: Slots) -> Sdp:
    media = list(core)
    for index in sorted(slots):
        media.insert(index, slots[index])
    return Sdp(described.origin, described.lines, tuple(media))


def _addressed(described: Sdp, stream: Media) -> Media:
    """With a c= line of its own (RFC 8866 §5.7)."""
    if any(line.startswith("c=") for line in stream.lines):
        return stream
    address = tuple(line for line in described.lines if line.startswith("c="))
    lines = (*address, *stream.lines)
    return Media(
        stream.kind, stream.port, stream.protocol, stream.formats, lines, stream.inherited, stream.count
    )
