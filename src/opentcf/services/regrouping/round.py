"""One regroup request: of which members the result is not known yet, and which results are under way."""

from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer


class Round:
    """G: every member of the request has one result, which is reported until the requester's TCF took it.

    `waiting` maps members whose home has not answered to whether they were registered when the request came;
    `acked` are those whose home took the update, and whose location may still come.
    """

    __slots__ = ("acked", "began", "group", "key", "request", "requester", "results", "timers", "waiting")

    def __init__(self, key: str, requester: Aor, request: str, group: Aor, began: float) -> None:
        self.key = key
        self.requester = requester
        self.request = request
        self.group = group
        self.began = began
        self.waiting: dict[Aor, bool] = {}
        self.acked: set[Aor] = set()
        self.results: dict[Aor, Result] = {}
        self.timers: dict[str, Timer] = {}

    @property
    def over(self) -> bool:
        """Is nothing left to be said?"""
        return not self.waiting and not self.results

    def row(self) -> dict[str, Value]:
        """As it is stored."""
        return {
            "v": 1,
            "requester": str(self.requester),
            "request": self.request,
            "group": str(self.group),
            "began": self.began,
            "waiting": {str(user): was for user, was in self.waiting.items()},
            "results": {str(user): int(result) for user, result in self.results.items()},
        }

    @classmethod
    def read(cls, key: str, row: dict[str, Value]) -> "Round":
        """The reverse."""
        found = cls(key, Aor.parse(row["requester"]), row["request"], Aor.parse(row["group"]), row["began"])
        found.waiting = {Aor.parse(user): was for user, was in row["waiting"].items()}
        found.results = {Aor.parse(user): Result(result) for user, result in row["results"].items()}
        return found
