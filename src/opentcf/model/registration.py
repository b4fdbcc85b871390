"""Where users are: the home's view and the visited TCF's."""

from enum import StrEnum

from opentcf.model.numbers import Aor


class RegType(StrEnum):
    """What a REGISTER towards the home is about. A refresh never displaces another V-TCF."""

    INITIAL = "initial"
    REFRESH = "refresh"
    HANDOVER = "handover"


class Binding:
    """H: the V-TCF where a user of ours is attached.

    `contact` is opaque to us and unique per user at that V. `call_id` and `cseq` are those of V's REGISTER: they order
    its registrations and name this very binding in a kick-off. `since` (wall seconds, V's clock) is when he attached.
    """

    __slots__ = ("call_id", "contact", "cseq", "expires", "refreshed", "since", "user", "visited")

    def __init__(self, user: Aor, visited: str, contact: str, call_id: str, cseq: int, since: float) -> None:
        self.user = user
        self.visited = visited
        self.contact = contact
        self.call_id = call_id
        self.cseq = cseq
        self.since = since
        self.expires = 0.0
        self.refreshed = False

    def __repr__(self) -> str:
        return f"<Binding {self.user} at {self.visited}>"


class Attachment:
    """V: a terminal that is attached here, at home or visiting.

    `contact`, `flow`, `call_id`, `cseq`, `expires` are of its D registration; `home_call_id`, `home_cseq`,
    `home_expires` of ours towards its home. `ha1` maps a digest algorithm to the visitor's secret when his home shared
    it. `ptt`: it speaks the extension. `groups` is the membership list as his home gave it. `arriving`: the call that
    he brings along by a handover, empty when he does not name it; None: he did not come by one.
    """

    __slots__ = (
        "arriving", "call_id", "contact", "cseq", "display", "expires", "flow", "granted", "groups", "ha1",
        "home_call_id", "home_cseq", "home_expires", "ptt", "since", "stunned", "user",
    )  # fmt: skip

    def __init__(
        self, user: Aor, contact: str, flow: tuple[str, str, str, int, int], home_call_id: str
    ) -> None:
        self.user = user
        self.contact = contact
        self.flow = flow
        self.call_id = ""
        self.cseq = 0
        self.expires = 0.0
        self.granted = 0
        self.home_call_id = home_call_id
        self.home_cseq = 0
        self.home_expires = 0.0
        self.ha1: dict[str, str] = {}
        self.groups: tuple[tuple[str, str, str, int], ...] = ()
        self.since = 0.0
        self.stunned = False
        self.ptt = False
        self.arriving: str | None = None
        self.display = ""

    def __repr__(self) -> str:
        return f"<Attachment {self.user} at {self.contact}>"
