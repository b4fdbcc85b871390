"""Where fuzzing begins: what the tests say, and what is said to a node in the middle of its work."""

import re
from collections.abc import Iterator
from random import Random

from tests.fuzz.corpus import CORPUS
from tests.node.net import HELD, SDP, tcf

from fuzz.stage import Stage
from opentcf.btrunc import events, registration, regroup
from opentcf.btrunc.wire import Package, Wire
from opentcf.model.group import Member, Membership, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.sip.message import Request
from opentcf.sip.parse import parse
from opentcf.sip.render import render

WIRE = Wire()
EXTENSION = re.compile(rb"^Ptt-Extension: ([^\r\n]*)", re.MULTILINE)


def seeds(target: str) -> list[bytes]:
    """The texts with which fuzzing of a target begins."""
    return list(dict.fromkeys(SEEDS[target]()))


def messages() -> Iterator[bytes]:
    yield from CORPUS
    yield from (said for _, said in heard())


def streams() -> Iterator[bytes]:
    """The first byte is the length of the pieces."""
    framed = [render(parse(said)) for said in CORPUS[:20]]
    for size in (0, 3, 40, 255):
        yield bytes([size]) + b"".join(framed[:3]) + b"\r\n\r\n" + framed[4] + b"\r\n" + framed[5]
        yield bytes([size]) + framed[6].replace(b"Content-Length", b"l") + CORPUS[-1]


def descriptions() -> Iterator[bytes]:
    yield from (said.partition(b"\r\n\r\n")[2] for said in messages() if b"\r\nv=0" in said)
    yield from (SDP, HELD, SDP + b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=inactive\r\n")


def documents() -> Iterator[bytes]:
    message = Request("MESSAGE", "sip:1001@core1.example")
    user, group = Aor("1001", "core1.example"), Aor("8001", "core1.example")
    events.write_addresses(message, WIRE, user.domain, 1, 2, ['<user number="1" domain="d" name="Al"/>'])
    yield message.body
    registration.write_memberships(message, WIRE, user, [Membership(group, "fire", 3)])
    yield message.body
    wanted = regroup.Regroup(RegroupAction.CREATE, (Member(user, 7),), "flood", 9, 600)
    yield regroup.body(WIRE, group, wanted)
    for package in Package:
        events.write_report(message, WIRE, package, 3, [events.registration(user, None)], full=True)
        yield message.body


def extensions() -> Iterator[bytes]:
    for said in messages():
        yield from EXTENSION.findall(said)


def steps() -> Iterator[bytes]:
    random = Random(1)
    yield from (random.randbytes(random.choice((8, 20, 60))) for _ in range(30))


def heard() -> Iterator[tuple[bytes, bytes]]:
    """What core1 heard until the calls stood, and what may be said next; with the mouths."""
    stage = Stage.shared()
    for seen in stage.net.seen:
        if seen.target == tcf(1):
            yield b"peer", render(seen.message)
    for mouth, phone in stage.users.items():
        for method, uri in (
            ("REGISTER", "core1.example"),
            ("MESSAGE", "2001@core2.example"),
            ("OPTIONS", "core1.example"),
        ):
            yield mouth, render(phone.make(method, f"sip:{uri}", f"{phone.aor};tag=s", f"<sip:{uri}>"))
    yield from _in_dialogs(stage)


def _in_dialogs(stage: Stage) -> Iterator[tuple[bytes, bytes]]:
    caller, member = stage.talk.caller, stage.users[b"member"]
    for method in ("INVITE", "INFO", "BYE", "UPDATE"):
        body = HELD if method == "INVITE" else b""
        yield b"caller", render(caller.within(method, stage.talk.invite, stage.talk.ok, body))
        for said in (
            b"pttrequest;UDN=1002;PrioAttribute=255",
            b"pttreleasefloor;UDN=1002;cause=normal",
            b"pttinfo;x",
        ):
            made = member.within(method, stage.group, member.response("INVITE"), body)
            made.headers.set("Ptt-Extension", said.decode())
            yield b"member", render(made)
    for offered in stage.net.seen:
        if offered.what == "INVITE" and offered.source == tcf(1) and offered.target == tcf(2):
            for method in ("INVITE", "INFO", "BYE"):
                assert isinstance(offered.message, Request)
                yield b"peer", render(_backwards(stage, offered.message, method))


def _backwards(stage: Stage, invite: Request, method: str) -> Request:
    """A request of the called TCF within the dialog of an INVITE that it answered."""
    answer = next(
        seen.message for seen in stage.net.seen
        if seen.what == "200 INVITE" and seen.target == tcf(1) and seen.message.call_id() == invite.call_id()
    )  # fmt: skip
    contact = invite.contact()
    assert contact is not None
    made = Request(method, str(contact.uri), body=SDP if method == "INVITE" else b"")
    for name, value in {
        "Via": f"SIP/2.0/UDP {tcf(2)}:5060;branch=z9hG4bKback{method}", "Max-Forwards": "70",
        "From": answer.headers.get("To"), "To": answer.headers.get("From"), "Call-ID": invite.call_id(),
        "CSeq": f"900 {method}", "Contact": f"<sip:{tcf(2)}:5060>", "Content-Type": "application/sdp",
        "Ptt-Extension": "pttrequest;UDN=2001;PrioAttribute=255",
    }.items():  # fmt: skip
        made.headers.set(name, value or "")
    return made


def plays() -> Iterator[bytes]:
    """One message, and some after each other."""
    said = [b"=== " + mouth + b"\n" + text for mouth, text in heard()]
    yield from said
    yield from (b"".join((one, b"=== while\n", other)) for one, other in zip(said, said[7:], strict=False))


SEEDS = {
    "parser": messages,
    "framing": streams,
    "sdp": descriptions,
    "xml": documents,
    "extension": extensions,
    "transaction": steps,
    "node": plays,
}


FIELDS = (
    "Via Max-Forwards From To Call-ID CSeq Contact Route Record-Route Allow Supported Require Session-Expires "
    "Min-SE RAck Expires Content-Type Content-Length Authorization P-Asserted-Identity P-Visited-Network-ID "
    "Reason Event Accept Subscription-State Retry-After Warning Ptt-Extension"
).split()
METHODS = "INVITE ACK BYE CANCEL INFO MESSAGE OPTIONS REGISTER SUBSCRIBE NOTIFY UPDATE PRACK".split()
CUES = "caller member boss peer stranger moment while long".split()


def words() -> list[str]:
    """What an input is put together from: names of methods, fields, the extension's tokens and parameters, the cues."""
    tokens = [*WIRE.tokens.values(), *(f";{param}=" for param in WIRE.params.values()), *WIRE.bodies.values()]
    fields = [f"\r\n{field}: " for field in FIELDS]
    cues = [f"\n=== {cue}\n" for cue in CUES]
    return [
        *METHODS,
        *tokens,
        *fields,
        *cues,
        "SIP/2.0 200 OK",
        "a=sendonly\r\n",
        "a=recvonly\r\n",
        "m=video 0 RTP/AVP 96\r\n",
    ]
