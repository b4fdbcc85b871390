"""sipp as a TCF of somebody else on TC2: as V-TCF and as H-TCF.

Tokens and headers are compared as text: this is the interface that another vendor reads.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import FOREIGN, ForeignTcf, Meeting, meet
from tests.interop.network import Core, PeerEntry, User, build, new_host
from tests.interop.programs import wait_until
from tests.interop.sipp import Message, Phone
from tests.interop.sockets import has_ipv6

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
NORMAL_CALL = re.compile(r"pttcall;calltype=1;callerUDN=(\S+);OnlineCallID=([\w.!%*+`'~-]+)")
CHALLENGED, RELEASE = "answer_and_hang_up", "tc2_answer_and_release"
CASES = [
    ("tc2_call", "answer"),
    ("tc2_call_and_wait", CHALLENGED),
    ("tc2_call_and_cancel", "ring"),
    ("tc2_call_refused", "busy"),
    ("tc2_call_refused", "decline"),
    ("tc2_call_and_change_media", "answer_media_changes"),
]
"""What the calling side does, and what the called side does."""
UNCHALLENGED = [(calling, RELEASE if answering == CHALLENGED else answering) for calling, answering in CASES]
"""The same where nothing of the called side's is challenged."""
_calls = (f"made-by-foreign-{number}" for number in itertools.count(100))
_visitors = itertools.count(7001)


@pytest.fixture(scope="module", params=["udp", "tcp", "udp6", "tcp6"])
def meeting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    """The node and its foreign peer, by UDP or TCP over IPv4 or IPv6."""
    transport, ipv6 = request.param.removesuffix("6"), request.param.endswith("6")
    if ipv6 and not has_ipv6():
        pytest.skip("no ::1 here")
    with meet(tmp_path_factory.mktemp("meeting"), transport, ipv6=ipv6) as met:
        yield met


@pytest.fixture
def core(meeting: Meeting) -> Core:
    return meeting.core


@pytest.fixture
def foreign(meeting: Meeting, tmp_path: Path) -> Iterator[ForeignTcf]:
    tcf = meeting.foreign(tmp_path)
    yield tcf
    tcf.stop()


@pytest.fixture
def visitor() -> User:
    """A user of the foreign core network."""
    return User(str(next(_visitors)), FOREIGN)


# --- the foreign TCF as V


def test_v_registers_and_deregisters(core: Core, foreign: ForeignTcf) -> None:
    user = core.user()
    answer = foreign.register(user)
    assert answer.first == "SIP/2.0 200 OK"
    assert answer.header("Expires") == "300"
    assert answer.header("Contact") == f"<{foreign.contact(user)}>;expires=300"
    assert answer.header("Ptt-Extension") == "pttregister"
    assert answer.header("Content-Type") == "application/pttmembershipinfo+xml"
    assert answer.body.startswith(f'<pttmembershipinfo udn="{user.aor}">')
    assert core.visited(user) == FOREIGN
    assert foreign.register(user, extension="pttregister;regtype=refresh").first == "SIP/2.0 200 OK"
    gone = foreign.register(user, expires=0, extension="pttregister")
    assert gone.first == "SIP/2.0 200 OK"
    assert core.visited(user) is None


def test_v_spells_tokens_in_its_own_case(core: Core, foreign: ForeignTcf) -> None:
    user = core.user()
    assert foreign.register(user, extension="PTTRegister;RegType=Initial;vendor=x").first == "SIP/2.0 200 OK"
    assert core.visited(user) == FOREIGN


@pytest.mark.parametrize(
    ("number", "visited", "status"), [("1999", FOREIGN, "404"), ("1002", "core9.example", "403")]
)
def test_v_is_refused_without_challenge(
    core: Core, foreign: ForeignTcf, number: str, visited: str, status: str
) -> None:
    answer = foreign.register(User(number, core.domain), visited=visited)
    assert answer.first.split()[1] == status


