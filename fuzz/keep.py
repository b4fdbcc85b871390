"""Choose a small corpus: of all that fuzzing reached, what takes a branch that no smaller input and no seed takes."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from coverage import Coverage

from fuzz.seeds import seeds
from fuzz.targets import TARGETS

Branches = set[tuple[str, tuple[int, int]]]


def keep(target: str, reached: Path, corpus: Path) -> int:
    """Put what is worth it of `reached` into `corpus`, and take out of that what no longer is; how many are there."""
    found = {path.read_bytes() for folder in (reached, corpus) for path in folder.iterdir()}
    made = seeds(target)
    chosen = choose(target, made, sorted(found - set(made), key=lambda text: (len(text), text)))
    for path in corpus.iterdir():
        path.unlink()
    for text in chosen:
        (corpus / sha256(text).hexdigest()[:16]).write_bytes(text)
    return len(chosen)


def choose(target: str, made: Iterable[bytes], found: Iterable[bytes]) -> list[bytes]:
    """The inputs, in their order, that take a new branch."""
    known: Branches = set()
    for text in made:
        known |= branches(target, text)
    chosen = []
    for text in found:
        taken = branches(target, text)
        if not taken <= known:
            known |= taken
            chosen.append(text)
    return chosen


def branches(target: str, text: bytes) -> Branches:
    """What an input takes."""
    coverage = Coverage(data_file=None, branch=True, source_pkgs=["opentcf"], config_file=False)
    with coverage.collect():
        TARGETS[target](text)
    data = coverage.get_data()
    return {(name, arc) for name in data.measured_files() for arc in data.arcs(name) or ()}
