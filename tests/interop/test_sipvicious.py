"""SIPVicious against D: it learns no password."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.network import Core, build
from tests.interop.programs import Program, need

pytestmark = pytest.mark.interop


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    network = build(tmp_path / "network", 1)
    try:
        network.start()
        yield network[1]
    finally:
        network.stop()


def test_svcrack_is_locked_out_before_it_comes_to_the_password(core: Core, tmp_path: Path) -> None:
    need("svcrack")
    user = core.user()
    guesses = [f"guess{number}" for number in range(20)]
    (tmp_path / "words").write_text("\n".join([*guesses, user.password, ""]))
    command = ["svcrack", "-p", str(core.d_port), "-u", user.number, "-d", str(tmp_path / "words")]
    command += ["--domain", core.domain, "--maximumtime", "3", core.host]
    program = Program("svcrack", command, tmp_path / "svcrack")
    program.exit_code()
    assert "found nothing" in program.output
    assert user.password not in program.output
    entry = core.get("/api/v1/audit")["items"][0]
    assert (entry["action"], entry["target"]) == ("lock out", user.aor)


def test_svwar_cannot_tell_numbers_that_exist_from_others(core: Core, tmp_path: Path) -> None:
    """1101 to 1105 are subscribers, 1301 to 1305 are not: it finds neither, and is told the same of both."""
    need("svwar")
    said = [scan(core, tmp_path, first) for first in (1101, 1301)]
    assert all("found nothing" in each for each in said), said
    statuses = [set(re.findall(r"SIP/2\.0 (\d{3})", each)) for each in said]
    assert statuses == [{"401"}, {"401"}]


def scan(core: Core, folder: Path, first: int) -> str:
    """What svwar says of five numbers."""
    command = ["svwar", "-p", str(core.d_port), "-e", f"{first}-{first + 4}", "--force"]
    command += ["--domain", core.domain, "--maximumtime", "1", core.host]
    program = Program(f"svwar{first}", command, folder)
    program.exit_code()
    return program.output
