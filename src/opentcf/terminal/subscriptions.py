"""What a dispatcher's console watches: subscriptions to events (RFC 6665), and the address book as it came."""

from opentcf.btrunc import events
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.events import Report
from opentcf.btrunc.wire import Package, Token, Wire
from opentcf.btrunc.xml import Element
from opentcf.sip.dialog import Dialog
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.transaction import Outcome, ServerTransaction
from opentcf.terminal.control import Control
from opentcf.terminal.event import Event
from opentcf.terminal.line import Line
from opentcf.terminal.messages import uri_of
from opentcf.terminal.watch import Watch


class Watches:
    """`running` are the subscriptions that are not over, by their local tag."""

    def __init__(self, line: Line, control: Control) -> None:
        self.running: dict[str, Watch] = {}
        self._line = line
        self._control = control

    def begin(self, package: Package, number: str, expires: int) -> Watch:
        """Subscribe to an event of a number, or of all at home."""
        ids, user = self._line.ids, self._line.user
        uri = uri_of(number, user.domain) if number else f"sip:{user.domain}"
        dialog = Dialog(ids.token(), ids.token(), f"<sip:{user}>", f"<{uri}>", uri)
        watch = Watch(dialog, self._line.proxy, package, number, expires)
        if self._control.barred:
            watch.over = True
            self._line.events.append(Event("refused", None, 403, self._control.state.value, watch=watch))
        else:
            self.running[watch.key] = watch
            self.subscribe(watch)
        return watch

    def subscribe(self, watch: Watch) -> None:
        """The first time, once more, or (expires 0) for the last time."""
        line = self._line
        watch.stop()
        request = subscribe(watch, line.wire, line.contact())
        if not line.plain:
            wire_extension.write(request, line.wire, Token.SUBSCRIBE)
        line.send(request, "subscribe", watch)

    def answered(self, watch: Watch, result: Outcome) -> None:
        """A final response to a SUBSCRIBE."""
        line = self._line
        event = answered(watch, result, line.why(result.response, watch))
        if event is not None:
            line.events.append(event)
        elif watch.expires and not watch.over:
            watch.stop()
            watch.refresh = line.timers.start(line.now + max(watch.expires / 2, 1.0), watch)
        self._forget_over(watch)

    def notified(self, watch: Watch, request: Request, txn: ServerTransaction) -> None:
        """A NOTIFY."""
        status, event = (481, None)
        if watch.dialog.belongs(request, request.from_tag()):
            status, event = notified(watch, request, self._line.wire)
        self._line.layer.respond(txn, request.respond(status, watch.key), self._line.now)
        self._line.events += [event] if event is not None else []
        self._forget_over(watch)

    def _forget_over(self, watch: Watch) -> None:
        if watch.over:
            watch.stop()
            self.running.pop(watch.key, None)


def subscribe(watch: Watch, wire: Wire, contact: str) -> Request:
    """A SUBSCRIBE: the first, a refresh, or (expires 0) the last."""
    request = watch.dialog.request("SUBSCRIBE")
    events.write_event(request, wire, watch.package, "")
    request.headers.set("Contact", f"<{contact}>")
    request.headers.set("Accept", wire.bodies[events.BODIES[watch.package]])
    request.headers.set("Expires", str(watch.expires))
    return request


def answered(watch: Watch, outcome: Outcome, why: str) -> Event | None:
    """The final response to a SUBSCRIBE. What is refused at the first try, or is not known any more, is over."""
    response = outcome.response
    if response is not None and outcome.status < 300:
        if watch.dialog.remote_tag is None:
            watch.dialog.confirm(response)
        watch.expires = wire_registration.granted_expiry(response, watch.expires)
        return None
    watch.over = watch.over or watch.dialog.remote_tag is None or outcome.status in (403, 408, 481)
    return Event("refused", None, outcome.status, why, watch=watch)


def notified(watch: Watch, request: Request, wire: Wire) -> tuple[int, Event | None]:
    """A NOTIFY: the status to answer with, and what the person sees of it."""
    if watch.dialog.remote_tag is None:
        watch.dialog.remote_tag = request.from_tag()
        watch.dialog.refresh(request)
    if not watch.dialog.take_cseq(request):
        return 500, None
    if events.read_event(request, wire).package is not watch.package:
        return 489, None
    state = request.headers.get("Subscription-State") or ""
    watch.over = watch.over or state.partition(";")[0].strip().lower() == "terminated"
    if not request.body:
        return 200, Event("notified", None, 0, state, watch=watch)
    try:
        report = events.read_report(request, wire, watch.package)
    except RemoteError as error:
        return error.status, None
    take(watch, report)
    return 200, Event("notified", None, 0, told(report), watch=watch)


def take(watch: Watch, report: Report) -> None:
    """Full state replaces what was known, a change adds to it."""
    if report.full:
        watch.entries = {}
    watch.entries.update(report.entries)
    watch.version = report.version


def addresses(request: Request, wire: Wire) -> Event:
    """A part of the address book came; it is the last one when its text ends with all of them."""
    book = events.read_addresses(request, wire)
    last = book.first + len(book.entries) - 1
    lines = "; ".join(_line(entry) for entry in book.entries)
    return Event("addresses", None, 0, f"{lines} ({last} of {book.total})")


def told(report: Report) -> str:
    """For people: one line an entry."""
    return "; ".join(_line(entry) for entry in report.entries.values())


def _line(entry: Element) -> str:
    words = [entry.name, *(f"{name}={value}" for name, value in entry.attributes.items() if value)]
    inner = [" ".join([child.name, *child.attributes.values()]) for child in entry.children]
    return " ".join(words) + (f" ({', '.join(inner)})" if inner else "")
