"""What requests carry, made into arguments of commands. BodyError says in one line what is wrong with it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from opentcf.btrunc.regroup import Regroup
from opentcf.model.group import RegroupAction
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.runtime.document import explain
from opentcf.runtime.entries import EntryError, Kind, entries, entry
from opentcf.runtime.people import UnfitError, members

LONGEST = 4 * 2**20
"""Bytes of a body: a CSV file with some 50,000 subscribers, which keep a node busy for a second or two."""
LONG = 2**16
"""A body from here on is read beside the event loop."""

Reader = Callable[[bytes, Mapping[str, str], str], Mapping[str, Any]]


class BodyError(ValueError):
    """A body that cannot be meant."""


class HandoverBody(Struct, forbid_unknown_fields=True):
    """Where a user is to be handed over to."""

    domain: str


class RegroupBody(Struct, forbid_unknown_fields=True):
    """A temporary group: `action` create, add, remove or delete; `expires` is in so many seconds."""

    action: RegroupAction
    members: list[str] = []
    name: str | None = None
    priority: Annotated[int, Meta(ge=0, le=LOWEST_PRIORITY)] | None = None
    expires: Annotated[int, Meta(ge=1)] | None = None


def regroup(data: bytes, path: Mapping[str, str], domain: str) -> Mapping[str, Any]:
    """What a dispatcher wants of a temporary group."""
    said = as_given(RegroupBody)(data, path, domain)
    try:
        people = members(said["members"], domain)
    except UnfitError as error:
        raise BodyError(f"members: {error.reason}") from None
    return {"regroup": Regroup(said["action"], people, said["name"], said["priority"], said["expires"])}


def as_given(schema: type[Struct]) -> Reader:
    """A JSON object of that schema: its keys are the arguments."""

    def read(data: bytes, path: Mapping[str, str], domain: str) -> Mapping[str, Any]:
        try:
            made = msgspec.convert(_json(data), schema)
        except msgspec.ValidationError as error:
            place, reason = explain(str(error), schema)
            raise BodyError(": ".join((*(str(step) for step in place), reason))) from None
        return structs.asdict(made)

    return read


def one(kind: Kind) -> Reader:
    """A JSON object that says what a subscriber or group is; its number may stand in the path."""

    def read(data: bytes, path: Mapping[str, str], domain: str) -> Mapping[str, Any]:
        document = _json(data)
        number = path.get("number") or (document.get("number") if isinstance(document, dict) else None)
        if not isinstance(number, str):
            raise BodyError("number: is missing or no text in quotes")
        try:
            return {"entry": entry(kind, number, document, domain)}
        except EntryError as error:
            raise BodyError(str(error)) from None

    return read


def rows(kind: Kind) -> Reader:
    """A CSV file."""

    def read(data: bytes, path: Mapping[str, str], domain: str) -> Mapping[str, Any]:
        try:
            found = entries(kind, data.decode(), domain)
        except UnicodeDecodeError:
            raise BodyError("is not UTF-8 text") from None
        except EntryError as error:
            raise BodyError(str(error)) from None
        return {"entries": found, "rows": f"{len(found)} rows"}

    return read


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(f"is not JSON: {error}") from None
