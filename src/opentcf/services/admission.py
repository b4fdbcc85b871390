"""Who is let in: on TC2 the configured peers, on D the terminals that prove who they are (profile 2.1 and 6)."""

from collections.abc import Iterable

from opentcf.btrunc.wire import Token
from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor, is_number
from opentcf.model.peer import Peer
from opentcf.model.registration import Attachment
from opentcf.services.context import Context, Incoming
from opentcf.sip import digest
from opentcf.sip.digest import Credentials, Nonces, NonceState, UsedNonces
from opentcf.sip.headers import Via
from opentcf.sip.outbox import Flow

FIELD = "Authorization"


class PeerAdmission:
    """Finds the peer that a message on TC2 comes from."""

    def __init__(self) -> None:
        self._by_host: dict[str, dict[int, Peer]] = {}
        """By address and port."""
        self._alone: dict[str, Peer] = {}
        """Where one address is one peer's alone the port does not matter."""
        self._by_name: dict[str, Peer] = {}
        self._proved: dict[int, Peer] = {}

    def configure(self, peers: Iterable[Peer], addresses: dict[str, tuple[str, ...]]) -> None:
        """Take over the configuration; `addresses` are the literals that a peer's host name stands for."""
        self._by_host, self._by_name = {}, {}
        for peer in peers:
            self._by_name[(peer.tls_name or peer.domain).lower()] = peer
            for transport, host, port in peer.ways:
                if transport != "tls":
                    for literal in {host, *addresses.get(peer.domain, ())}:
                        self._by_host.setdefault(literal, {}).setdefault(port, peer)
        owners = {
            host: {peer.domain: peer for peer in ports.values()} for host, ports in self._by_host.items()
        }
        self._alone = {host: next(iter(found.values())) for host, found in owners.items() if len(found) == 1}

    def proved(self, flow: Flow, names: Iterable[str]) -> None:
        """A TLS connection's certificate bears these names."""
        for name in names:
            peer = self._by_name.get(name.lower())
            if peer is not None:
                self._proved[flow.connection] = peer

    def closed(self, flow: Flow) -> None:
        """A connection is gone."""
        self._proved.pop(flow.connection, None)

    def find(self, flow: Flow, via: Via | None = None) -> Peer | None:
        """By certificate under TLS, else by source address; the port decides where peers share one."""
        if flow.transport == "tls":
            return self._proved.get(flow.connection)
        alone = self._alone.get(flow.host)
        if alone is not None:
            return alone
        peers = self._by_host.get(flow.host, {})
        return peers.get(flow.port if flow.transport == "udp" else (via.port if via else 0))


