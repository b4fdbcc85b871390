"""What is fuzzed: functions of any bytes that raise when a promise is broken. `RemoteError` alone is expected."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from tests.fuzz.exercise import exercise
from tests.sip.transaction.bed import Bed

from fuzz.stage import Stage
from opentcf.btrunc import call, control, data, events, extension, floor, registration, regroup, video, xml
from opentcf.btrunc.wire import Body, Package, Wire
from opentcf.model.numbers import Aor
from opentcf.sip import sdp
from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.message import Request
from opentcf.sip.sdp import Sdp
from opentcf.sip.transaction import ClientTransaction, ServerTransaction

Target = Callable[[bytes], None]
WIRE = Wire()
DOMAIN = "core1.example"
USER = Aor("1001", DOMAIN)


def parser(text: bytes) -> None:
    """Every question to a message; what is read is the same when it was written and is read again."""
    exercise(text)


def framing(text: bytes) -> None:
    """However a stream is cut, the same messages come out of it. The first byte is the length of the pieces."""
    if text:
        rest = text[1:]
        assert framed([rest]) == framed(
            [rest[at : at + text[0] + 1] for at in range(0, len(rest), text[0] + 1)]
        )


def framed(pieces: list[bytes]) -> tuple[list[bytes], int, bool]:
    """The messages, the keep-alives to answer, and whether the stream had to be closed."""
    framer, found = Framer(4_096), []
    try:
        for piece in (*pieces, b""):
            found += framer.feed(piece)
    except RemoteError:
        return found, framer.pongs, True
    return found, framer.pongs, False


def description(text: bytes) -> None:
    """A description that can be read is written, changed, answered and followed by another that can be read."""
    sdp.direction_of(text)
    sdp.shows(text)
    sdp.same_description(text, text + b"a=x\r\n")
    sdp.same_media(text, text + b"a=x\r\n")
    try:
        read = Sdp.parse(text)
    except RemoteError:
        return
    Sdp.parse(read.render())
    Sdp.parse(read.with_direction(sdp.INACTIVE).next_version().render())
    with suppress(RemoteError):
        answered = sdp.answer(read, host="::1", ports=(4, 6), session_id=1, version=1, direction=sdp.SENDRECV)
        Sdp.parse(answered.render())
    with suppress(RemoteError):
        Sdp.parse(sdp.outline(text, "192.0.2.1", sdp.SENDRECV).fill((4, 6), 1, 1))
    with suppress(RemoteError):
        sdp.continued(text, text)
    for change in (sdp.flowing, sdp.from_source, sdp.streams_of):
        with suppress(RemoteError):
            change(text)


def bodies(text: bytes) -> None:
    """Every reader of XML."""
    for read in _readers(text):
        with suppress(RemoteError):
            read()


def _readers(text: bytes) -> Iterator[Callable[[], object]]:
    request = Request("MESSAGE", f"sip:8001@{DOMAIN}", body=text)
    yield lambda: xml.parse(text, "a")
    request.headers.set("Content-Type", WIRE.bodies[Body.REGROUP])
    yield lambda: regroup.read(request, WIRE, Aor("8001", DOMAIN))
    for name in Body:
        request.headers.set("Content-Type", WIRE.bodies[name])
        yield lambda: registration.read_memberships(request, WIRE)
        yield lambda: events.read_addresses(request, WIRE)
        yield lambda: data.text_of(request)
        for package in Package:
            yield lambda package=package: events.read_report(request, WIRE, package)  # type: ignore[misc]


def extensions(text: bytes) -> None:
    """Every reader of a Ptt-Extension."""
    request = Request("INFO", f"sip:{USER}")
    request.headers.set(WIRE.extension, text.decode("utf-8", "replace").replace("\r", "").replace("\n", ""))
    request.headers.set("From", f"<sip:{USER}>;tag=1")
    try:
        read = extension.read(request, WIRE)
    except RemoteError:
        return
    for question in (
        lambda: call.read_setup(read, WIRE, DOMAIN),
        lambda: call.wanted_type(read, WIRE),
        lambda: call.wanted_by(read, request),
        lambda: call.read_release(request, WIRE),
        lambda: control.read_target(read, USER),
        lambda: control.read_entry(read),
        lambda: control.read_dismantle(read),
        lambda: data.read(read, WIRE),
        lambda: data.named(read, DOMAIN),
        lambda: floor.read_answer(read, WIRE, USER, 200),
        lambda: registration.read_reg_type(read, WIRE),
        lambda: registration.read_since(read),
        lambda: registration.read_moved_call(read),
        lambda: registration.read_home_answer(read, WIRE),
        lambda: video.read_source(read),
    ):
        with suppress(RemoteError):
            question()
    if read is not None:
        _of_extension(read)
        if read.token in control.STATES:
            control.read_state(read)


def _of_extension(read: extension.Extension) -> None:
    for question in (
        lambda: call.read_call_type(read, WIRE),
        lambda: call.is_for_group(read, WIRE),
        lambda: floor.read_upward(read, WIRE, USER, DOMAIN),
        lambda: floor.read_upward(read, WIRE, None, DOMAIN),
        lambda: floor.read_downward(read, WIRE, DOMAIN),
        lambda: floor.read_info(read, WIRE, DOMAIN),
        lambda: registration.read_kick(read, WIRE),
        lambda: regroup.read_report(read, WIRE, DOMAIN),
        lambda: video.read_goals(read, WIRE, DOMAIN),
        lambda: video.read_report(read, WIRE, DOMAIN),
    ):
        with suppress(RemoteError):
            question()


METHODS, TRANSPORTS = ("INVITE", "BYE", "MESSAGE", "OPTIONS"), ("udp", "tcp")
STATUSES = (100, 180, 200, 302, 404, 487, 503, 606)


class Steps:
    """A transaction layer; two bytes are a step of it."""

    def __init__(self) -> None:
        self.bed = Bed()
        self.ours: list[ClientTransaction] = []
        self.theirs: list[ServerTransaction] = []

    def ask(self, what: int, which: int) -> None:
        self.ours.append(self.bed.ask(METHODS[which % 4], TRANSPORTS[which // 4 % 2]))

    def asked(self, what: int, which: int) -> None:
        branch = f"z9hG4bK{len(self.theirs)}"
        self.theirs.append(self.bed.asked(METHODS[which % 4], TRANSPORTS[which // 4 % 2], branch))

    def answered(self, what: int, which: int) -> None:
        if self.ours:
            self.bed.answer(self.ours[which % len(self.ours)], STATUSES[what % 8], f"to{which // 32}")

    def lost(self, what: int, which: int) -> None:
        if self.bed.orders:
            self.bed.fail(self.bed.orders[-1 - which % len(self.bed.orders)])

    def respond(self, what: int, which: int) -> None:
        if self.theirs:
            self.bed.respond(self.theirs[which % len(self.theirs)], STATUSES[what % 8])

    def repeated(self, what: int, which: int) -> None:
        if self.theirs:
            self.bed.repeat(self.theirs[which % len(self.theirs)], "ACK" if what & 1 else "")

    def acknowledged(self, what: int, which: int) -> None:
        if self.theirs:
            self.bed.acknowledge(self.theirs[which % len(self.theirs)])

    def wait(self, what: int, which: int) -> None:
        self.bed.advance((0.1, 0.5, 4.0, 32.0)[what % 4] * (which % 8))


STEPS = (
    Steps.ask, Steps.asked, Steps.answered, Steps.lost, Steps.respond, Steps.repeated, Steps.acknowledged, Steps.wait,
)  # fmt: skip


def transactions(text: bytes) -> None:
    """Whatever is asked, answered, repeated, lost: in the end nothing is left, neither a transaction nor a timer."""
    steps = Steps()
    for what, which in zip(text[:400:2], text[1:400:2], strict=False):
        STEPS[what % 8](steps, what // 8, which)
    for txn in steps.theirs:
        steps.bed.respond(txn, 500)
    steps.bed.advance(1_000.0)
    assert steps.bed.empty, f"{len(steps.bed.layer)} transactions and {len(steps.bed.timers)} timers are left"


def node(text: bytes) -> None:
    """A node in which calls stand hears anything from whomever: no fault, and nothing malformed is said."""
    Stage.shared().play(text)


TARGETS: dict[str, Target] = {
    "parser": parser,
    "framing": framing,
    "sdp": description,
    "xml": bodies,
    "extension": extensions,
    "transaction": transactions,
    "node": node,
}
