"""Which connection that a peer opened may carry our requests to it (RFC 5923)."""

from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Response
from opentcf.sip.parse import parse

TLS_PORT = 5061


def alias(message: bytes) -> int | None:
    """The port that a request stands for when its sender takes requests on this connection too (RFC 5923 §8.2).

    None without `alias` in its topmost Via, or when it cannot be read.
    """
    try:
        found = parse(message, stream=True)
        via = None if isinstance(found, Response) else found.via()
    except RemoteError:
        return None
    return None if via is None or "alias" not in via.parameters else via.port or TLS_PORT
