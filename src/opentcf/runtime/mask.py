"""What must not be shown: digest answers and digest secrets. All SIP text that people get to see goes through here."""

import re
from collections.abc import Iterable

from opentcf.btrunc.wire import TABLE, Param
from opentcf.model.peer import Peer

SECRET_PARAMS = (Param.HA1, Param.HA1_MD5, Param.HA1_SHA256)
_VALUE = r"""(\s*=\s*)(?:"[^"]*"?|[^\s;,>"]+)"""
_MASK = r'\1\2"***"'


class Mask:
    """Hides secrets in SIP text. A peer may spell the parameters that carry them differently."""

    def __init__(self, peers: Iterable[Peer] = ()) -> None:
        self._secret: re.Pattern[str]
        self.learn(peers)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Take over how these peers spell."""
        keys = [f"param.{param.value}" for param in SECRET_PARAMS]
        names = {"response", *(TABLE[key] for key in keys)}
        names.update(peer.wire[key] for peer in peers for key in keys if key in peer.wire)
        longest_first = sorted(names, key=len, reverse=True)
        self._secret = re.compile(rf"(?i)\b({'|'.join(map(re.escape, longest_first))}){_VALUE}")

    def __call__(self, text: str) -> str:
        """The text with its secrets replaced by three stars."""
        return self._secret.sub(_MASK, text)
