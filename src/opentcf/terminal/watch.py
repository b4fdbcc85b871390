"""A subscription as the console that watches sees it."""

from opentcf.btrunc.wire import Package
from opentcf.btrunc.xml import Element
from opentcf.sip.dialog import Dialog
from opentcf.sip.outbox import Flow
from opentcf.sip.timers import Timer


class Watch:
    """One subscription, at the TCF `flow`. `entries` is what is known now, each by its number or call id; `version`
    that of the latest NOTIFY, -1 before the first. `over`: nothing more will come."""

    __slots__ = (
        "dialog", "entries", "expires", "flow", "key", "number", "over", "package", "refresh", "version",
    )  # fmt: skip

    def __init__(self, dialog: Dialog, flow: Flow, package: Package, number: str, expires: int) -> None:
        self.dialog = dialog
        self.flow = flow
        self.key = dialog.local_tag
        self.package = package
        self.number = number
        self.expires = expires
        self.version = -1
        self.entries: dict[str, Element] = {}
        self.over = False
        self.refresh: Timer | None = None

    def stop(self) -> None:
        """No refresh any more."""
        if self.refresh is not None:
            self.refresh.cancel()
            self.refresh = None

    def __repr__(self) -> str:
        return f"<Watch {self.key} {self.package.value} of {self.number or 'all'} at {self.version}>"
