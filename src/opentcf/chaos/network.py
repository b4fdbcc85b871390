"""The nodes of a run and the ways between them: on loopback, or each in a kernel namespace of its own."""

import asyncio
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple, Protocol

from opentcf.chaos.cast import Cast
from opentcf.chaos.configuration import D_PORT, TC2_PORT, configuration
from opentcf.chaos.node import ChaosError, Node


class Bad(NamedTuple):
    """What a way does to datagrams; `cut` lets nothing pass."""

    loss: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    cut: bool = False


class Ground(Protocol):
    """Where nodes stand."""

    def tc2(self, core: int) -> str:
        """The address towards the other nodes."""
        ...

    def d(self, core: int) -> str:
        """The address towards terminals, and of the API."""
        ...

    def prefix(self, core: int) -> tuple[str, ...]:
        """Words before a command that put it there."""
        ...

    def isolate(self, core: int, *, apart: bool) -> bool:
        """Take the node's link to all others down, or up again. False where there is no such link."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Loopback:
    """A part of 127/8 that nobody else uses: held by a port in it for as long as this process lives."""

    def __init__(self, cores: int) -> None:
        self._net, self._held = _free_net(cores)

    def tc2(self, core: int) -> str:
        return f"127.{self._net}.{core}.1"

    def d(self, core: int) -> str:
        return self.tc2(core)

    def prefix(self, core: int) -> tuple[str, ...]:
        return ()

    def isolate(self, core: int, *, apart: bool) -> bool:
        return False

    def close(self) -> None:
        self._held.close()


def _free_net(cores: int) -> tuple[int, socket.socket]:
    for net in random.sample(range(64, 250), 186):
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            probe.bind((f"127.{net}.255.1", TC2_PORT))
            for core in range(1, cores + 1):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
                    first.bind((f"127.{net}.{core}.1", TC2_PORT))
        except OSError:
            probe.close()
            continue
        return net, probe
    raise ChaosError("no part of 127.64.0.0/10 and above is free on port 5060")


class Namespaces:
    """Each node in a network namespace (`ip netns`), with one link to the other nodes and one to the terminals; both
    end in bridges of the namespace that this process is in, which must be one of its own (`own_namespace`)."""

    def __init__(self, cores: int) -> None:
        os.makedirs("/run/netns", exist_ok=True)
        _run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        _run("ip", "link", "set", "lo", "up")
        for bridge in ("br-tc2", "br-d"):
            _run("ip", "link", "add", bridge, "type", "bridge")
            _run("ip", "link", "set", bridge, "up")
        _run("ip", "address", "add", "10.77.2.254/24", "dev", "br-d")
        for core in range(1, cores + 1):
            self._build(core)

    def tc2(self, core: int) -> str:
        return f"10.77.1.{core}"

    def d(self, core: int) -> str:
        return f"10.77.2.{core}"

    def prefix(self, core: int) -> tuple[str, ...]:
        return ("ip", "netns", "exec", f"core{core}")

    def isolate(self, core: int, *, apart: bool) -> bool:
        _run("ip", "link", "set", f"tc2-{core}", "down" if apart else "up")
        return True

    def close(self) -> None:
        """Everything goes with the last process in it."""

    def _build(self, core: int) -> None:
        space = f"core{core}"
        _run("ip", "netns", "add", space)
        _run("ip", "-n", space, "link", "set", "lo", "up")
        for side, address in (("tc2", self.tc2(core)), ("d", self.d(core))):
            outer, inner = f"{side}-{core}", f"to-{side}"
            _run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space)
            _run("ip", "link", "set", outer, "master", f"br-{side}", "up")
            _run("ip", "-n", space, "address", "add", f"{address}/24", "dev", inner)
            _run("ip", "-n", space, "link", "set", inner, "up")


def own_namespace() -> list[str]:
    """Words before a command that give it a network and mounts of its own, in which it may build; they end with it.

    ChaosError says why that is not possible here.
    """
    for program in ("unshare", "ip", "mount"):
        if shutil.which(program) is None:
            raise ChaosError(f"{program} is not installed (Debian: apt install iproute2 util-linux mount)")
    words = ["unshare", "--net", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user"))]
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise ChaosError(f"no network namespaces here: {tried.stderr.strip()}; try as root")
    return words


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChaosError(f"{' '.join(words)}: {done.stderr.strip()}")


class Network:
    """The nodes, and the ways between them."""

    def __init__(self, cast: Cast, folder: Path, ground: Ground, seed: int) -> None:
        self.cast = cast
        self.ground = ground
        self._seed = seed
        self._bad: dict[tuple[int, int], list[Bad]] = {}
        token = secrets.token_hex(8)
        addresses = {core: ground.tc2(core) for core in cast.numbers}
        self.nodes: dict[int, Node] = {}
        for core in cast.numbers:
            host = ground.d(core)
            node = self.nodes[core] = Node(core, folder, host, token, ground.prefix(core))
            node.config.write_text(configuration(cast, core, addresses, host, token), "utf-8")

    def __getitem__(self, core: int) -> Node:
        return self.nodes[core]

    def proxy(self, core: int) -> tuple[str, int]:
        """Where terminals of a core network send."""
        return self.ground.d(core), D_PORT

    async def start(self) -> None:
        """Start all at once."""
        await asyncio.gather(*(node.start() for node in self.nodes.values()))

    async def end(self) -> None:
        """End all at once, in whatever state they are."""
        await asyncio.gather(*(node.end() for node in self.nodes.values()))
        self.ground.close()

    def worsen(self, source: int, target: int, bad: Bad) -> None:
        """The way from one node to another is bad from now on."""
        self._bad.setdefault((source, target), []).append(bad)
        self._write(source)

    def mend(self, source: int, target: int, bad: Bad) -> None:
        """It is as it was before that."""
        self._bad[source, target].remove(bad)
        self._write(source)

    def _write(self, source: int) -> None:
        text = f"seed = {self._seed}\n"
        for (begin, target), bads in self._bad.items():
            if begin == source and bads:
                text += _way(self.ground.tc2(target), bads)
        new = self[source].ways.with_suffix(".new")
        new.write_text(text, "utf-8")
        new.replace(self[source].ways)


def _way(address: str, bads: list[Bad]) -> str:
    """The worst of everything."""
    loss, double, delay = (max(getattr(bad, key) for bad in bads) for key in ("loss", "double", "delay"))
    cut = json.dumps(any(bad.cut for bad in bads))
    return f'[way."{address}"]\nloss = {loss}\ndouble = {double}\ndelay = [0.0, {delay}]\ncut = {cut}\n'
