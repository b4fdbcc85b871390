"""What a call is."""

from enum import IntEnum
from typing import NamedTuple

from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY


class CallType(IntEnum):
    """The kind of call that `calltype` names."""

    PRIVATE_AUDIO = 1
    PRIVATE_AUDIO_VIDEO = 2
    PRIVATE_VIDEO = 3
    GROUP_AUDIO = 4
    GROUP_AUDIO_VIDEO = 5
    AUDIO_MULTICAST = 8
    VIDEO_MULTICAST = 9
    AMBIENCE = 16
    VIDEO_PULL = 20
    VIDEO_PUSH = 23

    @property
    def is_group(self) -> bool:
        """Does this type always mean a group? (A video push may go to either.)"""
        return self in GROUP_TYPES


GROUP_TYPES = frozenset(
    (CallType.GROUP_AUDIO, CallType.GROUP_AUDIO_VIDEO, CallType.AUDIO_MULTICAST, CallType.VIDEO_MULTICAST)
)


class CalledType(IntEnum):
    """What the called number is, as far as the caller said."""

    USER = 1
    GROUP = 2
    NOT_SAID = 3


class CallSetup(NamedTuple):
    """The values of a call that travel with it over every hop. `priority` 0 is highest, emergency ranks above all.

    `extra` keeps parameters that we do not know, as they came.
    """

    call_type: CallType = CallType.PRIVATE_AUDIO
    full_duplex: bool = True
    priority: int = LOWEST_PRIORITY
    emergency: bool = False
    caller: Aor | None = None
    online_call_id: str = ""
    called_type: CalledType = CalledType.NOT_SAID
    extra: tuple[tuple[str, str | None], ...] = ()

    def with_priority(self, allowed: int) -> "CallSetup":
        """Nobody gets a better priority than his subscription allows."""
        return self if self.priority >= allowed else self._replace(priority=allowed)
