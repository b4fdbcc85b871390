"""A net with dispatchers: what the tests of control operations share."""

from collections.abc import Callable
from typing import Any

from tests.node.net import Net, Phone, core

from opentcf.model.subscriber import Right, Role
from opentcf.sip.message import Request, Response

DISPATCHER = {"role": Role.DISPATCHER, "rights": frozenset(Right)}
POWERLESS = {"role": Role.DISPATCHER, "rights": frozenset()}


def control_net(cores: int = 3, control: tuple[int, ...] = (1, 2, 3, 4), **more: Any) -> Net:
    """User n004 is a dispatcher with all rights, n003 one with none; `control` peers may control."""
    special = {f"{n}004": DISPATCHER for n in range(1, cores + 1)}
    special |= {f"{n}003": POWERLESS for n in range(1, cores + 1)}
    peers = {n: {"control": n in control} for n in range(1, cores + 1)}
    return Net(cores, subscribers=special, peers=peers, **more)


def obeys(request: Request) -> int | None:
    """Whatever comes is answered 200 but INVITE."""
    return None if request.method == "INVITE" else 200


def attached(net: Net, user: str, at: int, auto: Callable[[Request], int | None] = obeys) -> Phone:
    """A registered phone that answers."""
    phone = Phone(net, user, at)
    phone.auto = auto
    assert phone.register() == 200
    return phone


def page(phone: Phone, target: str, extension: str, body: bytes = b"", kind: str = "") -> Request:
    """A MESSAGE to `target` (a number or number@domain); returns what was sent last."""
    to = target if "@" in target else f"{target}@{core(int(target[0]))}"
    made = phone.make("MESSAGE", f"sip:{to}", f"{phone.aor};tag=m{phone.number}", f"<sip:{to}>")
    made.headers.set("Ptt-Extension", extension)
    if kind:
        made.headers.set("Content-Type", kind)
        made.body = body
    return phone.ask(made)


def order(phone: Phone, target: str, token: str) -> None:
    page(phone, target, f"{token};UDN={target}")


def answer(phone: Phone) -> Response:
    """The newest answer to a MESSAGE of his."""
    return phone.response("MESSAGE")


def said(message: Request | Response) -> str:
    return message.headers.get("Ptt-Extension") or ""


def audit(net: Net, number: int) -> list[str]:
    """`who action target result` of each entry of a core."""
    rows = net.rows(number, "audit")
    return [f"{row['who']} {row['action']} {row['target']} {row['result'][:4].strip()}" for row in rows]
