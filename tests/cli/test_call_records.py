"""Call records of a real node, killed before it could write them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.network import Core, User, new_host
from tests.interop.programs import wait_until
from tests.interop.radio import Radio

ANN, BOB = User("1001", "core1.example"), User("1002", "core1.example")


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    made = Core("core1.example", new_host(), tmp_path / "core1", "1")
    made.more = '[records]\nfiles = ["records/calls.csv"]'
    made.folder.mkdir()
    (made.folder / "records").write_text("where the folder of the records should be")
    made.start()
    yield made
    made.stop()


def test_kill_9_loses_no_record_of_a_call_that_ended(core: Core, tmp_path: Path) -> None:
    ann, bob = Radio(tmp_path, core, ANN), Radio(tmp_path, core, BOB)
    for radio in (ann, bob):
        radio.type("register")
        radio.hear("registered")
    ann.type(f"call {BOB.aor}")
    ann.hear("up")
    ann.type("hangup")
    core.wait_quiet()
    for radio in (ann, bob):
        radio.program.stop()
    assert core.program is not None
    core.program.wait_for("call records cannot be written")
    core.kill()
    (core.folder / "records").unlink()
    core.start()
    file = core.folder / "records" / "calls.csv"
    rows = wait_until(lambda: rows_of(file), "the records are written")
    assert [row["kind"] for row in rows].count("leg") == 2
    (call,) = [row for row in rows if row["kind"] == "call"]
    assert (call["caller"], call["called"], call["cause"], call["released_by"]) == (
        ANN.aor, BOB.aor, "normal", ANN.aor,
    )  # fmt: skip
    assert call["role"] == "caller's V, caller's H, called H, called V"
    assert float(call["duration"]) > 0


def test_a_running_call_goes_on_over_kill_9_and_who_called_in_vain_is_not_forgotten(
    core: Core, tmp_path: Path
) -> None:
    ann, bob = Radio(tmp_path, core, ANN), Radio(tmp_path, core, BOB)
    for radio in (ann, bob):
        radio.type("register")
        radio.hear("registered")
    bob.type("call 1999@core1.example")
    assert bob.hear("ended")["status"] == 404
    ann.type(f"call {BOB.aor} half")
    ann.hear("up")
    bob.type("press")
    bob.hear("queued")
    core.kill()
    (core.folder / "records").unlink()
    core.start()
    ann.type("release")
    bob.hear("granted")
    ann.type("hangup")
    core.wait_quiet()
    for radio in (ann, bob):
        radio.program.stop()
    core.stop()
    rows = rows_of(core.folder / "records" / "calls.csv")
    failed, call = sorted((row for row in rows if row["kind"] == "call"), key=lambda row: row["start"])
    assert (failed["called"], failed["code"], failed["answer"]) == ("1999@core1.example", "404", "")
    assert (call["talks"], call["waits"], call["cause"]) == ("2", "1", "normal")
    assert [word.partition("=")[0] for word in call["talkers"].split()] == [ANN.aor, BOB.aor]
    assert float(call["talk_seconds"]) > float(call["wait_seconds"]) > 0
    assert {row["party"]: row["waits"] for row in rows if row["kind"] == "leg"} == {
        ANN.aor: "0",
        BOB.aor: "1",
    }


def rows_of(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        return []
    with file.open() as text:
        return list(csv.DictReader(text))
