"""sipp sends and takes short data: as terminals over one to four TCFs, and as a V-TCF of somebody else."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import FOREIGN, ForeignTcf, Meeting, meet
from tests.interop.network import Core, Network, User
from tests.interop.sipp import Message, Phone, Sipp

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
PATHS = {
    "one TCF": ((1, 1), (1, 1)),
    "two TCFs": ((1, 1), (2, 2)),
    "four TCFs": ((1, 3), (2, 4)),
    "spiral through the homes": ((1, 2), (2, 1)),
}


GROUP = """\
[[group]]
number = "8001"
members = ["sip:1191@core1.example", "sip:1192@core1.example"]
"""


def write(
    phone: Phone, to: User, extension: str = "", text: str = "Come back", kind: str = "text/plain"
) -> Message:
    """A terminal writes; the final answer. Without an extension it is a plain phone."""
    more = {"text": text, "type": kind, "extension": extension}
    run = phone.call("text" if extension else "text_plain", to, **more)
    return run.finish().messages("received")[-1]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_terminals_over_several_tcfs(
    network: Network, phone: PhoneMaker, path: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    writer, reader = (phone(network[home].user(), network[visited]) for home, visited in path)
    for terminal in (writer, reader):
        terminal.register()
    reading = reader.answer("read")
    assert write(writer, reader.user, "pttmsg;msgtype=1;msgid=m-1", "Hall 3").first == "SIP/2.0 200 OK"
    got = reading.finish().received("MESSAGE ")[0]
    assert got.header("Ptt-Extension") == "pttmsg;msgtype=1;msgid=m-1"
    assert got.header("P-Asserted-Identity") == f"<sip:{writer.user.aor}>"
    assert got.body.strip() == "Hall 3"
    again = write(writer, reader.user, "pttmsg;msgtype=1;msgid=m-1", "Hall 3")
    assert again.first == "SIP/2.0 200 OK", "nobody listens at the reader's any more"


def test_a_plain_phone(network: Network, phone: PhoneMaker) -> None:
    writer, reader = phone(network[1].user(), network[3]), phone(network[2].user(), network[2])
    for terminal in (writer, reader):
        terminal.register()
    reading = reader.answer("read")
    assert write(writer, reader.user).first == "SIP/2.0 200 OK"
    got = reading.finish().received("MESSAGE ")[0]
    assert re.fullmatch(r"pttmsg;msgtype=1;msgid=[0-9a-f]{16}", got.header("Ptt-Extension"))


@pytest.mark.parametrize(
    ("kind", "text", "status"),
    [("text/html", "x", "415"), ("text/plain;charset=koi8-r", "x", "415"), ("text/plain", "x" * 5000, "413")],
)
def test_what_is_no_short_data(
    network: Network, phone: PhoneMaker, kind: str, text: str, status: str
) -> None:
    writer = phone(network[1].user(), network[1])
    writer.register()
    assert write(writer, writer.user, "pttmsg;msgtype=1", text, kind).first.split()[1] == status


def test_nobody_there(network: Network, phone: PhoneMaker) -> None:
    writer = phone(network[1].user(), network[3])
    writer.register()
    assert write(writer, network[2].user(), "pttmsg").first.split()[1] == "480"
    assert write(writer, User("1999", network[2].domain), "pttmsg").first.split()[1] == "404"
    assert write(writer, network[2].user(), "pttmsg;msgtype=9").first.split()[1] == "488"


# --- a foreign TCF


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    """A real node whose only peer is foreign."""
    with meet(tmp_path_factory.mktemp("short-data"), "udp", more=GROUP) as made:
        yield made


@pytest.fixture
def core(meeting: Meeting) -> Core:
    return meeting.core


@pytest.fixture
def foreign(meeting: Meeting, tmp_path: Path) -> Iterator[ForeignTcf]:
    tcf = meeting.foreign(tmp_path)
    yield tcf
    tcf.stop()


def send(foreign: ForeignTcf, caller: str, called: User, extension: str, text: str = "Hall 3") -> Sipp:
    keys = {"target": f"sip:{called.aor}", "caller": caller, "called": called.aor}
    more = {"extension": extension, "type": "text/plain", "text": text}
    return foreign.start("tc2_text", foreign.core.tc2, {**keys, **more}).finish()


def test_its_visitor_gets_a_text(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    """H→V: the Request-URI is the Contact that V registered."""
    writer, reader = phone(core.user(), core), core.user()
    writer.register()
    foreign.register(reader)
    reading = foreign.expect("read")
    assert write(writer, reader, "pttmsg;msgtype=1;msgid=m-2").first == "SIP/2.0 200 OK"
    got = reading.finish().received("MESSAGE ")[0]
    assert got.first == f"MESSAGE {foreign.contact(reader)} SIP/2.0"
    assert got.header("To") == f"<sip:{reader.aor}>"


def test_its_user_writes(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    """H→H: repeated, it is answered again; a msgid that is missing is made."""
    reader = phone(core.user(), core)
    reader.register()
    reading = reader.answer("read")
    for _ in range(2):
        assert send(foreign, f"7001@{FOREIGN}", reader.user, "PTTMsg;MsgId=x").received("SIP/2.0 200")
    got = reading.finish().received("MESSAGE ")
    assert [message.header("Ptt-Extension") for message in got] == ["pttmsg;msgtype=1;msgid=x"]


def test_it_may_not_speak_for_our_users(core: Core, foreign: ForeignTcf) -> None:
    assert send(foreign, core.user().aor, core.user(), "pttmsg;msgid=y").received("SIP/2.0 403")


def test_its_visitor_is_member_of_a_group(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    """G→V: to the group, the member named; V→G: accepted, and the other member reads who wrote to which group."""
    member, visitor, group = User("1191", core.domain), User("1192", core.domain), User("8001", core.domain)
    terminal = phone(member, core)
    terminal.register()
    foreign.register(visitor)
    reading = foreign.expect("read")
    assert write(terminal, group, "pttmsg;msgtype=2;msgid=g-1").first == "SIP/2.0 200 OK"
    got = reading.finish().received("MESSAGE ")[0]
    assert got.first == f"MESSAGE sip:{group.aor} SIP/2.0"
    assert got.header("To") == f"<sip:{group.aor}>"
    assert re.fullmatch(rf"<sip:{member.aor}>;tag=\S+", got.header("From"))
    assert got.header("Ptt-Extension") == "pttmsg;msgtype=2;msgid=g-1;UDN=1192"

    reading = terminal.answer("read")
    assert send(foreign, visitor.aor, group, "pttmsg;msgtype=2;msgid=g-2").received("SIP/2.0 200")
    got = reading.finish().received("MESSAGE ")[0]
    assert got.header("Ptt-Extension") == "pttmsg;msgtype=2;msgid=g-2"
    assert got.header("P-Asserted-Identity") == f"<sip:{visitor.aor}>"
    assert re.search(rf"<sip:{group.aor}>;tag=", got.header("From"))
    assert got.header("To") == f"<sip:{member.aor}>"
    assert send(foreign, f"7001@{FOREIGN}", group, "pttmsg;msgtype=2;msgid=g-3").received("SIP/2.0 403")
