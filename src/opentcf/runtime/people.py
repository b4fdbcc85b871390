"""Tables of the configuration that say who is who: subscribers and groups."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import md5, sha256
from pathlib import Path
from typing import TypeVar

from opentcf.model.group import Group, Member, SetUp
from opentcf.model.numbers import NUMBER_DIGITS, Aor, is_number
from opentcf.model.subscriber import LOWEST_PRIORITY, NO_RIGHTS, Role, Subscriber
from opentcf.runtime.addresses import domain_name
from opentcf.runtime.document import Document, Place
from opentcf.runtime.schema import GroupTable, MemberTable, SubscriberTable

A = TypeVar("A")
T = TypeVar("T")

_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: sha256(data).hexdigest(),
    "MD5": lambda data: md5(data, usedforsecurity=False).hexdigest(),
}


class UnfitError(ValueError):
    """A table that has the right keys and types, but not the right values: which key, and why."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


def subscribers(document: Document, tables: Iterable[SubscriberTable], domain: str) -> list[Subscriber]:
    """`[[subscriber]]`, each number once."""
    found: dict[str, Subscriber] = {}
    for index, table in enumerate(tables):
        with _at(document, ("subscriber", index)):
            _check_once(table.number, found)
            made = subscriber(table, domain, document.path.parent)
            if made.rights and made.role is not Role.DISPATCHER:
                raise UnfitError(("rights",), NO_RIGHTS)
            found[table.number] = made
    return list(found.values())


def groups(
    document: Document, tables: Iterable[GroupTable], domain: str, taken: Iterable[str]
) -> list[Group]:
    """`[[group]]`, each number once and none that a subscriber has."""
    users = set(taken)
    found: dict[str, Group] = {}
    for index, table in enumerate(tables):
        with _at(document, ("group", index)):
            _check_once(table.number, found)
            if table.number in users:
                raise UnfitError(("number",), f"{table.number} is a subscriber's number")
            found[table.number] = group(table, domain)
    return list(found.values())


@contextmanager
def _at(document: Document, place: Place) -> Iterator[None]:
    try:
        yield
    except UnfitError as error:
        raise document.error((*place, *error.place), error.reason) from None


def _check_once(number: str, known: Iterable[str]) -> None:
    if number in known:
        raise UnfitError(("number",), f"{number} comes twice")


def subscriber(table: SubscriberTable, domain: str, base: Path | None = None) -> Subscriber:
    """One subscriber; `base` is where the path of a password file begins, None where there can be none."""
    roaming = table.roaming
    if not isinstance(roaming, bool):
        roaming = frozenset(_read(("roaming",), domain_name, core) for core in roaming)
    return Subscriber(
        aor=Aor(_number(table.number), domain),
        name=_read(("name",), _line, table.name),
        ha1=_secrets(table, domain, base),
        role=table.role,
        priority=table.priority,
        roaming=roaming,
        preemptible=table.preemptible,
        rights=frozenset(table.rights),
    )


def group(table: GroupTable, domain: str) -> Group:
    """One group."""
    return Group(
        aor=Aor(_number(table.number), domain),
        name=_read(("name",), _line, table.name),
        members=members(table.members, domain),
        setup=SetUp(table.setup),
        hang_time=table.hang_time,
        talk_time=table.talk_time,
        max_duration=table.max_duration,
        queue_length=table.queue_length,
        preemption=table.preemption,
        owner_release=table.owner_release,
        priority=table.priority,
    )


def members(tables: Iterable[str | MemberTable], domain: str, key: str = "members") -> tuple[Member, ...]:
    """The members of a group, each once; a bare number is one of `domain`."""
    found: dict[Aor, Member] = {}
    for written in tables:
        entry = _read((key,), _member, written) if isinstance(written, str) else written
        uri = f"{entry.uri}@{domain}" if is_number(entry.uri) else entry.uri
        aor = _read((key,), _aor, uri)
        if aor in found:
            raise UnfitError((key,), f"{aor} comes twice")
        found[aor] = Member(aor, entry.priority, entry.listen_only)
    return tuple(found.values())


def _member(text: str) -> MemberTable:
    """`sip:2001@core2.example;priority=100;listen_only`."""
    uri, *parameters = text.split(";")
    table = MemberTable(uri=uri.strip())
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "listen_only" and not value:
            table.listen_only = True
        elif name == "priority" and value.isascii() and value.isdigit() and int(value) <= LOWEST_PRIORITY:
            table.priority = int(value)
        else:
            raise ValueError(f"{parameter!r} is neither priority=0 to {LOWEST_PRIORITY} nor listen_only")
    return table


def _aor(uri: str) -> Aor:
    aor = Aor.parse(uri)
    return Aor(aor.number, domain_name(aor.domain))


def _line(text: str) -> str:
    """A name goes into headers, bodies and logs."""
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed")
    return text


def _number(number: str) -> str:
    if not is_number(number):
        raise UnfitError(("number",), f"{number!r} is not a number of 1 to {NUMBER_DIGITS} digits")
    return number


def _read(place: Place, reader: Callable[[A], T], written: A) -> T:
    try:
        return reader(written)
    except ValueError as error:
        raise UnfitError(place, str(error)) from None


def _secrets(table: SubscriberTable, domain: str, base: Path | None) -> dict[str, str] | None:
    """H(user:realm:password) per algorithm; the password itself is forgotten here."""
    ways = [
        key
        for key in ("password", "password_file", "ha1_md5", "ha1_sha256")
        if getattr(table, key) is not None
    ]
    if len(ways) > 1 and ways != ["ha1_md5", "ha1_sha256"]:
        raise UnfitError((ways[0],), f"stands beside {ways[1]}; give one of them")
    if not ways:
        return None
    if ways[0].startswith("ha1"):
        given = {"SHA-256": table.ha1_sha256, "MD5": table.ha1_md5}
        return {algorithm: ha1.lower() for algorithm, ha1 in given.items() if ha1 is not None}
    password = table.password or _password(base, table.password_file or "")
    text = f"{table.number}:{domain}:{password}".encode()
    return {algorithm: digest(text) for algorithm, digest in _HASHES.items()}


def _password(base: Path | None, name: str) -> str:
    place = ("password_file",)
    if base is None:
        raise UnfitError(place, "is for the configuration file; give the password itself, or its hash")
    try:
        text = Path(base, name).read_text("utf-8")
    except OSError as error:
        raise UnfitError(place, f"{name} cannot be read: {(error.strerror or '').lower()}") from error
    except UnicodeDecodeError as error:
        raise UnfitError(place, f"{name} is not UTF-8 text") from error
    password, _, rest = text.partition("\n")
    password = password.removesuffix("\r")
    if not password or rest.strip():
        raise UnfitError(place, f"{name} does not hold one line with a password")
    return password
