"""One page: method × operation → procedure."""

from collections.abc import Callable
from enum import Enum, auto

from opentcf.btrunc.wire import Token
from opentcf.model.cause import Decline
from opentcf.services.context import ALLOW, Context, Facts, Incoming
from opentcf.services.heartbeat import Heartbeat
from opentcf.services.private_call import PrivateCalls
from opentcf.services.registration import HomeRegistration, VisitedRegistration

Route = Callable[[Incoming], Facts]


class Side(Enum):
    """Which face of the TCF a request came to."""

    TC2 = auto()
    D = auto()


def routes(
    heartbeat: Heartbeat, home: HomeRegistration, visited: VisitedRegistration, private: PrivateCalls
) -> dict[tuple[Side, str, Token | None], Route]:
    """Requests outside a dialog. A token of None is a request without the extension."""
    return {
        (Side.TC2, "REGISTER", Token.REGISTER): home.request,
        (Side.TC2, "REGISTER", None): home.request,
        (Side.TC2, "OPTIONS", Token.HEARTBEAT): heartbeat.request,
        (Side.TC2, "OPTIONS", Token.KICK_OFF): visited.kicked,
        (Side.TC2, "INVITE", Token.CALL): private.request,
        (Side.TC2, "INVITE", None): private.request,
        (Side.D, "REGISTER", Token.REGISTER): visited.request,
        (Side.D, "REGISTER", None): visited.request,
        (Side.D, "OPTIONS", Token.HEARTBEAT): heartbeat.request,
        (Side.D, "INVITE", Token.CALL): private.request,
        (Side.D, "INVITE", None): private.request,
    }


LENIENT = frozenset(("OPTIONS", "REGISTER"))
"""Methods whose unknown token is kept and read as the plain meaning of the method."""


def capabilities(ctx: Context, incoming: Incoming) -> None:
    """OPTIONS without a token: what we can do (RFC 3261 §11.2)."""
    fields = (("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "timer"))
    ctx.respond(incoming, 200, *fields)


def no_route(incoming: Incoming) -> Decline:
    """What nobody here serves."""
    method, ext = incoming.request.method, incoming.extension
    if method in ("INVITE", "MESSAGE"):
        return Decline(488, f"the operation {ext.spelled if ext else method} is not served here")
    return Decline(405, f"{method} is not served here", (("Allow", ALLOW),))
