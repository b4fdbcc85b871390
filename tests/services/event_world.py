"""A world with dispatchers who watch: 1005 of core1 and 2005 of core2 have the right `events`."""

from dataclasses import replace
from typing import Any

from tests.services.group_world import GroupWorld

from opentcf.btrunc import xml
from opentcf.btrunc.wire import Package
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right, Role, Subscriber
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import parse
from opentcf.terminal import Terminal, Watch

DISPATCHER = "1005"


class EventWorld(GroupWorld):
    def __init__(self, *groups: Group, at: dict[str, int] | None = None, seed: int = 0, **more: Any) -> None:
        self.wanted = at or {}
        super().__init__(*groups, seed=seed, **more)
        for core in self.cores.values():
            users = tuple(_may_watch(subscriber) for subscriber in core.settings.subscribers)
            core.settings = replace(core.settings, subscribers=users)
            self.command(core.number, "reload", settings=core.settings)
        for number, where in {DISPATCHER: 1, **self.wanted}.items():
            self.attach(number, where)
        self.run(2.0)
        self.clear()

    def watch(self, package: Package, number: str = "", who: str = DISPATCHER, expires: int = 600) -> Watch:
        ua = self.ua(who)
        watch = ua.watch(package, self.now, number, expires)
        self.touch(ua)
        self.run(2.0)
        return watch

    def unwatch(self, watch: Watch, who: str = DISPATCHER) -> None:
        self.ua(who).unwatch(watch, self.now)
        self.touch(self.ua(who))
        self.run(2.0)

    def notifies(self, target: str = DISPATCHER) -> list[Request]:
        """Every NOTIFY that was sent to a dispatcher, copies once."""
        found: dict[bytes, Request] = {}
        for passed in self.transcript:
            if passed.target == target and passed.data.startswith(b"NOTIFY"):
                message = parse(passed.data)
                assert isinstance(message, Request)
                found[passed.data] = message
        return list(found.values())

    def answers(self, target: str = DISPATCHER) -> list[int]:
        """Final responses to SUBSCRIBE."""
        found = [parse(p.data) for p in self.transcript if p.target == target]
        answers = [m for m in found if isinstance(m, Response)]
        return [answer.status for answer in answers if answer.cseq()[1] == "SUBSCRIBE"]

    def subscriptions(self, number: int = 1) -> int:
        return sum(self.node(number).procedures.subscription.counts().values())

    def strangeness(self, ua: Terminal, number: int = 1) -> list[str]:
        """Where a watcher holds something to be other than the node does."""
        found = []
        procedure = self.node(number).procedures.subscription
        for watch in ua.watches.values():
            subscription = next(
                (s for s in procedure._all.values() if s.dialog.remote_tag == watch.key), None
            )
            if subscription is None:
                found.append(f"{watch} is unknown at core{number}")
                continue
            packages, watched = procedure._packages, subscription.watched
            keys = set(packages.keys(watch.package, watched)) | watch.entries.keys()
            for key in sorted(keys):
                entry = packages.entry(watch.package, key, watched)
                true = plain(xml.parse(entry.encode(), entry[1:].partition(" ")[0]))
                known = plain(watch.entries[key]) if key in watch.entries else None
                if known != true:
                    found.append(f"{watch}: {key} is {true}, watched as {known}")
        return found


def plain(element: xml.Element) -> tuple[Any, ...]:
    return element.name, sorted(element.attributes.items()), [plain(child) for child in element.children]


def aor(number: str) -> Aor:
    return Aor(number, f"core{number[0]}.example")


def _may_watch(subscriber: Subscriber) -> Subscriber:
    if not subscriber.aor.number.endswith("005"):
        return subscriber
    return replace(subscriber, role=Role.DISPATCHER, rights=frozenset((Right.EVENTS,)))
