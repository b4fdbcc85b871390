"""Subscribers and groups as programs give them, one as a JSON object or many as CSV, made into entries for the node.

The keys are those of the configuration's tables. A CSV file names them in its first row; several values in a cell are
separated by blanks; an empty cell says nothing.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from io import StringIO
from typing import Any

import msgspec

from opentcf.model.group import Group
from opentcf.model.numbers import bare
from opentcf.model.subscriber import Subscriber
from opentcf.node.commands.enrol import Entry
from opentcf.runtime import people
from opentcf.runtime.document import explain
from opentcf.runtime.people import UnfitError
from opentcf.runtime.schema import GroupTable, MemberTable, SubscriberTable

Kind = type[SubscriberTable] | type[GroupTable]
Row = Mapping[str, Any]
MEMBER_CHANGES = ("add_members", "remove_members")
ANYWHERE = "home.invalid"
"""The domain of a node that was not asked yet: whatever stands behind a number may be its own."""
SECRETS = frozenset(("password", "password_file", "ha1_md5", "ha1_sha256"))
_LISTS = frozenset(("members", "rights", "roaming"))


class EntryError(ValueError):
    """What is wrong with an entry: one line that names the row, if there are several, and the column or key."""


class GroupChanges(GroupTable):
    """Changes of a group: beside its settings, members to put in or take out"""

    add_members: tuple[str | MemberTable, ...] = ()
    remove_members: tuple[str | MemberTable, ...] = ()


def entry(kind: Kind, number: str, row: Any, domain: str) -> Entry:
    """What `row`, a JSON object, says of `number`; only the keys that it has."""
    if not isinstance(row, Mapping):
        raise EntryError("expected a table")
    number, said = _own(number, domain), row.get("number", number)
    if said != number and (not isinstance(said, str) or _own(said, domain) != number):
        raise EntryError(f"number: {said!r} is not {number!r}")
    try:
        return _entry(kind, {**row, "number": number}, domain, strict=True)
    except UnfitError as error:
        raise EntryError(f"{_key(error)}{error.reason}") from None


def entries(kind: Kind, text: str, domain: str) -> list[Entry]:
    """The rows of a CSV file; EntryError for the first thing wrong in it."""
    found: dict[str, tuple[int, Entry]] = {}
    for index, row in _rows(text):
        where = f"row {index}, "
        if "number" in row:
            row["number"] = _own(row["number"], domain)
        try:
            made = _entry(kind, row, domain, strict=False)
            if made.number in found:
                raise UnfitError(
                    ("number",), f"{made.number} comes twice, also in row {found[made.number][0]}"
                )
        except UnfitError as error:
            raise EntryError(f"{where}column {_key(error)}{error.reason}") from None
        found[made.number] = (index, made._replace(where=f"{where}column "))
    return [made for _, made in found.values()]


def _entry(kind: Kind, row: Row, domain: str, *, strict: bool) -> Entry:
    schema = GroupChanges if kind is GroupTable else kind
    try:
        table = msgspec.convert(row, schema, strict=strict)
    except msgspec.ValidationError as error:
        raise UnfitError(*explain(str(error), schema)) from None
    made = _made(table, domain)
    names = {"ha1" if key in SECRETS else key for key in row}
    found = {field.name: getattr(made, field.name) for field in fields_of(made) if field.name in names}
    if isinstance(table, GroupChanges):
        found |= {
            key: people.members(getattr(table, key), domain, key) for key in MEMBER_CHANGES if key in names
        }
    return Entry(table.number, found)


def _own(number: str, domain: str) -> str:
    return bare(number, number.partition("@")[2].lower() if domain == ANYWHERE else domain)


def _made(table: SubscriberTable | GroupTable, domain: str) -> Subscriber | Group:
    if isinstance(table, SubscriberTable):
        return people.subscriber(table, domain)
    return people.group(table, domain)


def _rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row numbers as a spreadsheet shows them: the header is row 1."""
    try:
        rows = list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        raise EntryError(f"is not CSV: {error}") from None
    header = [name.strip() for name in rows[0]] if rows else []
    if "number" not in header:
        raise EntryError('row 1: there is no column "number"')
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise EntryError(f"row 1: column {twice!r} comes twice")
    for index, cells in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise EntryError(f"row {index}: has {len(cells)} cells, the header has {len(header)}")
            said = zip(header, (cell.strip() for cell in cells))
            yield index, {name: _cell(name, cell) for name, cell in said if cell}


def _cell(name: str, cell: str) -> Any:
    if name == "roaming" and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell.split() if name in _LISTS else cell


def _key(error: UnfitError) -> str:
    name = ".".join(str(step) for step in error.place if isinstance(step, str))
    return f"{name}: " if name else ""
