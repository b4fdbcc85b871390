"""Digest authentication: the examples of the standards, and what a server must not be talked into."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.digest import (
    SUPPORTED,
    Challenge,
    Credentials,
    Nonces,
    NonceState,
    UsedNonces,
    authorize,
    challenge,
    choose,
    credentials_for,
    ha1,
    verify,
)
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Headers

REALM = "core1.example"
SECRET = {algorithm: ha1(algorithm, "1001", REALM, "pässword") for algorithm in SUPPORTED}
WALL = 1_790_000_000.123


def answer(algorithm: str = "SHA-256", method: str = "REGISTER", nonce: str = "n0") -> str:
    asked = Challenge.parse(challenge(REALM, nonce, algorithm))
    return authorize(asked, "1001", SECRET[algorithm], method, "sip:core1.example", "c0", 1)


def refused(line: str) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        Credentials.parse(line)
    assert caught.value.status == 400
    return caught.value


# --- the standards' own examples


RFC_7616 = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_2617 = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_2617_PLAIN = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", response="670fd8c2df070c60b045671b8b24ff02"'
)


@pytest.mark.parametrize(
    ("line", "password"),
    [
        (
            RFC_7616.format(
                algorithm="SHA-256",
                response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
            "Circle of Life",
        ),
        (RFC_7616.format(algorithm="MD5", response="8ca523f5e9506fed4657c9700eebdbec"), "Circle of Life"),
        (RFC_2617, "Circle Of Life"),
        (RFC_2617_PLAIN, "Circle Of Life"),
    ],
    ids=["7616-sha256", "7616-md5", "2617-qop", "2617-plain"],
)
def test_examples_of_the_standards(line, password):
    credentials = Credentials.parse(line)
    secret = ha1(credentials.algorithm, credentials.username, credentials.realm, password)
    assert verify(credentials, secret, "GET")
    assert not verify(credentials, secret, "POST")
    assert not verify(credentials, ha1(credentials.algorithm, "Mufasa", credentials.realm, "other"), "GET")


def test_a_client_writes_the_example_of_rfc_7616():
    asked = Challenge.parse(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    secret = ha1("SHA-256", "Mufasa", asked.realm, "Circle of Life")
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    line = authorize(asked, "Mufasa", secret, "GET", "/dir/index.html", cnonce, 1)
    found = Credentials.parse(line)
    assert found.response == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert (found.qop, found.nc, found.cnonce, found.opaque) == ("auth", "00000001", cnonce, asked.opaque)
    assert "qop=auth," in line  # RFC 7616 §3.4: not quoted, unlike in a challenge
    assert "nc=00000001," in line


# --- nonces


def test_a_nonce_is_fresh_then_stale():
    nonces = Nonces(b"secret", 300.0)
    nonce = nonces.make(WALL)
    assert nonces.check(nonce, WALL) is NonceState.FRESH
    assert nonces.check(nonce, WALL + 300) is NonceState.FRESH
    assert nonces.check(nonce, WALL + 300.01) is NonceState.STALE


def test_a_nonce_from_the_future_is_stale():
    nonces = Nonces(b"secret")
    assert nonces.check(nonces.make(WALL + 5), WALL) is NonceState.STALE


def test_any_holder_of_the_secret_can_check_and_nobody_else():
    nonce = Nonces(b"one").make(WALL)
    assert Nonces(b"one").check(nonce, WALL) is NonceState.FRESH
    assert Nonces(b"two").check(nonce, WALL) is NonceState.FORGED


@given(st.floats(0, 4e9))
def test_a_nonce_is_fresh_at_the_moment_it_is_made(wall):
    nonces = Nonces(b"secret")
    assert nonces.check(nonces.make(wall), wall) is NonceState.FRESH


@given(st.integers(0, 43), st.characters())
def test_a_changed_nonce_is_forged(at, char):
    nonces = Nonces(b"secret")
    nonce = nonces.make(WALL)
    changed = nonce[:at] + char + nonce[at + 1 :]
    assert (nonces.check(changed, WALL) is NonceState.FORGED) == (changed != nonce)


def test_no_two_nonces_are_the_same():
    nonces = Nonces(b"secret")
    assert nonces.make(WALL) != nonces.make(WALL)


def test_a_nonce_serves_only_whom_it_was_given_to():
    nonces = Nonces(b"secret")
    nonce = nonces.make(WALL, "192.0.2.1")
    assert nonces.check(nonce, WALL, "192.0.2.1") is NonceState.FRESH
    assert nonces.check(nonce, WALL, "192.0.2.2") is NonceState.FORGED


def test_a_count_serves_once_and_copies_may_overtake_each_other():
    used = UsedNonces()
    counts = ("00000001", "00000003", "00000002", "00000001", "00000003", "000000ff", "00000004", "000000fe")
    taken = [used.use("n", count, WALL) for count in counts]
    assert taken == [True, True, True, False, False, True, False, True]
    assert used.use("m", "00000001", WALL)


def test_without_a_count_a_nonce_serves_once():
    used = UsedNonces()
    assert [used.use("n", "", WALL) for _ in range(2)] == [True, False]


def test_used_nonces_are_remembered_for_a_lifetime_and_no_more():
    used = UsedNonces(lifetime=300.0)
    used.use("n", "00000001", WALL)
    used.use("other", "00000001", WALL + 299)
    assert not used.use("n", "00000001", WALL + 300)
    for later in (700, 1100):
        used.use("other", f"{later:08x}", WALL + later)
    assert used.use("n", "00000001", WALL + 1100)


def test_used_nonces_take_no_more_memory_than_they_may():
    used = UsedNonces(most=10)
    for number in range(100):
        assert used.use(f"n{number}", "00000001", WALL)
    assert not used.use("n99", "00000001", WALL)
    assert used.use("n1", "00000001", WALL)


@given(st.text())
def test_any_text_can_be_checked(text):
    assert Nonces(b"secret").check(text, WALL) is NonceState.FORGED


# --- the server's half


@pytest.mark.parametrize("algorithm", SUPPORTED)
def test_a_challenge_and_its_answer(algorithm):
    credentials = Credentials.parse(answer(algorithm))
    assert credentials.algorithm == algorithm
    assert verify(credentials, SECRET[algorithm], "REGISTER")
    assert not verify(credentials, SECRET[algorithm], "INVITE")
    assert not verify(credentials, "", "REGISTER")


def test_a_challenge_says_what_it_wants():
    line = challenge("core1.example", "abc", "SHA-256")
    assert line == 'Digest realm="core1.example", nonce="abc", algorithm=SHA-256, qop="auth"'
    assert challenge("core1.example", "abc", "MD5", stale=True).endswith(', qop="auth", stale=true')
    assert Challenge.parse(challenge("r", "n", "MD5", stale=True)).stale


def test_an_unknown_algorithm_or_qop_never_verifies():
    line = answer().replace("algorithm=SHA-256", "algorithm=SHA-512-256")
    assert not verify(Credentials.parse(line), SECRET["SHA-256"], "REGISTER")
    line = answer().replace("qop=auth", "qop=auth-int")
    assert not verify(Credentials.parse(line), SECRET["SHA-256"], "REGISTER")
    line = answer("MD5").replace("algorithm=MD5", "algorithm=MD5-sess")
    assert not verify(Credentials.parse(line), SECRET["MD5"], "REGISTER")


def test_the_algorithm_is_md5_when_not_said():
    line = answer("MD5").replace(", algorithm=MD5", "")
    assert verify(Credentials.parse(line), SECRET["MD5"], "REGISTER")


def test_names_and_algorithms_compare_without_case():
    line = answer("MD5").replace("username=", "UserName=").replace("algorithm=MD5", "ALGORITHM=md5")
    assert verify(Credentials.parse("dIGEST" + line[6:]), SECRET["MD5"], "REGISTER")


def test_quoted_and_bare_values_with_odd_spaces():
    line = (
        answer()
        .replace("qop=auth", 'qop = "auth"')
        .replace("nc=00000001", 'nc="00000001"')
        .replace(", ", " ,\t")
    )
    assert verify(Credentials.parse(line), SECRET["SHA-256"], "REGISTER")


def test_a_response_that_is_not_ascii_is_merely_wrong():
    line = answer().replace('response="', 'response="ü\udc80')
    assert not verify(Credentials.parse(line), SECRET["SHA-256"], "REGISTER")


def test_raw_is_the_line_as_it_came():
    assert Credentials.parse(answer()).raw == answer()


def test_the_repr_shows_no_secret():
    credentials = Credentials.parse(answer())
    assert credentials.response not in repr(credentials)
    assert repr(credentials) == "<Credentials '1001' at 'core1.example', SHA-256>"
    assert repr(Challenge.parse(challenge("r", "n", "MD5"))) == "<Challenge 'r', MD5>"


@pytest.mark.parametrize("name", ["username", "realm", "nonce", "uri", "response", "nc", "cnonce"])
def test_what_is_needed_must_be_there(name):
    kept = [piece for piece in answer()[7:].split(", ") if not piece.startswith(f"{name}=")]
    refused("Digest " + ", ".join(kept))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Digest",
        "Digest ",
        "Basic MTAwMTpzZWNyZXQ=",
        "Digest username",
        'Digest username="1001',
        'Digest username="1001" realm="r"',
        'Digest username="a", username="b", realm="r", nonce="n", uri="u", response="0"',
        'Digest username="a", realm="r", nonce="n", uri="u", response="0", qop=auth, nc=1, cnonce="c"',
        "=",
        ",",
    ],
)
def test_malformed_credentials(line):
    refused(line)


def test_credentials_are_found_by_realm_and_other_schemes_are_left_alone():
    headers = Headers()
    assert credentials_for(headers, "Authorization", REALM) is None
    headers.add("Authorization", "NoOneKnows trust=me")
    headers.add("Authorization", answer().replace(REALM, "core9.example"))
    assert credentials_for(headers, "Authorization", REALM) is None
    headers.add("Authorization", answer())
    found = credentials_for(headers, "Authorization", REALM)
    assert found is not None
    assert found.realm == REALM


def test_malformed_digest_credentials_are_not_passed_over():
    with pytest.raises(RemoteError):
        credentials_for(Headers({"Authorization": ["Digest username="]}), "Authorization", REALM)


# --- the client's half


def test_the_strongest_challenge_that_we_support_is_chosen():
    lines = [
        "Basic realm=here",
        'Digest realm="r", nonce="1", algorithm=MD5',
        'Digest realm="r", nonce="2", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth"',
        'Digest realm="r", nonce="4", algorithm=SHA-256, qop="auth"',
    ]
    found = choose(lines)
    assert found is not None
    assert (found.algorithm, found.nonce) == ("SHA-256", "3")
    found = choose(lines, ("MD5",))
    assert found is not None
    assert found.nonce == "1"
    assert choose(lines[:1]) is None
    assert choose([]) is None


def test_challenges_that_are_of_no_use():
    assert choose(['Digest realm="r", nonce="n", qop="auth-int"']) is None
    assert choose(['Digest realm="r"', 'Digest nonce="n"', "Digest realm="]) is None
    with pytest.raises(RemoteError):
        Challenge.parse("Negotiate abcdef")


def test_a_challenge_without_qop_is_answered_without():
    asked = Challenge.parse('Digest realm="core1.example", nonce="n"')
    line = authorize(asked, "1001", SECRET["MD5"], "INVITE", "sip:2001@core2.example", "c")
    assert "qop" not in line
    assert "cnonce" not in line
    assert verify(Credentials.parse(line), SECRET["MD5"], "INVITE")


def test_the_nonce_count_is_eight_hexadecimal_digits():
    asked = Challenge.parse(challenge(REALM, "n", "MD5"))
    assert ", nc=0000001f," in authorize(asked, "1001", SECRET["MD5"], "INVITE", "sip:x@y", "c", 31)


def test_an_algorithm_that_we_do_not_have():
    with pytest.raises(ValueError, match="MD5-sess"):
        ha1("MD5-sess", "1001", REALM, "x")


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")),
    st.sampled_from(SUPPORTED),
)
def test_whatever_is_written_is_read(username, realm, algorithm):
    secret = ha1(algorithm, username, realm, "pass")
    asked = Challenge.parse(challenge(realm, "n", algorithm))
    assert asked.realm == realm
    credentials = Credentials.parse(authorize(asked, username, secret, "INVITE", "sip:a@b", "c", 3))
    assert credentials.username == username
    assert verify(credentials, secret, "INVITE")


@given(st.text())
def test_any_text_is_credentials_or_refused(text):
    for line in (text, "Digest " + text):
        with suppress(RemoteError):
            verify(Credentials.parse(line), "0" * 32, "INVITE")
