"""TLS contexts. On TC2 both sides show a certificate that the configured authorities signed; on D only we do."""

import ssl
from pathlib import Path
from typing import NamedTuple

from opentcf.transport.interface import ListenError, reason


class TlsContexts(NamedTuple):
    """`tc2` and `d` for connections that come in, `dial` for those that we open (always to TCFs)."""

    tc2: ssl.SSLContext | None
    d: ssl.SSLContext
    dial: ssl.SSLContext | None


def tls_contexts(certificate: Path, key: Path, ca: Path | None, key_log: str | None = None) -> TlsContexts:
    """Load the files; without authorities only D can be served. ListenError names the file that does not fit.

    `key_log` gets the keys of every connection, so that a capture can be read (`SSLKEYLOGFILE`).
    """
    d = _context(ssl.PROTOCOL_TLS_SERVER, certificate, key)
    if ca is None:
        tc2 = dial = None
    else:
        tc2 = _mutual(_context(ssl.PROTOCOL_TLS_SERVER, certificate, key), ca)
        dial = _mutual(_context(ssl.PROTOCOL_TLS_CLIENT, certificate, key), ca)
    contexts = TlsContexts(tc2, d, dial)
    if key_log:
        _log_keys(contexts, key_log)
    return contexts


def _mutual(context: ssl.SSLContext, ca: Path) -> ssl.SSLContext:
    context.verify_mode = ssl.CERT_REQUIRED
    _load_authorities(context, ca)
    return context


def _log_keys(contexts: TlsContexts, key_log: str) -> None:
    for context in filter(None, contexts):
        try:
            context.keylog_filename = key_log
        except OSError as error:
            raise ListenError(f"SSLKEYLOGFILE: {key_log} cannot be written: {reason(error)}") from error


def _context(protocol: int, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise ListenError(
            f"{certificate} and {key} are not a certificate and its key ({_ssl_reason(error)})"
        ) from error
    except OSError as error:
        raise ListenError(f"{certificate} or {key} cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise ListenError(
            f"{key} is protected by a password; store it without one, readable by this user only"
        ) from error
    return context


def _load_authorities(context: ssl.SSLContext, ca: Path) -> None:
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise ListenError(f"{ca} holds no certificates ({_ssl_reason(error)})") from error
    except OSError as error:
        raise ListenError(f"{ca} cannot be read: {reason(error)}") from error


def _no_password() -> str:
    raise ValueError("never ask at the terminal")


def _ssl_reason(error: ssl.SSLError) -> str:
    return (error.reason or "no PEM").replace("_", " ").lower()


def certificate_names(connection: ssl.SSLObject | ssl.SSLSocket | None) -> tuple[str, ...]:
    """The DNS names of the other side's certificate in lower case; none when it showed none that was verified."""
    certificate = connection.getpeercert() if connection is not None else None
    names = certificate.get("subjectAltName", ()) if certificate else ()
    return tuple(str(entry[1]).lower() for entry in names if entry[0] == "DNS")
