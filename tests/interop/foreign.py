"""A TCF of somebody else on TC2, played by sipp."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.interop.network import Core, PeerEntry, User, build, new_host
from tests.interop.programs import wait_until
from tests.interop.scenario import Scenario
from tests.interop.sipp import Message, Partner, Sipp
from tests.interop.sockets import free_port

FOREIGN = "foreign.example"
_order = itertools.count(1)


class ForeignTcf(Partner):
    """The other vendor's TCF."""

    def __init__(
        self, core: Core, folder: Path, host: str, transport: str, domain: str = FOREIGN, port: int = 5060
    ) -> None:
        super().__init__(folder, domain.partition(".")[0], host, port, transport)
        self.core = core
        self.domain = domain

    def beside(self) -> "ForeignTcf":
        """The same TCF at another port, to say something while a scenario listens at its own."""
        return ForeignTcf(
            self.core, self.folder, self.host, self.transport, self.domain, free_port(self.host)
        )

    def register(
        self,
        user: User,
        expires: int = 300,
        extension: str = "pttregister;regtype=initial",
        visited: str = "",
    ) -> Message:
        """V→H REGISTER for a visitor; the final answer."""
        keys = {
            "number": user.number,
            "home": user.domain,
            "visited": visited or self.domain,
            "order": str(next(_order)),
            "expires": str(expires),
            "extension": extension,
        }
        binding = ("-cid_str", f"binding-of-{user.number}")
        return self.start("tc2_register", self.core.tc2, keys, *binding).finish().messages("received")[-1]

    def contact(self, user: User) -> str:
        """The Contact URI that `register` gives."""
        return f"sip:{user.number}@{self.address};home={user.domain}"

    def call(self, scenario: str, target: str, caller: str, called: str, extension: str) -> Sipp:
        """Send an INVITE."""
        keys = {"target": target, "caller": caller, "called": called, "extension": extension}
        return self.start(scenario, self.core.tc2, keys)

    def expect(self, scenario: str, calls: int = 1, **keys: str) -> Sipp:
        """Wait for a request."""
        return self.wait(scenario, self.core.tc2, keys, calls=calls)

    def options(self, extension: str) -> Message:
        """Send OPTIONS; the answer."""
        run = self.call("tc2_options", f"sip:{self.core.domain}", self.domain, self.core.domain, extension)
        return run.finish().messages("received")[-1]

    def play(self, scenario: Scenario, *options: str, calls: int = 1) -> Sipp:
        """Play a composed scenario; one that begins with waiting is ready when this returns."""
        path = scenario.write(self.folder / f"{self.name}-{len(self.runs) + 1}.xml")
        begin = self.start if scenario.calls else self.wait
        return begin(path, self.core.tc2, {}, *options, calls=calls)


class Meeting(NamedTuple):
    """A node whose only peer is foreign, and where the foreign TCF has to be for it."""

    core: Core
    host: str
    port: int
    transport: str

    def foreign(self, folder: Path) -> ForeignTcf:
        """The foreign TCF."""
        return ForeignTcf(self.core, folder, self.host, self.transport, port=self.port)


@contextmanager
def meet(
    folder: Path, transport: str, *, ipv6: bool = False, control: bool = False, more: str = ""
) -> Iterator[Meeting]:
    """The node sees the foreign TCF up. Over IPv6 both are at ::1. `more` is of the node's configuration."""
    network = build(folder, 1)
    core, host, port = network[1], new_host(), 5060
    if ipv6:
        core.host = host = "::1"
        core.tc2_port, core.d_port, core.http_port, port = (free_port("::1") for _ in range(4))
    meeting = Meeting(core, host, port, transport)
    foreign = meeting.foreign(folder)
    core.more = more
    keys = f"heartbeat = 600.0\nshare_ha1 = false\ncontrol = {str(control).lower()}"
    core.peers = [PeerEntry(FOREIGN, f"{transport}:{foreign.address}", keys)]
    try:
        first = foreign.expect("tc2_heartbeat", epoch="of-foreign")  # else it is repeated into the first test
        core.start()
        check_heartbeat(core, first.finish().received("OPTIONS ")[0])
        wait_until(lambda: core.peer_state(FOREIGN) == "up", "the foreign TCF is up")
        yield meeting
    finally:
        foreign.stop()
        network.stop()


def check_heartbeat(core: Core, heartbeat: Message) -> None:
    """The node's, as another vendor reads it."""
    assert re.fullmatch(r"pttheartbeat;epoch=\S+", heartbeat.header("Ptt-Extension"))
    assert heartbeat.first == f"OPTIONS sip:{FOREIGN} SIP/2.0"
    assert heartbeat.header("To") == f"<sip:{FOREIGN}>"
    assert heartbeat.header("From").startswith(f"<sip:{core.domain}>;tag=")
