"""A world whose user n005 is a dispatcher with every right, and whose peers may control."""

from dataclasses import replace
from typing import Any

from tests.services.group_world import GroupWorld, aor

from opentcf.btrunc import regroup as wire_regroup
from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Param, Wire
from opentcf.model.group import Group, Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right, Role, UserState
from opentcf.terminal import Event, control
from opentcf.terminal.control import Order


class ControlWorld(GroupWorld):
    """Groups as in `GroupWorld`; `dispatch`, `order` and `dgna` are what dispatchers do."""

    def __init__(self, *groups: Group, at: dict[str, int] | None = None, seed: int = 0, **more: Any) -> None:
        super().__init__(*groups, seed=seed, **more)
        for which, core in self.cores.items():
            people = tuple(
                replace(one, role=Role.DISPATCHER, rights=frozenset(Right))
                if one.aor.number.endswith("5")
                else one
                for one in core.settings.subscribers
            )
            peers = tuple(replace(peer, control=True) for peer in core.settings.peers)
            core.settings = replace(core.settings, subscribers=people, peers=peers)
            self.command(which, "reload", settings=core.settings)
        for number, where in (at or {}).items():
            self.attach(number, where)
        self.run(2.0)

    def dispatch(self, number: str, order: Order) -> str:
        """What a dispatcher orders; its key."""
        key = self.ua(number).dispatch(order, self.now)
        self.touch(self.ua(number))
        return key

    def order(self, number: str, state: UserState, target: str) -> str:
        """Stun, kill, revive."""
        return self.dispatch(number, control.becomes(state, aor(target)))

    def dgna(self, number: str, action: RegroupAction, *members: str, gdn: str = "8901", **more: Any) -> str:
        """A list for a temporary group of core1."""
        listed = tuple(Member(aor(member)) for member in members)
        wish = Regroup(action, listed, **more)
        return self.dispatch(number, control.regroup(Aor(gdn, "core1.example"), wish, Wire()))

    def reports(self, number: str) -> list[tuple[str, int]]:
        """The results that reached a dispatcher: member, result."""
        pages = [event.page for event in self.ua(number).events if event.name == "regrouped"]
        found = [
            wire_regroup.read_report(page.extension, Wire(), aor(number).domain)
            for page in pages
            if page and page.extension
        ]
        return sorted((report.user.number, int(report.result)) for report in found)

    def results(self, number: str) -> list[Event]:
        """What became of his MESSAGEs."""
        return [
            event for event in self.ua(number).events if event.name in ("delivered", "refused") and event.page
        ]

    def result(self, number: str) -> tuple[int, str]:
        """Status, and what the extension says, of the newest."""
        event = self.results(number)[-1]
        assert event.page is not None
        ext = event.page.extension
        return event.status, (ext.get(Param.RESULT) or "") if ext is not None else ""
