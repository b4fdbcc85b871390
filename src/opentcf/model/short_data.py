"""What short data is."""

from enum import IntEnum


class MessageType(IntEnum):
    """Whom a short message is for (`msgtype`)."""

    USER = 1
    GROUP = 2
