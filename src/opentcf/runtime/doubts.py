"""What a configuration may say and hardly means: each in one line, with file, line and key."""

from collections.abc import Iterator

from opentcf.model.numbers import Aor
from opentcf.node.settings import Settings
from opentcf.runtime.document import Document

NO_PASSWORD = "has no password, so he cannot register here"


def doubts(document: Document, settings: Settings) -> Iterator[str]:
    """The store may know subscribers that the file does not name."""
    for index, user in enumerate(settings.subscribers):
        if user.ha1 is None:
            reason = f"{user.aor.number} {NO_PASSWORD}; give him password_file, password or ha1_sha256"
            yield document.remark(("subscriber", index), reason)
    known = {user.aor for user in settings.subscribers}
    peers = {peer.domain for peer in settings.peers}
    for index, group in enumerate(settings.groups):
        for member in group.members:
            if reason := _stranger(member.aor, settings.domain, known, peers):
                yield document.remark(("group", index, "members"), reason)


def _stranger(aor: Aor, home: str, known: set[Aor], peers: set[str]) -> str:
    if aor.domain == home:
        hint = "add him here, or with `opentcf subscriber add`"
        return "" if aor in known else f"{aor} is no [[subscriber]] of this file; {hint}"
    hint = "add the peer, or correct the member"
    return "" if aor.domain in peers else f"{aor} cannot be reached, {aor.domain} is no [[peer]]; {hint}"