def test_v_receives_a_call_at_its_contact(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    caller, called = phone(core.user(), core), core.user()
    caller.register()
    foreign.register(called)
    answering = foreign.expect("answer")
    caller.call("call", called).finish()
    answering.finish()
    invite = answering.received("INVITE ")[0]
    assert invite.first == f"INVITE {foreign.contact(called)} SIP/2.0"
    assert invite.header("To") == f"<sip:{called.aor}>"
    assert re.fullmatch(rf"<sip:{caller.user.aor}>;tag=\S+", invite.header("From"))
    assert invite.header("P-Asserted-Identity") == f"<sip:{caller.user.aor}>"
    extension = NORMAL_CALL.fullmatch(invite.header("Ptt-Extension"))
    assert extension, invite.header("Ptt-Extension")
    assert extension[1] == caller.user.number, "a bare number belongs to the domain of To"
    assert int(invite.header("Max-Forwards")) < 70
    bye = answering.received("BYE ")[0]
    assert bye.header("Ptt-Extension") == "pttrelease;cause=16"
    assert bye.header("Reason") == "SIP;cause=200"


def test_v_hangs_up(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    caller, called = phone(core.user(), core), core.user()
    caller.register()
    foreign.register(called)
    answering = foreign.expect("tc2_answer_and_release")
    caller.call("call_and_wait", called).finish()
    assert answering.finish().received("SIP/2.0 200")
    core.wait_quiet()


def test_v_receives_cancel(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    caller, called = phone(core.user(), core), core.user()
    caller.register()
    foreign.register(called)
    ringing = foreign.expect("ring")
    caller.call("call_and_cancel", called).finish()
    cancel = ringing.finish().received("CANCEL ")[0]
    assert cancel.header("Ptt-Extension") == "pttrelease;cause=16;optype=pttcall"
    assert cancel.header("Reason")
    core.wait_quiet()


@pytest.mark.parametrize(("scenario", "status"), [("busy", "486"), ("decline", "603")])
def test_v_refuses(core: Core, foreign: ForeignTcf, phone: PhoneMaker, scenario: str, status: str) -> None:
    caller, called = phone(core.user(), core), core.user()
    caller.register()
    foreign.register(called)
    refusing = foreign.expect(scenario)
    call = caller.call("call_refused", called).finish()
    refusing.finish()
    assert call.received(f"SIP/2.0 {status}")


def test_v_takes_hold_and_another_codec(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    caller, called = phone(core.user(), core), core.user()
    caller.register()
    foreign.register(called)
    answering = foreign.expect("answer_media_changes")
    calling = caller.call("call_and_change_media", called).finish()
    offers = [message.body for message in answering.finish().received("INVITE ")]
    sent = [message.body for message in calling.sent("INVITE ")]
    assert offers == [sent[1], sent[3], sent[5]], "each offer was challenged once"
    core.wait_quiet()


@pytest.mark.parametrize(("calling", "answering"), CASES)
def test_v_makes_every_kind_of_call(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, calling: str, answering: str
) -> None:
    caller, called = core.user(), phone(core.user(), core)
    called.register()
    foreign.register(caller)
    waiting = called.answer(answering)
    extension = f"pttcall;calltype=1;callerUDN={caller.number};OnlineCallID={next(_calls)}"
    foreign.call(calling, f"sip:{called.user.aor}", caller.aor, called.user.aor, extension).finish()
    waiting.finish()
    core.wait_quiet()


def test_v_calls_for_its_visitor(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    caller, called = core.user(), phone(core.user(), core)
    called.register()
    foreign.register(caller)
    answering = called.answer("answer")
    extension = f"pttcall;calltype=1;callerUDN={caller.number};OnlineCallID=made-by-foreign-1"
    call = foreign.call("tc2_call", f"sip:{called.user.aor}", caller.aor, called.user.aor, extension).finish()
    answering.finish()
    assert call.received("SIP/2.0 100"), "100 at once"
    assert f"sip:{caller.aor}" in answering.received("INVITE ")[0].header("From")
    core.wait_quiet()


def test_v_may_not_call_for_somebody_elses_visitor(core: Core, foreign: ForeignTcf) -> None:
    caller, called = core.user(), core.user()
    extension = f"pttcall;calltype=1;callerUDN={caller.number}"
    call = foreign.call("tc2_call_refused", f"sip:{called.aor}", caller.aor, called.aor, extension).finish()
    assert call.received("SIP/2.0 403")


def test_v_sends_an_unknown_operation(core: Core, foreign: ForeignTcf) -> None:
    caller, called = core.user(), core.user()
    foreign.register(caller)
    call = foreign.call(
        "tc2_call_refused", f"sip:{called.aor}", caller.aor, called.aor, "pttteleport;x=1"
    ).finish()
    refusal = call.received("SIP/2.0 488")[0]
    assert refusal.header("Warning").startswith("399 ")


def test_v_is_told_that_its_visitor_moved(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    user = core.user()
    foreign.register(user)
    kicked = foreign.expect("kicked")
    phone(user, core).register()
    kick = kicked.finish().received("OPTIONS ")[0]
    assert kick.first == f"OPTIONS sip:{user.aor} SIP/2.0"
    assert kick.header("To") == f"<sip:{user.aor}>"
    assert kick.header("Ptt-Extension").startswith("pttkickoff;Cause=moved")


def test_v_is_told_of_the_operators_kick(core: Core, foreign: ForeignTcf) -> None:
    user = core.user()
    foreign.register(user)
    kicked = foreign.expect("kicked")
    core.post(f"/api/v1/users/{user.number}/kick")
    kick = kicked.finish().received("OPTIONS ")[0]
    assert kick.header("Ptt-Extension").startswith("pttkickoff;Cause=admin")
    assert core.visited(user) is None


# --- the foreign TCF as H


def attach(core: Core, foreign: ForeignTcf, phone: PhoneMaker, user: User) -> tuple[Phone, Message]:
    """A user of the foreign core registers here; his phone, and the REGISTER that his home got."""
    terminal = phone(user, core)
    home = foreign.expect("tc2_home")
    terminal.register()
    return terminal, home.finish().received("REGISTER ")[0]


def test_h_grants(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    _, register = attach(core, foreign, phone, visitor)
    assert register.first == f"REGISTER sip:{FOREIGN} SIP/2.0"
    assert register.header("To") == f"<sip:{visitor.aor}>"
    assert register.header("From").startswith(f"<sip:{visitor.aor}>;tag=")
    assert register.header("P-Visited-Network-ID") == core.domain
    assert re.match(r"pttregister;regtype=initial(;|$)", register.header("Ptt-Extension"))
    assert register.header("Contact").startswith(f"<sip:{visitor.number}@{core.tc2};")
    assert f";home={FOREIGN}>" in register.header("Contact")
    assert register.header("Expires") == "600"
    assert f'realm="{FOREIGN}"' in register.header("Authorization")
    assert core.visited(visitor) == core.domain


def test_h_refuses(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    home = foreign.expect("tc2_home_refuses")
    assert phone(visitor, core).register_refused().first.startswith("SIP/2.0 403")
    home.finish()
    assert core.visited(visitor) is None


def test_h_challenges_by_itself(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    home = foreign.expect("tc2_home_challenges", calls=2, home=FOREIGN)
    terminal = phone(visitor, core)
    keys = terminal.keys(expires="600")
    terminal.start("register_challenged_twice", core.d, keys, *terminal.options()).finish()
    home.finish()
    assert core.visited(visitor) == core.domain


def test_h_calls_its_user_here(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    terminal, register = attach(core, foreign, phone, visitor)
    contact = re.search(r"<([^>]+)>", register.header("Contact"))
    assert contact
    answering = terminal.answer("answer")
    extension = "pttcall;calltype=1;callerUDN=7900;OnlineCallID=made-by-foreign-2"
    foreign.call("tc2_call", contact[1], f"7900@{FOREIGN}", visitor.aor, extension).finish()
    answering.finish()
    assert f"sip:7900@{FOREIGN}" in answering.received("INVITE ")[0].header("From")


@pytest.mark.parametrize(("calling", "answering"), UNCHALLENGED)
def test_h_makes_every_kind_of_call(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User, calling: str, answering: str
) -> None:
    terminal, _ = attach(core, foreign, phone, visitor)
    waiting = terminal.answer(answering)
    extension = f"pttcall;calltype=1;callerUDN=7900;OnlineCallID={next(_calls)}"
    foreign.call(calling, f"sip:{visitor.aor}", f"7900@{FOREIGN}", visitor.aor, extension).finish()
    waiting.finish()
    core.wait_quiet()


@pytest.mark.parametrize(("calling", "answering"), UNCHALLENGED)
def test_h_gets_every_kind_of_call_of_its_user(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User, calling: str, answering: str
) -> None:
    """He is known by the flow that he registered from, so that nothing of his is challenged."""
    terminal, _ = attach(core, foreign, phone, visitor)
    waiting = foreign.expect(answering)
    called = f"7900@{FOREIGN}"
    keys = {"target": f"sip:{called}", "caller": visitor.aor, "called": called}
    terminal.start(calling, core.d, keys | {"extension": "pttcall;calltype=1"}).finish()
    waiting.finish()
    core.wait_quiet()


def test_h_calls_its_user_here_by_aor(
    core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User
) -> None:
    terminal, _ = attach(core, foreign, phone, visitor)
    answering = terminal.answer("answer")
    extension = 'pttcall;calltype=1;callerUDN="3001@core3.example";OnlineCallID=made-by-foreign-3'
    foreign.call("tc2_call", f"sip:{visitor.aor}", "3001@core3.example", visitor.aor, extension).finish()
    answering.finish()
    assert "sip:3001@core3.example" in answering.received("INVITE ")[0].header("From")


def test_h_cancels(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    terminal, _ = attach(core, foreign, phone, visitor)
    ringing = terminal.answer("ring")
    extension = "pttcall;calltype=1;callerUDN=7900;OnlineCallID=made-by-foreign-4"
    call = foreign.call(
        "tc2_call_and_cancel", f"sip:{visitor.aor}", f"7900@{FOREIGN}", visitor.aor, extension
    ).finish()
    ringing.finish()
    to_cancel = next(m for m in call.received("SIP/2.0 200") if "CANCEL" in m.header("CSeq"))
    assert to_cancel.header("Ptt-Extension") == "pttrelease;cause=16;optype=pttcall"
    terminated = call.received("SIP/2.0 487")[0]
    assert terminated.header("Ptt-Extension") == "pttrelease;cause=16;optype=pttcall"
    assert terminated.header("Reason") == "SIP;cause=487"


def test_h_is_asked_for_its_user(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    """A call of the visitor goes to his home first, even to a user of this very core."""
    terminal, _ = attach(core, foreign, phone, visitor)
    refusing = foreign.expect("busy")
    called = core.user()
    keys = {"target": f"sip:{called.aor}", "caller": visitor.aor, "called": called.aor}
    call = terminal.start("tc2_call_refused", core.d, keys | {"extension": "pttcall;calltype=1"}).finish()
    assert call.received("SIP/2.0 486"), "known by the flow he registered from: no challenge"
    invite = refusing.finish().received("INVITE ")[0]
    assert invite.first == f"INVITE sip:{called.aor} SIP/2.0"
    assert invite.header("P-Asserted-Identity") == f"<sip:{visitor.aor}>"
    extension = NORMAL_CALL.fullmatch(invite.header("Ptt-Extension"))
    assert extension
    assert extension[1] == f'"{visitor.aor}"', "a user of another domain than To's is written with his own"


def test_h_calls_a_user_at_home(core: Core, foreign: ForeignTcf, phone: PhoneMaker) -> None:
    called = phone(core.user(), core)
    called.register()
    answering = called.answer("answer")
    extension = f'pttcall;calltype=1;callerUDN="7901@{FOREIGN}";OnlineCallID=made-by-foreign-5'
    foreign.call("tc2_call", f"sip:{called.user.aor}", f"7901@{FOREIGN}", called.user.aor, extension).finish()
    answering.finish()


def test_h_kicks_its_user(core: Core, foreign: ForeignTcf, phone: PhoneMaker, visitor: User) -> None:
    attach(core, foreign, phone, visitor)
    keys = {"target": f"sip:{visitor.aor}", "caller": FOREIGN, "called": visitor.aor}
    run = foreign.start("tc2_options", core.tc2, keys | {"extension": "pttkickoff;Cause=admin"}).finish()
    answer = run.messages("received")[-1]
    assert answer.first == "SIP/2.0 200 OK"
    assert not answer.header("Ptt-Extension")
    wait_until(lambda: core.visited(visitor) is None, "the visitor is gone")


# --- heartbeat


def test_heartbeat_is_answered(core: Core, foreign: ForeignTcf) -> None:
    answer = foreign.options("pttheartbeat;epoch=of-foreign")
    assert answer.first == "SIP/2.0 200 OK"
    epoch = core.get("/health")["epoch"]
    assert answer.header("Ptt-Extension") == f"pttheartbeat;epoch={epoch}"


def test_plain_options_is_answered_with_capabilities(core: Core, foreign: ForeignTcf) -> None:
    answer = foreign.options("pttheartbeat")
    assert answer.first == "SIP/2.0 200 OK"


# --- heartbeat towards a foreign TCF


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_silent_peer_goes_down_and_comes_back(tmp_path: Path, transport: str) -> None:
    network, host = build(tmp_path, 1), new_host()
    core = network[1]
    more = "heartbeat = 0.5\nheartbeat_wait = 0.3\nheartbeat_misses = 2"
    core.peers = [PeerEntry(FOREIGN, f"{transport}:{host}:5060", more)]
    foreign = ForeignTcf(core, tmp_path, host, transport)
    try:
        answering = foreign.expect("tc2_heartbeat", calls=3, epoch="of-foreign")
        core.start()
        wait_until(lambda: core.peer_state(FOREIGN) == "up", "up")
        answering.finish()
        wait_until(lambda: core.peer_state(FOREIGN) == "down", "down")
        answering = foreign.expect("tc2_heartbeat", calls=3, epoch="of-foreign")
        wait_until(lambda: core.peer_state(FOREIGN) == "up", "up again")
        answering.finish()
    finally:
        foreign.stop()
        network.stop()
