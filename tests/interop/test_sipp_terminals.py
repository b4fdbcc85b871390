"""sipp as two terminals with digest: registration and private calls over one to four TCFs."""

from collections.abc import Callable

import pytest
from tests.interop.network import Core, Network, User
from tests.interop.sipp import Message, Phone

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
PATHS = {
    "one TCF": ((1, 1), (1, 1)),
    "two TCFs": ((1, 1), (2, 2)),
    "three TCFs": ((1, 1), (2, 3)),
    "four TCFs": ((1, 3), (2, 4)),
    "spiral through the homes": ((1, 2), (2, 1)),
}
"""Home and visited core of the caller, home and visited core of the called user."""

transports = pytest.mark.parametrize("transport", ["udp", "tcp"])
paths = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())


@pytest.fixture
def pair(network: Network, phone: PhoneMaker) -> Callable[..., tuple[Phone, Phone]]:
    """Two registered terminals, placed by a path."""

    def make(path: tuple[tuple[int, int], tuple[int, int]], transport: str = "udp") -> tuple[Phone, Phone]:
        made = [phone(network[home].user(), network[visited], transport) for home, visited in path]
        for terminal in made if transport == "udp" else made[:1]:
            terminal.register()
        return made[0], made[1]

    return make


def quiet(network: Network) -> None:
    for core in network.cores:
        core.wait_quiet()


def test_registers_at_home_and_leaves(network: Network, phone: PhoneMaker) -> None:
    user, home = network[1].user(), network[1]
    terminal = phone(user, home)
    answer = terminal.register().received("SIP/2.0 200")[0]
    assert answer.header("Contact").endswith(";expires=600")
    assert home.visited(user) == home.domain
    terminal.register(expires=0)
    assert home.visited(user) is None


def test_registers_as_visitor_and_leaves(network: Network, phone: PhoneMaker) -> None:
    user, home, visited = network[1].user(), network[1], network[3]
    terminal = phone(user, visited)
    terminal.register()
    assert home.visited(user) == visited.domain
    assert visited.visited(user) == visited.domain
    terminal.register(expires=0)
    assert home.visited(user) is None
    assert visited.visited(user) is None


def move(network: Network, phone: PhoneMaker) -> Message:
    """A user registers at core 2, then at core 3; what his old terminal is told."""
    user = network[1].user()
    old = phone(user, network[2])
    old.register()
    kicked = old.wait("kicked", network[2].d, old.keys())
    phone(user, network[3]).register()
    assert network[1].visited(user) == network[3].domain
    kick = kicked.finish().received("OPTIONS ")[0]
    assert network[2].visited(user) is None
    return kick


def test_moves_from_one_core_to_another(network: Network, phone: PhoneMaker) -> None:
    assert move(network, phone).header("Ptt-Extension").startswith("pttkickoff;Cause=")


def test_old_terminal_is_told_that_it_moved(network: Network, phone: PhoneMaker) -> None:
    assert move(network, phone).header("Ptt-Extension").startswith("pttkickoff;Cause=moved")


@pytest.mark.parametrize("visited", [1, 2], ids=["at home", "as visitor"])
def test_wrong_password_is_refused(network: Network, phone: PhoneMaker, visited: int) -> None:
    right = network[1].user()

    class Liar(User):
        password = "wrong"

    answer = phone(Liar(right.number, right.domain), network[visited]).register_refused()
    assert answer.first.startswith("SIP/2.0 403")
    assert network[1].visited(right) is None


@pytest.mark.parametrize("visited", [1, 2], ids=["at home", "as visitor"])
def test_unknown_number_is_challenged_and_refused(network: Network, phone: PhoneMaker, visited: int) -> None:
    terminal = phone(User("1999", "core1.example"), network[visited])
    answer = terminal.register_refused()
    assert terminal.runs[0].received("SIP/2.0 401")
    assert answer.first.split()[1] in ("403", "404")


