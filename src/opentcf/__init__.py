"""OpenTCF: an open trunking control function (TCF) of B-TrunC."""

from importlib.util import find_spec

__version__ = "0.1.0"


def core() -> str:
    """How the core was built: `compiled` by mypyc, or `plain` Python."""
    found = find_spec("opentcf.sip.parse")
    return "plain" if found is None or str(found.origin).endswith(".py") else "compiled"
