"""Heartbeat 心跳检测."""

from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage

CORE = 3


@procedure("heartbeat", "Heartbeat loss and recovery", "心跳丢失与恢复", heartbeats=CORE)
async def heartbeat(stage: Stage) -> None:
    """One TCF stands still: its peers see it down, and up again when it goes on."""
    await stage.until_peers(CORE, "up")
    await stage.freeze(CORE)
    await stage.until_peers(CORE, "down", within=12.0)
    stage.note(f"all peers see TCF {CORE} down", f"TCF {CORE} 不可达")
    stage.thaw(CORE)
    await stage.until_peers(CORE, "up", within=12.0)
    stage.note(f"all peers see TCF {CORE} up", f"TCF {CORE} 可达")
