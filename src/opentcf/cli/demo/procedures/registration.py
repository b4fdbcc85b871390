"""Registration 注册 and its ends."""

from opentcf.cli.demo.actor import Actor, CheckError
from opentcf.cli.demo.network import domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage


@procedure("register-home", "Registration at home", "归属域注册", Actor("1001", left=True), roles={1: "V=H"})
async def register_home(stage: Stage) -> None:
    """D: 401, then 200; no TC2 message."""
    await _register(stage, "1001", 1)


@procedure(
    "register-roaming", "Registration, roaming", "漫游注册",
    Actor("2001", left=True, near=1), roles={1: "V", 2: "H"},
)  # fmt: skip
async def register_roaming(stage: Stage) -> None:
    """The visited TCF registers him at his home."""
    await _register(stage, "2001", 1)


@procedure(
    "refresh", "Refresh by terminal and V-TCF", "周期注册",
    Actor("2001", left=True, near=1), roles={1: "V", 2: "H"},
)  # fmt: skip
async def refresh(stage: Stage) -> None:
    """A short registration: at half its time the terminal refreshes at V, and V at home."""
    phone = stage["2001"]
    phone.register(expires=3)
    await stage.until(lambda: phone.heard("registered") is not None, "2001 is registered")
    await stage.until_registered("2001", 1)
    await stage.until_node(
        2,
        "registrations",
        lambda rows: any(row["expires"] > 3 for row in rows),
        "the V-TCF refreshed at home",
    )
    await stage.until(lambda: phone.heard("refreshed") is not None, "the terminal refreshed")
    await stage.until_registered("2001", 1)


@procedure(
    "moved", "Moved user, old V-TCF told", "用户位置变更",
    Actor("2001", at=1, left=True), roles={1: "old V", 2: "H", 3: "new V"},
)  # fmt: skip
async def moved(stage: Stage) -> None:
    """The home sends the old V a kick-off with cause moved; the terminal stays registered at the new one."""
    phone = stage["2001"]
    phone.move(3)
    await stage.until(lambda: phone.heard("registered") is not None, "2001 is registered at TCF 3")
    await stage.until(lambda: phone.heard("moved_on") is not None, "the old V-TCF lets go of 2001")
    event = phone.heard("moved_on")
    stage.expect(event.text if event else "", "moved", "the cause of the kick-off")
    await stage.until_registered("2001", 3)
    stage.expect(phone.terminal.registered, True, "2001 still registered")


@procedure(
    "deregister", "De-registration", "终端注销",
    Actor("2001", at=1, left=True), roles={1: "V", 2: "H"},
)  # fmt: skip
async def deregister(stage: Stage) -> None:
    """The terminal leaves; V tells the home."""
    phone = stage["2001"]
    phone.unregister()
    await stage.until(lambda: phone.heard("unregistered") is not None, "2001 is de-registered")
    await stage.until_registered("2001", None)


@procedure(
    "kick", "Network de-registration", "核心网发起注销",
    Actor("2001", at=1, left=True), roles={1: "V", 2: "H"},
)  # fmt: skip
async def kick(stage: Stage) -> None:
    """The home's operator ends a registration."""
    phone = stage["2001"]
    stage.note("the operator of TCF 2 ends the registration", "操作员注销用户")
    await stage.network[2].post("users/2001/kick")
    await stage.until(lambda: phone.heard("kicked") is not None, "2001 is told")
    event = phone.heard("kicked")
    stage.expect(event.text if event else "", "admin", "the cause of the kick-off")
    await stage.until_registered("2001", None)


@procedure(
    "wrong-password", "Wrong password", "鉴权失败",
    Actor("2002", left=True, near=1), roles={1: "V", 2: "H"},
)  # fmt: skip
async def wrong_password(stage: Stage) -> None:
    """The home checks the digest that V passes on."""
    phone = stage["2002"]
    phone.terminal.line.password = "wrong"
    phone.register()
    await stage.until(lambda: phone.heard("refused") is not None, "2002 is refused")
    event = phone.heard("refused")
    stage.expect(event.status if event else 0, 403, "the answer to a wrong password")
    await stage.until_registered("2002", None)


async def _register(stage: Stage, user: str, core: int) -> None:
    phone = stage[user]
    phone.register()
    await stage.until(lambda: phone.heard("registered") is not None, f"{user} is registered")
    await stage.until_registered(user, core)
    if phone.heard("refused") is not None:
        raise CheckError(f"{user} was refused on the way to {domain(core)}")
