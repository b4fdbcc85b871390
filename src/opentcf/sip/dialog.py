"""Dialogs (RFC 3261 §12)."""

import re
from contextlib import suppress

from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.uri import PLAIN, Uri

MAX_FORWARDS = "70"
_PLAIN_CONTACT = re.compile(rf"<({PLAIN})>\Z")
_PLAIN_PARTY = re.compile(rf"(<{PLAIN}>)(?:;tag=([A-Za-z0-9\-.!%*_+`'~]+))?\Z")


class Dialog:
    """One side's view of a dialog, early or confirmed.

    `local` and `remote` are our and their From/To value without the tag; `target` is their Contact URI; `routes` the
    route set as raw Route values, nearest first.
    """

    __slots__ = (
        "call_id", "local", "local_cseq", "local_tag", "remote", "remote_cseq", "remote_tag", "routes", "target",
    )  # fmt: skip

    def __init__(self, call_id: str, local_tag: str, local: str, remote: str, target: str) -> None:
        self.call_id = call_id
        self.local_tag = local_tag
        self.remote_tag: str | None = None
        self.local = local
        self.remote = remote
        self.target = target
        self.local_cseq = 0
        self.remote_cseq = 0
        self.routes: list[str] = []

    @classmethod
    def from_invite(cls, request: Request, local_tag: str) -> "Dialog":
        """The called side (§12.1.1). RemoteError when From or Contact is unusable."""
        target = _target(request)
        if target is None:
            raise RemoteError(400, "Contact is missing")
        remote, remote_tag = _party(request.headers.get("From") or "")
        local, _ = _party(request.headers.get("To") or "")
        dialog = cls(request.call_id(), local_tag, local, remote, target)
        dialog.remote_tag = remote_tag
        dialog.remote_cseq = request.cseq()[0]
        dialog.routes = _routes(request)
        return dialog

    def confirm(self, response: Response) -> None:
        """The calling side learns the other from a response with a tag (§12.1.2, §13.2.2.4).

        The other side holds the dialog to be up: what is malformed in its 2xx is passed over, so that it can be ended.
        """
        self.remote_tag = response.to_tag()
        with suppress(RemoteError):
            self.routes = _routes(response)[::-1]
        self.refresh(response)

    def refresh(self, message: Message) -> None:
        """Target refresh (§12.2): the Contact of a re-INVITE or its 2xx; a malformed one changes nothing."""
        with suppress(RemoteError):
            self.target = _target(message) or self.target

    def request(self, method: str, cseq: int | None = None) -> Request:
        """A request within the dialog (§12.2.1.1); a new CSeq unless one is given (ACK, CANCEL)."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self.target, self.routes
        first = self.next_hop()
        if first is not None and "lr" not in first.parameters:
            uri, routes = _strict(first), [*routes[1:], f"<{self.target}>"]
        request = Request(method, uri)
        fields = request.headers.fields
        fields["Via"] = [""]
        if routes:
            fields["Route"] = list(routes)
        fields["Max-Forwards"] = [MAX_FORWARDS]
        fields["From"] = [f"{self.local};tag={self.local_tag}"]
        fields["To"] = [f"{self.remote};tag={self.remote_tag}" if self.remote_tag else self.remote]
        fields["Call-ID"] = [self.call_id]
        fields["CSeq"] = [f"{cseq} {method}"]
        return request

    def next_hop(self) -> Uri | None:
        """The first hop of the route set; None when requests go where the user of the dialog knows."""
        return NameAddr.parse(self.routes[0]).uri if self.routes else None

    def take_cseq(self, request: Request) -> bool:
        """Is this request in order (§12.2.2)? A lower number than one seen is not."""
        number = request.cseq()[0]
        if number <= self.remote_cseq and request.method not in ("ACK", "CANCEL"):
            return False
        self.remote_cseq = max(self.remote_cseq, number)
        return True

    def belongs(self, message: Message, remote_tag: str | None) -> bool:
        """Does a message with our tag belong here? A missing remote tag of an early dialog fits any."""
        return message.call_id() == self.call_id and (
            self.remote_tag is None or remote_tag == self.remote_tag
        )

    def __repr__(self) -> str:
        return f"<Dialog {self.call_id} {self.local_tag} {self.remote_tag}>"


def _routes(message: Message) -> list[str]:
    """The Record-Route values, raw; each is known to be an address."""
    routes = message.headers.elements("Record-Route")
    for route in routes:
        NameAddr.parse(route)
    return routes


def _target(message: Message) -> str | None:
    """The URI of the Contact."""
    plain = _PLAIN_CONTACT.match(message.headers.get("Contact") or "")
    if plain is not None:
        return plain[1]
    contact = message.contact()
    return None if contact is None else str(contact.uri)


def _party(field: str) -> tuple[str, str | None]:
    """A From or To without its parameters, in a form that parameters can follow; and its tag."""
    plain = _PLAIN_PARTY.match(field)
    if plain is not None:
        return plain[1], plain[2]
    address = NameAddr.parse(field)
    return str(NameAddr(address.uri, address.display)), address.tag


def _strict(uri: Uri) -> str:
    """A strict router's URI as Request-URI (§12.2.1.1): what is not allowed there is left out."""
    return str(
        Uri(
            uri.user,
            uri.host,
            uri.port,
            uri.scheme,
            {k: v for k, v in uri.parameters.items() if k != "method"},
        )
    )
