"""One torture message and what is to become of it."""

from typing import NamedTuple

from tests.sip.decode import Verdict

SDP = (
    b"v=0\r\no=- 88120 1 IN IP4 198.51.100.31\r\ns=-\r\nc=IN IP4 198.51.100.31\r\nt=0 0\r\n"
    b"m=audio 41000 RTP/AVP 0 18\r\nm=video 41002 RTP/AVP 34\r\na=rtpmap:34 H263/90000\r\n"
)


class Case(NamedTuple):
    """`decoded` is the verdict of the parser and all decoders together.

    `answers` are the final statuses that a server may give; OK stands for whatever it answers to the same request
    without the oddity, None for no answer. Where the standard leaves a choice there are several, the strict one first.
    `stream` are those over TCP, where a message must also be framed.
    """

    name: str
    section: str
    title: str
    data: bytes
    decoded: Verdict
    answers: tuple[Verdict, ...]
    stream: tuple[Verdict, ...]


def case(
    name: str,
    section: str,
    title: str,
    data: bytes,
    decoded: Verdict,
    answers: Verdict | tuple[Verdict, ...] = "as decoded",
    stream: Verdict | tuple[Verdict, ...] = "as datagram",
) -> Case:
    """A case whose answers are, unless told, what the decoders say, over a stream as in a datagram."""
    expected = _several(decoded if answers == "as decoded" else answers)
    return Case(
        name,
        section,
        title,
        data,
        decoded,
        expected,
        expected if stream == "as datagram" else _several(stream),
    )


def _several(verdicts: Verdict | tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return verdicts if isinstance(verdicts, tuple) else (verdicts,)


def wire(*lines: str, body: bytes = b"") -> bytes:
    """Lines exactly as given, then the body; nothing is added."""
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + b"\r\n" + body
