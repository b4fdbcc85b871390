"""What a dispatcher's console watches: subscriptions to events (RFC 6665), and the address book as it came."""

from opentcf.btrunc import events
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.events import Report
from opentcf.btrunc.wire import Wire
from opentcf.btrunc.xml import Element
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.transaction import Outcome
from opentcf.terminal.event import Event, warning
from opentcf.terminal.watch import Watch


def subscribe(watch: Watch, wire: Wire, contact: str) -> Request:
    """A SUBSCRIBE: the first, a refresh, or (expires 0) the last."""
    request = watch.dialog.request("SUBSCRIBE")
    events.write_event(request, wire, watch.package, "")
    request.headers.set("Contact", f"<{contact}>")
    request.headers.set("Accept", wire.bodies[events.BODIES[watch.package]])
    request.headers.set("Expires", str(watch.expires))
    return request


def answered(watch: Watch, outcome: Outcome) -> Event | None:
    """The final response to a SUBSCRIBE. What is refused at the first try, or is not known any more, is over."""
    response = outcome.response
    if response is not None and outcome.status < 300:
        if watch.dialog.remote_tag is None:
            watch.dialog.confirm(response)
        watch.expires = wire_registration.granted_expiry(response, watch.expires)
        return None
    watch.over = watch.over or watch.dialog.remote_tag is None or outcome.status in (403, 408, 481)
    return Event("refused", None, outcome.status, warning(response), watch=watch)


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
