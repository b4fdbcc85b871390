"""SIPVicious against D: it learns no password."""

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
