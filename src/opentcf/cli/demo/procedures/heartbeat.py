"""Heartbeat 心跳检测."""

from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage

CORE = 3


@procedure("heartbeat", "Heartbeat loss and recovery", "心跳丢失与恢复", heartbeats=CORE)
async def heartbeat(stage: Stage) -> None:
    """One TCF stands still: its peers see it down, and up again when it goes on."""
    node = stage.network[CORE]
    await stage.until_peers(CORE, "up")
    await node.freeze()
    stage.note(f"TCF {CORE} stands still", f"TCF {CORE} 停顿")
    await stage.until_peers(CORE, "down", within=12.0)
    stage.note(f"all peers see TCF {CORE} down", f"TCF {CORE} 不可达")
    node.thaw()
    stage.note(f"TCF {CORE} goes on", f"TCF {CORE} 继续运行")
    await stage.until_peers(CORE, "up", within=12.0)
    stage.note(f"all peers see TCF {CORE} up", f"TCF {CORE} 可达")
