"""A TCF of somebody else on TC2, played by sipp."""

import itertools
from pathlib import Path

from tests.interop.network import Core, User
from tests.interop.scenario import Scenario
from tests.interop.sipp import Message, Partner, Sipp

FOREIGN = "foreign.example"
_order = itertools.count(1)


class ForeignTcf(Partner):
    """The other vendor's TCF."""

    def __init__(self, core: Core, folder: Path, host: str, transport: str, domain: str = FOREIGN) -> None:
        super().__init__(folder, domain.partition(".")[0], host, 5060, transport)
        self.core = core
        self.domain = domain

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

    def play(self, scenario: Scenario) -> Sipp:
        """Play a composed scenario; one that begins with waiting is ready when this returns."""
        path = scenario.write(self.folder / f"{self.name}-{len(self.runs) + 1}.xml")
        begin = self.start if scenario.calls else self.wait
        return begin(path, self.core.tc2, {})
