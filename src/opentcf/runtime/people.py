"""Tables of the configuration that say who is who: subscribers and groups."""

from collections.abc import Callable, Iterable
from hashlib import md5, sha256
from pathlib import Path

from opentcf.model.group import Group, Member, SetUp
from opentcf.model.numbers import NUMBER_DIGITS, Aor, is_number
from opentcf.model.subscriber import Role, Subscriber
from opentcf.runtime.addresses import domain_name
from opentcf.runtime.document import Document, Place
from opentcf.runtime.schema import GroupTable, MemberTable, SubscriberTable

_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: sha256(data).hexdigest(),
    "MD5": lambda data: md5(data, usedforsecurity=False).hexdigest(),
}


def subscribers(document: Document, tables: Iterable[SubscriberTable], domain: str) -> list[Subscriber]:
    """`[[subscriber]]`, each number once."""
    found: dict[str, Subscriber] = {}
    for index, table in enumerate(tables):
        place = ("subscriber", index)
        _check_number(document, table.number, (*place, "number"), found)
        found[table.number] = _subscriber(document, table, domain, place)
    return list(found.values())


def groups(
    document: Document, tables: Iterable[GroupTable], domain: str, taken: Iterable[str]
) -> list[Group]:
    """`[[group]]`, each number once and none that a subscriber has."""
    users = set(taken)
    found: dict[str, Group] = {}
    for index, table in enumerate(tables):
        place = ("group", index)
        _check_number(document, table.number, (*place, "number"), found)
        if table.number in users:
            raise document.error((*place, "number"), f"{table.number} is a subscriber's number")
        found[table.number] = _group(document, table, domain, place)
    return list(found.values())


def _check_number(document: Document, number: str, place: Place, known: Iterable[str]) -> None:
    if not is_number(number):
        raise document.error(place, f"{number!r} is not a number of 1 to {NUMBER_DIGITS} digits")
    if number in known:
        raise document.error(place, f"{number} comes twice")


def _subscriber(document: Document, table: SubscriberTable, domain: str, place: Place) -> Subscriber:
    if table.rights and table.role is not Role.DISPATCHER:
        raise document.error((*place, "rights"), 'are for role = "dispatcher"')
    roaming = table.roaming
    if not isinstance(roaming, bool):
        roaming = frozenset(document.read((*place, "roaming"), domain_name, core) for core in roaming)
    return Subscriber(
        aor=Aor(table.number, domain),
        name=table.name,
        ha1=_secrets(document, table, domain, place),
        role=table.role,
        priority=table.priority,
        roaming=roaming,
        preemptible=table.preemptible,
        rights=frozenset(table.rights),
    )


def _secrets(document: Document, table: SubscriberTable, domain: str, place: Place) -> dict[str, str] | None:
    """H(user:realm:password) per algorithm; the password itself is forgotten here."""
    ways = [
        key
        for key in ("password", "password_file", "ha1_md5", "ha1_sha256")
        if getattr(table, key) is not None
    ]
    if len(ways) > 1 and ways != ["ha1_md5", "ha1_sha256"]:
        raise document.error((*place, ways[0]), f"stands beside {ways[1]}; give one of them")
    if not ways:
        return None
    if ways[0].startswith("ha1"):
        given = {"SHA-256": table.ha1_sha256, "MD5": table.ha1_md5}
        return {algorithm: ha1.lower() for algorithm, ha1 in given.items() if ha1 is not None}
    password = table.password or _password(document, table.password_file or "", (*place, "password_file"))
    text = f"{table.number}:{domain}:{password}".encode()
    return {algorithm: digest(text) for algorithm, digest in _HASHES.items()}


def _password(document: Document, name: str, place: Place) -> str:
    try:
        text = Path(document.path.parent, name).read_text("utf-8")
    except OSError as error:
        raise document.error(place, f"{name} cannot be read: {(error.strerror or '').lower()}") from error
    except UnicodeDecodeError as error:
        raise document.error(place, f"{name} is not UTF-8 text") from error
    password, _, rest = text.partition("\n")
    password = password.removesuffix("\r")
    if not password or rest.strip():
        raise document.error(place, f"{name} does not hold one line with a password")
    return password


def _group(document: Document, table: GroupTable, domain: str, place: Place) -> Group:
    return Group(
        aor=Aor(table.number, domain),
        name=table.name,
        members=_members(document, table, domain, (*place, "members")),
        setup=SetUp(table.setup),
        hang_time=table.hang_time,
        talk_time=table.talk_time,
        max_duration=table.max_duration,
        queue_length=table.queue_length,
        preemption=table.preemption,
        owner_release=table.owner_release,
        priority=table.priority,
    )


def _members(document: Document, table: GroupTable, domain: str, place: Place) -> tuple[Member, ...]:
    found: dict[Aor, Member] = {}
    for written in table.members:
        entry = MemberTable(uri=written) if isinstance(written, str) else written
        uri = f"{entry.uri}@{domain}" if is_number(entry.uri) else entry.uri
        aor = document.read(place, Aor.parse, uri)
        if aor in found:
            raise document.error(place, f"{aor} comes twice")
        found[aor] = Member(aor, entry.priority, entry.listen_only)
    return tuple(found.values())