@paths
@transports
def test_call_and_hang_up(
    network: Network, pair: Callable[..., tuple[Phone, Phone]], path: object, transport: str
) -> None:
    caller, called = pair(path, transport)
    answering = called.answer("answer")
    call = caller.call("call", called.user).finish()
    invite = answering.wait_received("INVITE ")
    answering.wait_received("BYE ")
    answering.finish()
    assert invite.header("To") == f"<sip:{called.user.aor}>"
    assert f"sip:{caller.user.aor}" in invite.header("From")
    assert "m=audio" in invite.body
    assert call.received("SIP/2.0 100"), "100 comes at once"
    quiet(network)


@paths
@transports
def test_called_user_hangs_up(
    network: Network, pair: Callable[..., tuple[Phone, Phone]], path: object, transport: str
) -> None:
    caller, called = pair(path, transport)
    answering = called.answer("answer_and_hang_up")
    caller.call("call_and_wait", called.user).finish()
    answering.finish()
    quiet(network)


@paths
@transports
def test_cancel(
    network: Network, pair: Callable[..., tuple[Phone, Phone]], path: object, transport: str
) -> None:
    caller, called = pair(path, transport)
    ringing = called.answer("ring")
    caller.call("call_and_cancel", called.user).finish()
    ringing.wait_received("CANCEL ")
    ringing.wait_received("ACK ")
    quiet(network)


@paths
@transports
@pytest.mark.parametrize(("scenario", "status"), [("busy", "486"), ("decline", "603")])
def test_called_user_refuses(
    network: Network,
    pair: Callable[..., tuple[Phone, Phone]],
    path: object,
    transport: str,
    scenario: str,
    status: str,
) -> None:
    caller, called = pair(path, transport)
    refusing = called.answer(scenario)
    call = caller.call("call_refused", called.user).finish()
    refusing.finish()
    assert call.received(f"SIP/2.0 {status}")
    quiet(network)


@paths
@transports
def test_hold_and_resume_with_another_codec(
    network: Network, pair: Callable[..., tuple[Phone, Phone]], path: object, transport: str
) -> None:
    """Descriptions pass end to end as they are."""
    caller, called = pair(path, transport)
    answering = called.answer("answer_media_changes")
    calling = caller.call("call_and_change_media", called.user).finish()
    answering.finish()
    offers = [message.body for message in answering.received("INVITE ")]
    sent = [message.body for message in calling.sent("INVITE ")]
    assert offers == [sent[1], sent[3], sent[5]], "each offer was challenged once"
    answers = [message.body for message in calling.received("SIP/2.0 200") if message.body.strip()]
    assert answers == [message.body for message in answering.sent("SIP/2.0 200") if message.body.strip()]
    extensions = {message.header("Ptt-Extension") for message in answering.received("INVITE ")}
    assert len(extensions) == 1, "hold and codec change carry the values of the call"
    quiet(network)


@pytest.mark.parametrize("visited", [1, 3], ids=["from home", "as visitor"])
@pytest.mark.parametrize("home", [1, 2], ids=["own core", "other core"])
@transports
def test_not_registered(network: Network, phone: PhoneMaker, visited: int, home: int, transport: str) -> None:
    caller = phone(network[1].user(), network[visited], transport)
    caller.register()
    call = caller.call("call_refused", network[home].user()).finish()
    assert call.received("SIP/2.0 480")


@pytest.mark.parametrize("visited", [1, 3], ids=["from home", "as visitor"])
@pytest.mark.parametrize("domain", ["core1.example", "core2.example", "nowhere.example"])
@transports
def test_unknown_number(
    network: Network, phone: PhoneMaker, visited: int, domain: str, transport: str
) -> None:
    caller = phone(network[1].user(), network[visited], transport)
    caller.register()
    call = caller.call("call_refused", User("9999", domain)).finish()
    assert call.received("SIP/2.0 404")


def test_second_call_to_a_user_in_a_call_is_busy(network: Network, phone: PhoneMaker) -> None:
    core: Core = network[1]
    first, second, called = (phone(core.user(), core) for _ in range(3))
    for terminal in (first, second, called):
        terminal.register()
    ringing = called.answer("ring")
    call = first.call("call_long_ringing", called.user)
    call.wait_received("SIP/2.0 180")
    refused = second.call("call_refused", called.user).finish()
    assert refused.received("SIP/2.0 486")
    call.finish()
    ringing.finish()
