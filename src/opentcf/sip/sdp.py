"""Session descriptions (RFC 8866) and as much of offer and answer (RFC 3264) as calls need."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal

SENDRECV, SENDONLY, RECVONLY, INACTIVE = "sendrecv", "sendonly", "recvonly", "inactive"
"""Directions, as the writer of a description sees them."""
_BY_BITS = (INACTIVE, SENDONLY, RECVONLY, SENDRECV)
_SENDS = (SENDRECV, SENDONLY)
_BITS = {direction: bits for bits, direction in enumerate(_BY_BITS)}
_REVERSED = {SENDRECV: SENDRECV, SENDONLY: RECVONLY, RECVONLY: SENDONLY, INACTIVE: INACTIVE}
_DIRECTION_LINES = {f"a={direction}": direction for direction in _BITS}
_RTP = frozenset(("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"))
_CODEC = ("a=rtpmap:", "a=fmtp:", "a=ptime:", "a=maxptime:", "a=rtcp-fb:")
_STATIC = {
    "0": "pcmu/8000", "3": "gsm/8000", "4": "g723/8000", "8": "pcma/8000", "9": "g722/8000", "18": "g729/8000",
    "31": "h261/90000", "34": "h263/90000",
}  # fmt: skip
"""Payload types that need no a=rtpmap (RFC 3551 §6)."""
_AIDS = ("telephone-event/", "cn/", "red/", "rtx/", "ulpfec/")
"""What goes along with a codec and is none."""
_LINE = re.compile(r"[a-z]=[^\r\0]*\Z")
_OF_FORMAT = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+) ")
_RAW_ORIGIN = re.compile(rb"(?:\A|\n)o=([^\r\n]*)")
_VERSION = re.compile(rb"(?:\A|\n)o=(\S+ \S+) ([0-9]{1,20}) ([^\r\n]*)")
_RAW_DIRECTION = re.compile(rb"\na=(sendrecv|sendonly|recvonly|inactive)(?=\r?\n|\r?\Z)")


class Origin:
    """The o= line; `rest` is network type, address type and address."""

    __slots__ = ("rest", "session_id", "username", "version")

    def __init__(self, username: str, session_id: int, version: int, rest: str) -> None:
        self.username = username
        self.session_id = session_id
        self.version = version
        self.rest = rest

    @classmethod
    def parse(cls, value: str) -> "Origin":
        """Read what follows `o=`."""
        words = value.split(" ")
        if len(words) != 6 or not all(words):
            raise RemoteError(400, f"bad SDP origin {value[:60]!r}")
        session_id = decimal(words[1], 2**64, "the SDP session id")
        return cls(words[0], session_id, decimal(words[2], 2**64, "the SDP version"), " ".join(words[3:]))

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {self.rest}"

    def __repr__(self) -> str:
        return f"<Origin {self}>"


class Media:
    """One stream: the m= line and the raw lines below it. Port 0 means refused or ended (RFC 3264 §6, §8.2).

    `inherited` is the direction that the session gives to streams which name none.
    """

    __slots__ = ("count", "formats", "inherited", "kind", "lines", "port", "protocol")

    def __init__(
        self,
        kind: str,
        port: int,
        protocol: str,
        formats: tuple[str, ...],
        lines: tuple[str, ...] = (),
        inherited: str = SENDRECV,
        count: str = "",
    ) -> None:
        self.kind = kind
        self.port = port
        self.count = count
        self.protocol = protocol
        self.formats = formats
        self.lines = lines
        self.inherited = inherited

    @classmethod
    def parse(cls, value: str, lines: tuple[str, ...], inherited: str) -> "Media":
        """Read what follows `m=`."""
        words = value.split()
        if len(words) < 4:
            raise RemoteError(400, f"bad SDP media {value[:60]!r}")
        port, _, count = words[1].partition("/")
        return cls(
            words[0],
            decimal(port, 65_536, "the SDP port"),
            words[2],
            tuple(words[3:]),
            lines,
            inherited,
            count,
        )

    @property
    def direction(self) -> str:
        """Its own, else the session's, else sendrecv (RFC 8866 §6.7)."""
        return _direction(self.lines, self.inherited)

    @property
    def is_rtp(self) -> bool:
        """Is it in use, and of a kind that calls here consist of?"""
        return self.port != 0 and self.protocol.upper() in _RTP

    def encodings(self) -> dict[str, str]:
        """Each of its formats → what that is, `pcma/8000`."""
        mapped = (value.split() for value in self.attributes("rtpmap"))
        names = _STATIC | {words[0]: words[1].lower() for words in mapped if len(words) > 1}
        return {number: names.get(number, number) for number in self.formats}

    def limited(self, known: frozenset[str]) -> "Media":
        """As much of it as is among the `known` encodings; refused when no codec is left."""
        found = self.encodings()
        kept = tuple(number for number in self.formats if found[number] in known)
        if not any(not found[number].startswith(_AIDS) for number in kept):
            return Media(self.kind, 0, self.protocol, self.formats)
        if kept == self.formats:
            return self
        told = {None, *kept}
        lines = tuple(line for line in self.lines if _told_of(line) in told)
        return Media(self.kind, self.port, self.protocol, kept, lines, self.inherited, self.count)

    def attributes(self, name: str) -> list[str]:
        """The values of the stream's attributes of that name; empty for one without value."""
        found = (line[2:].partition(":") for line in self.lines if line.startswith("a="))
        return [value for key, _, value in found if key == name]

    def with_direction(self, direction: str) -> "Media":
        """The same stream with its direction spelled out; a refused one needs none."""
        lines = tuple(line for line in self.lines if line not in _DIRECTION_LINES)
        if self.port:
            lines += (f"a={direction}",)
        return Media(self.kind, self.port, self.protocol, self.formats, lines, SENDRECV, self.count)

    def __str__(self) -> str:
        port = f"{self.port}/{self.count}" if self.count else str(self.port)
        return "\r\n".join((f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}", *self.lines))

    def __repr__(self) -> str:
        return f"<Media {self.kind} {self.port} {self.direction}>"


class Sdp:
    """A session description. `lines` are the session's raw lines without `o=`, which stands second."""

    __slots__ = ("lines", "media", "origin")

    def __init__(self, origin: Origin, lines: tuple[str, ...], media: tuple[Media, ...]) -> None:
        self.origin = origin
        self.lines = lines
        self.media = media

    @classmethod
    def parse(cls, body: bytes) -> "Sdp":
        """Read a body; RemoteError 400 when it is malformed. Lines of unknown types are kept."""
        lines = body.decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n").split("\n")
        wrong = next((line for line in lines if not _LINE.match(line)), None)
        if wrong is not None:
            raise RemoteError(400, f"bad SDP line {wrong[:60]!r}")
        starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
        session = lines[: starts[0]] if starts else lines
        if len(session) < 2 or session[0] != "v=0" or not session[1].startswith("o="):
            raise RemoteError(400, "an SDP body begins with v=0 and o=")
        origin = Origin.parse(session.pop(1)[2:])
        inherited = _direction(session, SENDRECV)
        media = [
            Media.parse(lines[start][2:], tuple(lines[start + 1 : end]), inherited)
            for start, end in zip(starts, [*starts[1:], len(lines)])
        ]
        return cls(origin, tuple(session), tuple(media))

    def render(self) -> bytes:
        """The body."""
        lines = (self.lines[0], f"o={self.origin}", *self.lines[1:], *map(str, self.media), "")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")

    @property
    def direction(self) -> str:
        """The direction of the first stream in use; inactive when there is none."""
        return next((media.direction for media in self.media if media.port), INACTIVE)

    def with_direction(self, direction: str) -> "Sdp":
        """The same description with one direction for all streams; what changed needs a new version too."""
        lines = tuple(line for line in self.lines if line not in _DIRECTION_LINES)
        return Sdp(self.origin, lines, tuple(media.with_direction(direction) for media in self.media))

    def next_version(self) -> "Sdp":
        """The same description with its version counted up: a must with any change (RFC 3264 §8)."""
        old = self.origin
        return Sdp(Origin(old.username, old.session_id, old.version + 1, old.rest), self.lines, self.media)

    def __repr__(self) -> str:
        return f"<Sdp {self.origin.version} {list(self.media)}>"


def reverse(direction: str) -> str:
    """The same direction as the other side sees it."""
    return _REVERSED[direction]


def narrow(wanted: str, offered: str) -> str:
    """As much of the wanted direction as an offer allows (RFC 3264 §6.1): what it does not receive is not sent."""
    return _BY_BITS[_BITS[wanted] & _BITS[_REVERSED[offered]]]


class Stream(NamedTuple):
    """A stream in use: `audio` or `video`, its encodings, and whether it is halted (`inactive`)."""

    kind: str
    encodings: frozenset[str]
    halted: bool


@lru_cache(64)
def streams_of(body: bytes) -> tuple[Stream, ...]:
    """The streams in use of a description, wherever they come from and go; RemoteError 400 when it is malformed."""
    media = (m for m in Sdp.parse(body).media if m.is_rtp)
    return tuple(Stream(m.kind, frozenset(m.encodings().values()), m.direction == INACTIVE) for m in media)


def flowing(body: bytes) -> bytes:
    """The same streams, none of them halted: each goes whichever way it is needed."""
    return Sdp.parse(body).with_direction(SENDRECV).render() if body else body


def from_source(body: bytes) -> bytes:
    """What a source shows: a stream that it does not send is halted (`inactive`), the others flow."""
    described = Sdp.parse(body)
    media = [m.with_direction(SENDRECV if m.direction in _SENDS else INACTIVE) for m in described.media]
    return Sdp(described.origin, described.lines, tuple(media)).render()


def answer(
    offered: Sdp,
    *,
    host: str,
    ports: Iterable[int],
    session_id: int,
    version: int,
    direction: str,
    known: Iterable[Stream] | None = None,
) -> Sdp:
    """An answer that takes the codecs of the offer (which are `known`), each RTP stream at the next of `ports`.

    Other streams, and those for which no port is left, are refused with port 0 (RFC 3264 §6); RemoteError 488 when
    no stream remains. `direction` is narrowed to what the offer allows, stream by stream.
    """
    free = iter(ports)
    wanted = offered.media if known is None else _limited(offered.media, known)
    media = [_take(stream, next(free, 0) if stream.is_rtp else 0, direction) for stream in wanted]
    if not any(stream.port for stream in media):
        raise RemoteError(488, "no stream of the offer can be used")
    time = next(
        (line for line in offered.lines if line.startswith("t=")), "t=0 0"
    )  # RFC 3264 §6: the same t= line
    return _description(host, session_id, version, time, media)


def offer(
    codecs_from: Sdp, *, host: str, ports: Iterable[int], session_id: int, version: int, direction: str
) -> Sdp:
    """An offer of our own with the streams and codecs of another description, its closed ones closed and its halted
    ones halted; RemoteError 488 when it has none."""
    free = iter(ports)
    placed = [(stream, next(free, 0) if stream.is_rtp else 0) for stream in codecs_from.media]
    media = [_offered(stream, port, direction) for stream, port in placed]
    if not any(stream.port for stream in media):
        raise RemoteError(488, "there is no stream to offer")
    return _description(host, session_id, version, "t=0 0", media)


class Outline:
    """Offers that differ in their o= line and ports alone: the codecs of another description, rendered once."""

    __slots__ = ("_first", "_open", "_second", "_streams")

    def __init__(self, codecs_from: Sdp, host: str, direction: str) -> None:
        ports = range(1, len(codecs_from.media) + 1)
        self._open = [stream.is_rtp for stream in codecs_from.media]
        made = offer(codecs_from, host=host, ports=ports, session_id=0, version=0, direction=direction)
        self._first = f"{made.lines[0]}\r\no={made.origin.username} "
        self._second = "\r\n".join((f" {made.origin.rest}", *made.lines[1:], ""))
        self._streams = [str(stream).split(f" {stream.port} ", 1) for stream in made.media]

    def fill(self, ports: Iterable[int], session_id: int, version: int) -> bytes:
        """As `offer` would render it; streams for which no port is left are closed."""
        free = iter(ports)
        streams = [
            _at(kind, rest, next(free, 0) if is_open else 0)
            for (kind, rest), is_open in zip(self._streams, self._open, strict=True)
        ]
        text = f"{self._first}{session_id} {version}{self._second}{''.join(streams)}"
        return text.encode("utf-8", "surrogateescape")


def _at(kind: str, rest: str, port: int) -> str:
    """A stream at a port; a closed one needs no attributes."""
    said = rest if port else rest.partition("\r\n")[0]
    return f"{kind} {port} {said}\r\n"


@lru_cache(64)
def outline(codecs_from: bytes, host: str, direction: str) -> Outline:
    """The outline of offers with the codecs of that body; RemoteError as `offer` raises it."""
    return Outline(Sdp.parse(codecs_from), host, direction)


def same_description(one: bytes, other: bytes) -> bool:
    """Is the second body only a refresh of the first? The o= line decides (RFC 3264 §8, RFC 4028 §7.4), and the
    direction, because there are phones that hold a call without counting the version.
    """
    first, second = _RAW_ORIGIN.search(one), _RAW_ORIGIN.search(other)
    if first is None or second is None or first[1] != second[1]:
        return False
    return one == other or direction_of(one) == direction_of(other)


def same_media(one: bytes, other: bytes) -> bool:
    """Do two descriptions say the same but for their o= line?"""
    return _RAW_ORIGIN.sub(b"", one) == _RAW_ORIGIN.sub(b"", other)


def continued(body: bytes, before: bytes) -> bytes:
    """`body` as the next version of the description `before`: the same o= line, counted up (RFC 3264 §8)."""
    old, new = _VERSION.search(before), _RAW_ORIGIN.search(body)
    if old is None or new is None:
        return body
    origin = b"%s %d %s" % (old[1], int(old[2]) + 1, old[3])
    return body[: new.start(1)] + origin + body[new.end(1) :]


def direction_of(body: bytes) -> str:
    """`Sdp.parse(body).direction` at a tenth of the price; any bytes give some direction."""
    session, *streams = body.split(b"\nm=")
    for stream in streams:
        words = stream.split(None, 2)
        if len(words) < 2 or words[1].partition(b"/")[0].strip(b"0"):
            found = _RAW_DIRECTION.search(stream) or _RAW_DIRECTION.search(session)
            return found[1].decode() if found else SENDRECV
    return INACTIVE


def shows(body: bytes) -> bool:
    """Has a description video that its writer sends? Any bytes give some answer."""
    try:
        described = Sdp.parse(body)
    except RemoteError:
        return False
    return any(m.kind == "video" and m.is_rtp and m.direction in _SENDS for m in described.media)


def _direction(lines: Iterable[str], otherwise: str) -> str:
    return next((_DIRECTION_LINES[line] for line in lines if line in _DIRECTION_LINES), otherwise)


def _limited(media: Iterable[Media], known: Iterable[Stream]) -> list[Media]:
    """Each stream with the codecs of the first known one of its kind that is left."""
    left, found = list(known), []
    for stream in media:
        match = next((one for one in left if one.kind == stream.kind), None) if stream.is_rtp else None
        if match is not None:
            left.remove(match)
        found.append(stream.limited(match.encodings if match is not None else frozenset()))
    return found


def _told_of(line: str) -> str | None:
    """The format that an attribute is about, if it is about one."""
    about = _OF_FORMAT.match(line)
    return about[1] if about is not None else None


def _offered(stream: Media, port: int, direction: str) -> Media:
    if not port:
        return Media(stream.kind, 0, stream.protocol, stream.formats)
    return _place(stream, port, INACTIVE if stream.direction == INACTIVE else direction)


def _take(stream: Media, port: int, direction: str) -> Media:
    if not port:
        return Media(stream.kind, 0, stream.protocol, stream.formats)
    return _place(stream, port, narrow(direction, stream.direction))


def _place(stream: Media, port: int, direction: str) -> Media:
    codecs = tuple(line for line in stream.lines if line.startswith(_CODEC))
    return Media(stream.kind, port, stream.protocol, stream.formats, (*codecs, f"a={direction}"))


def _description(host: str, session_id: int, version: int, time: str, media: Iterable[Media]) -> Sdp:
    address = f"IN {'IP6' if ':' in host else 'IP4'} {host}"
    return Sdp(Origin("-", session_id, version, address), ("v=0", "s=-", f"c={address}", time), tuple(media))
