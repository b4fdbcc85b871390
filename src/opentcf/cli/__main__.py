"""`python -m opentcf.cli`."""

from opentcf.cli import main

main(prog_name="opentcf")