class TerminalAdmission:
    """Digest on D: every request but ACK, CANCEL and a registered terminal's heartbeat is challenged."""

    def __init__(
        self, ctx: Context, nonces: Nonces, algorithms: tuple[str, ...], foreign_nonces: dict[Aor, str]
    ) -> None:
        self._ctx = ctx
        self._nonces = nonces
        self.algorithms = algorithms
        self._foreign_nonces = foreign_nonces
        self._used = UsedNonces()

    def admit(self, incoming: Incoming) -> None:
        """Set user and attachment, or Decline: 401 with a challenge, 403 for a wrong answer to one."""
        user = self._claimed(incoming)
        attachment = self._ctx.directory.attachment(user)
        if not self._is_heartbeat(incoming, attachment):
            self._check(incoming, user, attachment)
        incoming.user = user
        incoming.attachment = attachment

    def _claimed(self, incoming: Incoming) -> Aor:
        """The number in From (REGISTER: To), at its home domain."""
        request = incoming.request
        uri = (request.to() if request.method == "REGISTER" else request.from_()).uri
        if not is_number(uri.user):
            raise Decline(404, f"{uri.user[:40]!r} is no number")
        own = uri.host in self._ctx.local_hosts or not uri.host
        return Aor(uri.user, self._ctx.directory.domain if own else uri.host)

    def _is_heartbeat(self, incoming: Incoming, attachment: Attachment | None) -> bool:
        ext = incoming.extension
        heartbeat = incoming.request.method == "OPTIONS" and ext is not None and ext.token is Token.HEARTBEAT
        return heartbeat and attachment is not None and attachment.flow == tuple(incoming.flow)

    def _check(self, incoming: Incoming, user: Aor, attachment: Attachment | None) -> None:
        found = digest.credentials_for(incoming.request.headers, FIELD, user.domain)
        if self._ctx.directory.is_home(user):
            self._check_own(incoming, user, found)
        elif incoming.request.method == "REGISTER":
            self._check_visitor_register(incoming, user, found)
        else:
            self._check_visitor(incoming, user, attachment, found)

    def _check_own(self, incoming: Incoming, user: Aor, found: Credentials | None) -> None:
        credentials = self._fresh(incoming, user, found)
        subscriber = self._ctx.directory.subscriber(user)
        secrets = subscriber.ha1 if subscriber is not None and subscriber.ha1 else {}
        self._prove(incoming, user, credentials, dict(secrets))

    def _check_visitor_register(self, incoming: Incoming, user: Aor, found: Credentials | None) -> None:
        """V checks its own nonce; whether the answer is right is for the home to say."""
        if found is not None and self._foreign_nonces.get(user) == found.nonce:
            return
        self._first_use(incoming, user, self._fresh(incoming, user, found))

    def _check_visitor(
        self, incoming: Incoming, user: Aor, attachment: Attachment | None, found: Credentials | None
    ) -> None:
        if attachment is None and self._in_his_dialog(incoming, user):
            return
        if attachment is None:
            self._fresh(incoming, user, found)
            raise Decline(403, f"{user} is not registered here")
        if attachment.ha1:
            self._prove(incoming, user, self._fresh(incoming, user, found), attachment.ha1)
        elif attachment.flow != tuple(incoming.flow):
            raise Decline(403, f"{user} must register anew from here")

    def _in_his_dialog(self, incoming: Incoming, user: Aor) -> bool:
        """He moved on, but a call of his still stands here (a handover that failed): its flow proves him."""
        leg = self._ctx.legs.get(incoming.request.to_tag() or "")
        return leg is not None and leg.party == user and tuple(leg.flow) == tuple(incoming.flow)

    def _fresh(self, incoming: Incoming, user: Aor, found: Credentials | None) -> Credentials:
        if found is None:
            raise self._challenge(incoming, user)
        state = self._nonces.check(found.nonce, self._ctx.wall, incoming.flow.host)
        if state is not NonceState.FRESH:
            raise self._challenge(incoming, user, stale=state is NonceState.STALE)
        return found

    def _first_use(self, incoming: Incoming, user: Aor, credentials: Credentials) -> None:
        """A request that was listened to is of no use to who repeats it (RFC 7616 §5.12)."""
        if not self._used.use(credentials.nonce, credentials.nc, self._ctx.wall):
            self._ctx.meters.count("opentcf_refused_total", "replay")
            raise self._challenge(incoming, user, stale=True)

    def _prove(
        self, incoming: Incoming, user: Aor, credentials: Credentials, secrets: dict[str, str]
    ) -> None:
        """While he is locked out the right password is refused like a wrong one: whoever guesses learns nothing."""
        secret, source = secrets.get(credentials.algorithm, ""), incoming.flow.host
        named = credentials.username == user.number and bool(secret)
        locked = self._ctx.is_locked_out(user, source)
        if locked or not digest.verify(credentials, secret, incoming.request.method) or not named:
            if not locked:
                self._ctx.wrong_password(user, source)
            raise Decline(403, "wrong number or password")
        self._first_use(incoming, user, credentials)
        self._ctx.lockouts.right((user, source))

    def _challenge(self, incoming: Incoming, user: Aor, *, stale: bool = False) -> Decline:
        """On D alone. TC2-C 401."""
        nonce = self._nonces.make(self._ctx.wall, incoming.flow.host)
        lines = tuple(
            ("WWW-Authenticate", digest.challenge(user.domain, nonce, algorithm, stale=stale))
            for algorithm in self.algorithms
        )
        return Decline(401, "", lines)
