"""Damaged messages. Every one can be made again from the seed and its number alone."""

import re
from collections.abc import Callable, Sequence
from random import Random

NUMBERS: tuple[bytes, ...] = (
    b"",
    b"0",
    b"-1",
    b"00000000000000000001",
    b"255",
    b"256",
    b"65536",
    b"2147483647",
    b"2147483648",
)
NUMBERS += (
    b"4294967296",
    b"18446744073709551616",
    b"9" * 400,
    b"9" * 5000,
    b"1e9",
    b"0x10",
    b"1.5",
    "٣".encode(),
)
MARKS: tuple[bytes, ...] = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\0",
    b"\t",
    b"\x0b",
    b"\x1b",
    b"\x7f",
    b"\\",
    b'"',
    b"'",
)
MARKS += (
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"=",
    b"@",
    b"%",
    b"%00",
    b"%0d%0a",
    b"%zz",
    b"?",
    b"&",
    b"/",
    b"[",
    b"]",
    b"*",
)
MARKS += (b" ", b"  ", b"(", b")", b"\xc2\xa0", b"\xe2\x80\xa8", b";;", b",,", b"<<", b"lr", b"SIP/2.0")
BAD_UTF_8: tuple[bytes, ...] = (
    b"\x80",
    b"\xff",
    b"\xfe\xff",
    b"\xc0\xaf",
    b"\xc3",
    b"\xe4\xb8",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
)
BAD_UTF_8 += (b"\xf0\x9f\x98", b"\xef\xbf\xbf", b"\xef\xbb\xbf")
LINES = (
    b"Content-Length: 5",
    b"l: -5",
    b"Via: SIP/2.0/UDP [::1",
    b"v: SIP/2.0/TCP a;branch=",
    b"Contact: *",
    b"m: <tel:+1>, mailto:x@y",
    b'From: "\\" <sip:a@b>',
    b"CSeq: 1",
    b"Require: , ,",
    b"Session-Expires: 0;refresher",
    b"Authorization: Digest",
    b'Authorization: Digest username="\xff", realm="core1.example", nonce=, uri="", response=""',
    b'WWW-Authenticate: Digest qop=",,", realm=x, nonce=y',
    b"Content-Type: application/sdp",
    b"Content-Type: multipart/mixed;boundary=",
    b"Route: <sip:;lr>",
    b"Expires: \xe2\x91\xa0",
    b'Ptt-Extension: pttcall;calltype=\xd9\xa3;UDN="\\',
    b" folded",
    b":",
)
_NUMBER = re.compile(rb"[0-9]+")

Damage = Callable[[Random, bytes, Sequence[bytes]], bytes]


def flip(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Some bits change."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def splice(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """The beginning of one message and the end of another."""
    other = random.choice(corpus)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


def truncate(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """The end is lost, or the beginning."""
    at = random.randint(0, len(data))
    return data[:at] if random.random() < 0.8 else data[at:]


def duplicate(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A piece comes again, sometimes very often."""
    start = random.randint(0, len(data))
    end = min(len(data), start + random.randint(1, 60))
    times = random.choice((1, 1, 2, 5, 300))
    return data[:end] + data[start:end] * times + data[end:]


def delete(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A piece is missing."""
    start = random.randint(0, len(data))
    return data[:start] + data[start + random.randint(1, 40) :]


def blow_up(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A number becomes one that nobody expects."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    match = random.choice(found)
    return data[: match.start()] + random.choice(NUMBERS) + data[match.end() :]


def mark(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A line end, a NUL or a character that means something, put in or in the place of another."""
    at = random.randint(0, len(data))
    return data[:at] + random.choice(MARKS) + data[at + random.randint(0, 1) :]


def garble(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Bytes that are no UTF-8, or of a kind that surprises."""
    at = random.randint(0, len(data))
    return data[:at] + random.choice(BAD_UTF_8) + data[at + random.randint(0, 2) :]


def line(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A line is put in, doubled, lost, or changes places with another, also one of another message."""
    lines = data.split(b"\r\n")
    at, other = random.randrange(len(lines)), random.choice(corpus).split(b"\r\n")
    match random.randrange(5):
        case 0:
            lines.insert(at, random.choice(LINES))
        case 1:
            lines.insert(at, random.choice(lines))
        case 2:
            del lines[at]
        case 3:
            lines[at] = random.choice(other)
        case _:
            to = random.randrange(len(lines))
            lines[at], lines[to] = lines[to], lines[at]
    return b"\r\n".join(lines)


DAMAGES: tuple[Damage, ...] = (
    flip,
    splice,
    truncate,
    duplicate,
    delete,
    blow_up,
    mark,
    mark,
    garble,
    line,
    line,
)


class Mutator:
    """A source of damaged messages: `make(number)` gives the same bytes whenever it is asked."""

    def __init__(self, corpus: Sequence[bytes], seed: int = 1, most: int = 70_000) -> None:
        self._corpus = corpus
        self._seed = seed
        self._most = most

    def make(self, number: int) -> bytes:
        """A message of the corpus with one to four damages."""
        random = Random(f"{self._seed}/{number}")
        data = random.choice(self._corpus)
        for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
            data = random.choice(DAMAGES)(random, data, self._corpus)
        return data[: self._most]
