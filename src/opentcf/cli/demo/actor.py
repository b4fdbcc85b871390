"""Who takes part in a procedure, and what is said when one of its expectations fails."""

from typing import NamedTuple

from opentcf.terminal import Behaviour


class CheckError(Exception):
    """Something that a procedure expected did not come true: one sentence."""


class Actor(NamedTuple):
    """A user with equipment. `at` is the core network where he attaches; 0: he does not begin registered.

    `left`: his column stands left of the TCFs, else right behind the one that serves him (`at`, or `near`).
    """

    user: str
    at: int = 0
    behaviour: Behaviour = Behaviour.RING
    plain: bool = False
    left: bool = False
    near: int = 0
