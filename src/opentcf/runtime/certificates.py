"""The files of `[tls]`: read at the start and at each reload, and looked at for changes in between."""

import os
from pathlib import Path

from opentcf.runtime.config import Tls
from opentcf.transport.tls import TlsContexts, tls_contexts

Stamp = tuple[tuple[int, int, int] | None, ...]


class Certificates:
    """What the files held when they were read last. `key_log` as in `tls_contexts`."""

    def __init__(self, key_log: str | None = None) -> None:
        self.key_log = key_log
        self._files = Tls()
        self._stamp: Stamp = ()

    def load(self, files: Tls) -> TlsContexts | None:
        """Read them; None without a certificate. ListenError names the file that does not fit."""
        self._files, self._stamp = files, _stamp(files)
        if files.certificate is None or files.key is None:
            return None
        return tls_contexts(files.certificate, files.key, files.ca, self.key_log)

    def changed(self) -> bool:
        """Is one of the files another than the one that was read, or tried, last?"""
        return _stamp(self._files) != self._stamp


def _stamp(files: Tls) -> Stamp:
    return tuple(_mark(path) for path in (files.certificate, files.key, files.ca) if path is not None)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
