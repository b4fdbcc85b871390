"""sipp as a dispatcher, as a terminal that is controlled, and as a foreign TCF in each role: every token of control."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import FOREIGN, ForeignTcf, Meeting, meet
from tests.interop.network import Core, User
from tests.interop.programs import wait_until
from tests.interop.sipp import Message, Phone, Sipp

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
LIST = "application/pttdgnagrpmbrlist+xml"
OTHER_PORT = 5999
"""From where the foreign TCF speaks while it listens at its own."""
DISPATCHERS = """
[[subscriber]]
number = "1900"
password = "secret-1900"
role = "dispatcher"
rights = ["stun", "kill", "release", "regroup"]

[[subscriber]]
number = "1901"
password = "secret-1901"
role = "dispatcher"
"""


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    """A real node whose only peer is foreign, and may control."""
    with meet(tmp_path_factory.mktemp("control"), "udp", control=True, more=DISPATCHERS) as made:
        yield made


@pytest.fixture
def core(meeting: Meeting) -> Core:
    return meeting.core


@pytest.fixture
def foreign(meeting: Meeting, tmp_path: Path) -> Iterator[ForeignTcf]:
    tcf = meeting.foreign(tmp_path)
    yield tcf
    tcf.stop()


@pytest.fixture
def desk(core: Core, phone: PhoneMaker) -> Phone:
    """A dispatcher of this core with every right that there is here."""
    return phone(User("1900", core.domain), core)


def order(desk: Phone, to: User, extension: str, body: str = "", kind: str = "text/plain") -> Message:
    """A MESSAGE of a dispatcher; the final answer."""
    more = {"text": body, "type": kind, "extension": extension}
    return desk.call("text", to, **more).finish().messages("received")[-1]


def send(
    foreign: ForeignTcf,
    caller: str,
    target: str,
    called: str,
    extension: str,
    body: str = "",
    kind: str = "text/plain",
) -> Message:
    """A MESSAGE of the foreign TCF; the final answer."""
    speaker = ForeignTcf(foreign.core, foreign.folder, foreign.host, "udp", "speaker.example", OTHER_PORT)
    keys = {"target": target, "caller": caller, "called": called, "extension": extension}
    run = speaker.start("tc2_text", foreign.core.tc2, {**keys, "type": kind, "text": body})
    foreign.runs.append(run)
    return run.finish().messages("received")[-1]


def from_abroad(
    foreign: ForeignTcf, called: str, extension: str, body: str = "", kind: str = "text/plain"
) -> Message:
    """An order of a dispatcher of the foreign core."""
    return send(foreign, f"9001@{FOREIGN}", f"sip:{called}", called, extension, body, kind)


def status(message: Message) -> int:
    return int(message.first.split()[1])


def state(core: Core, user: User) -> str:
    return next(str(row["state"]) for row in core.items("subscribers") if row["number"] == user.number)


def member_list(action: str, gdn: str, *members: User) -> str:
    """As another vendor writes it, on one line."""
    records = "".join(
        f'<record operate="Add"><UDN utype="1">{user.aor}</UDN><TalkPriority>9</TalkPriority></record>'
        for user in members
    )
    info = (
        f'<p t="GDN" v="{gdn}"/><p t="GroupName" v="Flood"/><p t="priority" v="10"/><p t="expires" v="600"/>'
    )
    return (
        f'<pttgroupmanage action="{action}"><pttdgnagrpinfo>{info}</pttdgnagrpinfo><pttdgnagrpmbrlist>'
        f'<records count="{len(members)}">{records}</records></pttdgnagrpmbrlist></pttgroupmanage>'
    )


# --- stun, kill, revive


def test_a_dispatcher_controls_a_terminal(core: Core, desk: Phone, phone: PhoneMaker) -> None:
    terminal = phone(core.user(), core)
    terminal.register()
    for token, after in (("pttstun", "stunned"), ("pttrevive", "normal")):
        obeying = terminal.answer("read")
        answer = order(desk, terminal.user, f"{token};UDN={terminal.user.number}")
        assert answer.header("Ptt-Extension") == f"{token};UDN={terminal.user.number};result=0"
        heard = obeying.finish().received("MESSAGE ")[0]
        assert heard.header("Ptt-Extension") == f"{token};UDN={terminal.user.number}"
        assert heard.header("P-Asserted-Identity") == f"<sip:1900@{core.domain}>"
        assert state(core, terminal.user) == after


def test_a_stunned_terminal_is_refused(core: Core, desk: Phone, phone: PhoneMaker) -> None:
    terminal, other = phone(core.user(), core), core.user()
    terminal.register()
    obeying = terminal.answer("read")
    order(desk, terminal.user, "pttstun")
    obeying.finish()
    assert terminal.call("call_refused", other).finish().received("SIP/2.0 403")
    assert status(order(terminal, other, "pttmsg;msgtype=1", "Hello")) == 403


def test_who_is_absent_obeys_when_he_registers(core: Core, desk: Phone, phone: PhoneMaker) -> None:
    terminal = phone(core.user(), core)
    assert order(desk, terminal.user, "pttstun").header("Ptt-Extension").endswith(";result=2")
    terminal.register()
    heard = terminal.answer("read").finish().received("MESSAGE ")[0]
    assert heard.header("Ptt-Extension") == f"pttstun;UDN={terminal.user.number}"


def test_a_killed_terminal_may_not_register(core: Core, desk: Phone, phone: PhoneMaker) -> None:
    terminal = phone(core.user(), core)
    order(desk, terminal.user, "pttkill")
    assert status(terminal.register_refused()) == 403
    order(desk, terminal.user, "pttrevive")
    terminal.register()


@pytest.mark.parametrize("token", ["pttstun", "pttkill", "pttrevive"])
def test_a_foreign_v_passes_it_to_its_visitor(
    core: Core, desk: Phone, foreign: ForeignTcf, token: str
) -> None:
    """H→V: the Request-URI is the Contact; a killed user is kicked off afterwards."""
    user = core.user()
    foreign.register(user)
    kicked = token == "pttkill"
    visited = foreign.expect("tc2_any", calls=2 if kicked else 1)
    answer = order(desk, user, f"{token};UDN={user.number}")
    assert answer.header("Ptt-Extension") == f"{token};UDN={user.number};result=0"
    heard = visited.finish().messages("received")
    assert heard[0].first == f"MESSAGE {foreign.contact(user)} SIP/2.0"
    assert heard[0].header("Ptt-Extension") == f"{token};UDN={user.number}"
    if kicked:
        assert heard[1].header("Ptt-Extension").startswith("pttkickoff;Cause=killed")
        assert status(foreign.register(user)) == 403


@pytest.mark.parametrize("token", ["pttstun", "pttkill", "pttrevive"])
def test_a_foreign_dispatcher_controls_a_user_here(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, token: str
) -> None:
    terminal = phone(core.user(), core)
    terminal.register()
    obeying = terminal.answer("tc2_any", calls=2 if token == "pttkill" else 1)
    answer = from_abroad(foreign, terminal.user.aor, f"{token};UDN={terminal.user.number}")
    assert answer.header("Ptt-Extension") == f"{token};UDN={terminal.user.number};result=0"
    obeying.finish()


@pytest.mark.parametrize(
    "token", ["pttstun", "pttkill", "pttrevive", "pttdismantle;OnlineCallID=x", "pttDGNA"]
)
def test_nobody_speaks_for_somebody_elses_dispatcher(core: Core, foreign: ForeignTcf, token: str) -> None:
    user = core.user()
    answer = send(foreign, "9001@elsewhere.example", f"sip:{user.aor}", user.aor, token)
    assert status(answer) == 403
    entry = core.items("audit")[-1]
    assert (entry["who"], entry["result"][:3]) == ("9001@elsewhere.example", "403")


@pytest.mark.parametrize(
    "token", ["pttstun", "pttkill", "pttrevive", "pttdismantle;OnlineCallID=x", "pttDGNA"]
)
@pytest.mark.parametrize("number", ["1901", ""])
def test_who_has_no_right(core: Core, phone: PhoneMaker, token: str, number: str) -> None:
    """A dispatcher without rights, and a terminal."""
    user = User(number, core.domain) if number else core.user()
    assert status(order(phone(user, core), core.user(), token)) == 403
    entry = core.items("audit")[-1]
    assert (entry["who"], entry["result"][:3]) == (user.aor, "403")


# --- forced release


@pytest.mark.parametrize("abroad", [False, True])
def test_a_call_is_released_by_force(
    core: Core, desk: Phone, foreign: ForeignTcf, phone: PhoneMaker, abroad: bool
) -> None:
    caller, callee = phone(core.user(), core), phone(core.user(), core)
    for terminal in (caller, callee):
        terminal.register()
    answering = callee.answer("answer")
    calling = caller.call("call_and_wait", callee.user)
    answering.wait_received("ACK ")
    wait_until(lambda: any(row["state"] == "up" for row in core.items("calls")), "the call is up")
    extension = f"pttdismantle;OnlineCallID={core.items('calls')[0]['id']}"
    to = callee.user
    answer = from_abroad(foreign, to.aor, extension) if abroad else order(desk, to, extension)
    assert status(answer) == 200
    for run in (calling, answering):
        bye = run.finish().received("BYE ")[0]
        assert bye.header("Ptt-Extension").startswith("pttrelease;cause=64")
    core.wait_quiet()
    again = from_abroad(foreign, to.aor, extension) if abroad else order(desk, to, extension)
    assert status(again) == 481


# --- dynamic regroup


def reports(messages: list[Message]) -> list[str]:
    """`number=result` of each reDGNA."""
    found = []
    for message in messages:
        extension = message.header("Ptt-Extension")
        if extension.startswith("reDGNA"):
            fields = dict(part.partition("=")[::2] for part in extension.split(";")[1:])
            found.append(f"{fields['UDN'].strip(chr(34)).partition('@')[0]}={fields['DGNAresult']}")
    return sorted(found)


def test_a_dispatcher_regroups(core: Core, desk: Phone, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    """Members here, at the foreign V, at the foreign H, and one that nobody knows."""
    here, away, nobody = phone(core.user(), core), core.user(), User("1999", core.domain)
    guest = User("9100", FOREIGN)
    here.register()
    foreign.register(away)
    desk.register()
    there, hearing = foreign.expect("tc2_any", calls=2), desk.answer("read", calls=4)
    other_desk = phone(desk.user, core)
    body = member_list("create", "8801", here.user, away, guest, nobody)
    answer = order(other_desk, User("8801", core.domain), "pttDGNA", body, LIST)
    assert status(answer) == 200
    updates = {message.first.split()[1] for message in there.finish().received("MESSAGE ")}
    assert updates == {foreign.contact(away), f"sip:{guest.aor}"}
    assert reports(hearing.finish().messages("received")) == sorted(
        [f"{here.user.number}=0", f"{away.number}=0", "9100=2", "1999=4"]
    )
    row = next(row for row in core.items("groups") if row["number"] == "8801")
    assert (row["name"], row["priority"], row["source"]) == ("Flood", 10, "regroup")


@pytest.mark.parametrize("token", ["pttDGNA", "pptDGNA", "PTTDGNA"])
def test_a_foreign_dispatcher_regroups(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, token: str
) -> None:
    """The results go to the dispatcher's home; the field misspelling is read as well."""
    here, absent = phone(core.user(), core), core.user()
    here.register()
    gdn = f"88{here.user.number}"
    for action, members in (("create", (here.user, absent)), ("delete", ())):
        hearing = foreign.expect("tc2_any", calls=2)
        answer = from_abroad(foreign, f"{gdn}@{core.domain}", token, member_list(action, gdn, *members), LIST)
        assert status(answer) == 200
        heard = hearing.finish().messages("received")
        assert reports(heard) == sorted([f"{here.user.number}=0", f"{absent.number}=2"])
        assert {message.first for message in heard} == {f"MESSAGE sip:9001@{FOREIGN} SIP/2.0"}
        assert {message.header("P-Asserted-Identity") for message in heard} == {f"<sip:{gdn}@{core.domain}>"}


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("<pttgroupmanage action='create'/>", "text/plain", 415),
        ("<pttgroupmanage action='explode'/>", LIST, 400),
        ("<!DOCTYPE a><pttgroupmanage action='create'/>", LIST, 400),
        ("<pttgroupmanage", LIST, 400),
        ("<pttgroupmanage action='add'/>", LIST, 404),
    ],
)
def test_lists_that_cannot_be_served(core: Core, desk: Phone, body: str, kind: str, expected: int) -> None:
    assert status(order(desk, User("8899", core.domain), "pttDGNA", body, kind)) == expected


# --- the foreign TCF passes a result on to a dispatcher here


def test_a_result_from_a_foreign_master(core: Core, desk: Phone, foreign: ForeignTcf) -> None:
    desk.register()
    hearing: Sipp = desk.answer("read")
    extension = f'reDGNA;UDN="9100@{FOREIGN}";DGNAresult=0'
    answer = send(foreign, f"8901@{FOREIGN}", f"sip:{desk.user.aor}", desk.user.aor, extension)
    assert status(answer) == 200
    assert hearing.finish().received("MESSAGE ")[0].header("Ptt-Extension") == extension
