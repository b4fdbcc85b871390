"""No secret is shown."""

import pytest

from opentcf.model.peer import Peer
from opentcf.runtime.mask import Mask

MASKED = [
    ('Authorization: Digest username="1001", response="cafe", cnonce="x"', ["cafe"]),
    ("Authorization: Digest RESPONSE = cafe,uri=x", ["cafe"]),
    ('Proxy-Authorization: Digest response="caf\r\nCall-ID: x', ["caf"]),
    ("Ptt-Extension: pttregister;ha1=cafe;algorithm=MD5", ["cafe"]),
    ('Ptt-Extension: pttregister;ha1_md5="cafe";HA1_SHA256=babe;x=1', ["cafe", "babe"]),
    ("INVITE sip:1001:cafe@core1.example SIP/2.0", ["cafe"]),
    ("Via: x\r\nAuthorization: Basic Y2FmZQ==", ["Y2FmZQ=="]),
    ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:cafe+/=|2^20\r\nk=base64:babe", ["cafe", "babe"]),
]


@pytest.mark.parametrize(("text", "secrets"), MASKED)
def test_secrets_become_stars(text, secrets):
    shown = Mask()(text)
    assert not [secret for secret in secrets if secret in shown]
    assert shown.count("***") == len(secrets)


def test_everything_else_stays():
    text = 'Authorization: Digest username="1001", nonce="response", realm="ha1"\r\nv=0\r\nalpha1=x correspondence=y'
    assert Mask()(text) == text


def test_a_peer_that_spells_otherwise():
    peer = Peer("core2.example", "udp", "127.0.0.1", 5060, wire={"param.ha1": "geheim"})
    mask = Mask()
    assert mask("geheim=cafe") == "geheim=cafe"
    mask.learn([peer])
    assert mask("geheim=cafe;ha1=cafe") == 'geheim="***";ha1="***"'


@pytest.mark.parametrize(("text", "secrets"), MASKED)
def test_in_place_every_length_stays(text, secrets):
    data = "\u00e9".encode() + text.encode() + b"\r\n\xff"
    masked = Mask().in_place(data)
    assert len(masked) == len(data)
    assert not [secret for secret in secrets if secret.encode() in masked]
    assert masked.startswith("\u00e9".encode())
    assert masked.endswith(b"\xff")


def test_an_address_with_a_port_is_no_password():
    text = "Contact: <sip:1001@127.0.0.1:5060;home=core1.example>, sip:127.0.0.1:5060\r\nTo: <sip:a@b>"
    assert Mask()(text) == text
