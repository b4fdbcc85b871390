"""One target under atheris, until it found something: `python -m fuzz.instrumented TARGET LIBFUZZER-ARGUMENTS…`."""

import sys

import atheris

with atheris.instrument_imports(include=["opentcf"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
