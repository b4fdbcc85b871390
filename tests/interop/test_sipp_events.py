"""sipp as a dispatcher that watches (RFC 6665), and as one whose TCF dies in between."""

from collections.abc import Callable, Iterator

import pytest
from tests.interop.network import Core, Network, User, build
from tests.interop.sipp import Phone, Sipp
from tests.schemas import schema

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
DISPATCHER = """\
[[subscriber]]
number = "1900"
password = "secret-1900"
role = "dispatcher"
rights = ["events"]
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One core network with a dispatcher."""
    one = build(tmp_path_factory.mktemp("events"), 1)
    one[1].more = DISPATCHER
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.fixture
def core(network: Network) -> Core:
    return network[1]


@pytest.fixture
def desk(core: Core, phone: PhoneMaker) -> Phone:
    """The dispatcher, registered."""
    found = phone(User("1900", core.domain), core)
    found.register()
    return found


def watch(desk: Phone) -> Sipp:
    """He subscribes, and has the full state."""
    run = desk.start("subscribe", desk.core.d, desk.keys(), *desk.options())
    first = run.wait_received("NOTIFY ")
    assert 'version="0" state="full"' in first.body
    assert first.header("Subscription-State").startswith("active;expires=")
    return run


def ended(run: Sipp) -> None:
    """He has unsubscribed; all that he was told is as the schema says."""
    told = run.finish().received("NOTIFY ")
    assert told[-1].header("Subscription-State") == "terminated;reason=timeout"
    for notify in told:
        schema("pttuereginfo").validate(notify.body)


def test_watches_registrations(core: Core, desk: Phone, phone: PhoneMaker) -> None:
    run, user = watch(desk), core.user()
    phone(user, core).register()
    change = run.wait_received("NOTIFY ", 2)
    assert 'version="1" state="partial"' in change.body
    assert f'udn="{user.aor}" state="registered" visited="{core.domain}"' in change.body
    ended(run)


def test_watches_over_a_restart(core: Core, desk: Phone) -> None:
    run = watch(desk)
    core.kill()
    core.start()
    assert 'version="1" state="full"' in run.wait_received("NOTIFY ", 2).body
    ended(run)


def test_a_terminal_may_not(core: Core, phone: PhoneMaker) -> None:
    terminal = phone(core.user(), core)
    terminal.register()
    run = terminal.start("subscribe", core.d, terminal.keys(), *terminal.options())
    assert run.wait_received("SIP/2.0 403").header("Warning")
