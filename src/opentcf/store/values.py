"""Values as JSON text. SIP text that was not UTF-8 carries lone surrogates, for which UTF-8 proper has no place."""

import json

import msgspec

from opentcf.node.orders import Value

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def encode(value: Value) -> bytes:
    """JSON in UTF-8, or in ASCII with escapes where a string cannot be written in UTF-8."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def decode(data: bytes) -> Value:
    """What `encode` was given; ValueError when `data` is no JSON."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)


def encode_key(key: str) -> str | bytes:
    """The key itself, or bytes where it cannot be written in UTF-8."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
    return key


def decode_key(stored: str | bytes) -> str:
    """What `encode_key` was given."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")
