"""The doorway: what gets in, what is answered with which status, what cannot be answered."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.sip.samples import ALL, REQUESTS, RESPONSES, message

from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import MAX_HEADER, MAX_HEADERS, Malformed, Unanswerable, parse, skim
from opentcf.sip.render import render

INFO = REQUESTS["info"]


def malformed(data: bytes, status: int = 400, *, stream: bool = False) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(data, stream=stream)
    assert caught.value.status == status
    answer = render(caught.value.request.respond(status, "tag"))
    assert isinstance(parse(answer), Response)
    return caught.value


def unanswerable(data: bytes) -> None:
    with pytest.raises(Unanswerable):
        parse(data)


def with_line(line: str, data: bytes = INFO) -> bytes:
    return data.replace(b"Max-Forwards: 70", line.encode("utf-8", "surrogateescape"))


# --- what gets in


@pytest.mark.parametrize("data", ALL.values(), ids=ALL.keys())
def test_samples(data):
    for found in (parse(data), parse(data, stream=True), parse(b"\r\n\r\n" + data)):
        assert isinstance(found, Response if data.startswith(b"SIP/") else Request)


def test_folding_is_a_blank():
    found = parse(with_line("Subject: one\r\n two\r\n\t  three\r\nMax-Forwards:\r\n 7"))
    assert found.headers.get("Subject") == "one two three"
    assert found.headers.get("Max-Forwards") == "7"


def test_names_have_any_case_and_blanks_before_the_colon():
    found = parse(with_line("mAx-fOrWaRdS \t:  0068"))
    assert found.headers.get("Max-Forwards") == "0068"


def test_repeated_headers_keep_their_order_whatever_their_spelling():
    found = parse(with_line("Route: a\r\nSubject: x\r\nROUTE: b, c\r\nroute: d"))
    assert found.headers.lines("Route") == ["a", "b, c", "d"]
    assert found.headers.elements("Route") == ["a", "b", "c", "d"]


def test_via_and_its_compact_form_are_one_field():
    found = parse(with_line("v: SIP/2.0/UDP second.example;branch=b"))
    assert [line.split()[1][:6] for line in found.headers.lines("Via")] == ["192.0.", "second"]


def test_unknown_headers_are_kept_as_they_are():
    found = parse(with_line("UnknownHeader: ;;,,;,;\r\nC%6Fntact: x\r\nEmpty:"))
    assert found.headers.get("Unknownheader") == ";;,,;,;"
    assert found.headers.get("C%6fntact") == "x"
    assert found.headers.get("Empty") == ""


@given(
    st.lists(
        st.sampled_from(
            ["a", "\\", '"', "\0", "\v", "\x7f", "\r", "\n", "\r\n ", "\t", "é", "\x85", "\udcff"]
        )
    )
)
def test_a_control_character_stands_in_no_line_but_behind_a_backslash(pieces):
    text = "".join(pieces)
    assume(not re.search(r"\r\n(?! )|\r\Z", text))
    flat = text.replace("\r\n ", " ")
    if re.search(r"[\r\n]|(?<!\\)[^\t -\x7e\x80-\U0010ffff]", flat):
        malformed(with_line(f"Subject: {text}"))
    else:
        parse(with_line(f"Subject: {text}"))


def test_control_characters_may_stand_behind_a_backslash():
    found = parse(with_line('Subject: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"'))
    assert found.headers.get("Subject") == '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"'


def test_a_reason_phrase_can_be_anything_or_nothing():
    ok = RESPONSES["ok"]
    found = parse(ok.replace(b"200 OK", "200 = 2**3 * 5**2 но".encode()))
    assert isinstance(found, Response)
    assert found.reason == "= 2**3 * 5**2 но"
    for end in (b"200 ", b"200"):
        found = parse(ok.replace(b"200 OK", end))
        assert isinstance(found, Response)
        assert found.status == 200


def test_the_version_has_any_case():
    assert isinstance(parse(INFO.replace(b"SIP/2.0\r\nVia", b"sip/2.0\r\nVia")), Request)


def test_methods_are_tokens_with_case():
    odd = "!interesting-Method0123456789_*+`.%indeed'~"
    found = parse(INFO.replace(b"INFO", odd.encode()))
    assert isinstance(found, Request)
    assert found.method == odd
    malformed(INFO.replace(b"INFO sip", b"info sip"))


def test_other_line_ends_are_no_line_ends():
    unanswerable(INFO.replace(b"\r\n", b"\n"))
    unanswerable(INFO.replace(b"\r\n", b"\r"))


# --- Content-Length


def test_rfc_3261_18_3_in_a_datagram_it_may_be_absent():
    data = INFO.replace(b"Content-Length: 0\r\n", b"") + b"body"
    assert parse(data).body == b"body"
    malformed(data, stream=True)


def test_rfc_3261_18_3_what_follows_the_body_is_ignored():
    data = REQUESTS["message"]
    assert parse(data + b"\r\nINVITE sip:x@y SIP/2.0\r\n").body == parse(data).body


def test_a_body_of_its_exact_length():
    assert parse(INFO.replace(b"Length: 0", b"Length: 3") + b"\r\n\0").body == b"\r\n\0"
    assert parse(INFO.replace(b"Length: 0", b"Length:\t0003 ") + b"abcd").body == b"abc"
    assert parse(INFO.replace(b"Content-Length: 0", b"l:3") + b"abc").body == b"abc"


@pytest.mark.parametrize(
    "value", ["9999", "-999", "+1", "", "1x", "0 0", "0, 0", "0x0", "4294967296", "1" * 5000]
)
def test_rfc_3261_18_3_wrong_lengths(value):
    malformed(INFO.replace(b"Length: 0", b"Length: " + value.encode()))


# --- wrong, but answered


@pytest.mark.parametrize(
    "line",
    [
        "Call-ID: again",
        "i: again",
        "CSeq: 12 INFO",
        "From: <sip:a@b>;tag=c",
        "to: <sip:a@b>",
        "Content-Length: 0",
        "L: 0",
        "Expires: 1\r\nExpires: 2",
        "Max-Forwards: 1\r\nmax-forwards: 2",
        "Content-Type: a/b\r\nc: d/e",
        "Session-Expires: 90\r\nx: 91",
        "Min-Expires: 1\r\nMin-Expires: 1",
    ],
)
def test_doubles_of_single_fields(line):
    malformed(with_line(line))


@pytest.mark.parametrize(
    "line",
    [
        "no colon",
        ": no name",
        "two words: x",
        "na(me: x",
        "名: x",
        "Subject: a\0b",
        "Subject: a\rb",
        "Subject: a\nb",
        "Subject: a\\\nb",
        "Subject: \x7f",
        "Subject: \x1b[2J",
    ],
)
def test_bad_header_lines(line):
    malformed(with_line(line))


def test_a_first_line_that_is_folded():
    malformed(INFO.replace(b"\r\nVia", b"\r\n folded\r\nVia", 1))


def test_too_many_and_too_long_headers():
    lines = "\r\n".join(f"X-{number}: y" for number in range(MAX_HEADERS))
    malformed(INFO[:-2] + f"{lines}\r\n\r\n".encode())
    parse(with_line("Subject: " + "x" * (MAX_HEADER - 1)))
    malformed(with_line("Subject: " + "x" * MAX_HEADER))
    with pytest.raises(Malformed):
        parse(INFO, max_headers=6)
    with pytest.raises(Malformed):
        parse(with_line("Subject: " + "x" * 80), max_header=80)
    parse(INFO, max_headers=10, max_header=80)


@pytest.mark.parametrize(
    "start",
    [
        "INFO <sip:a@b> SIP/2.0",
        "INFO sip:a@b; lr SIP/2.0",
        "INFO  sip:a@b  SIP/2.0",
        "INFO sip:a@b SIP/2.0  ",
        "INFO sip:a@b SIP/2.0\t",
        "INFO  SIP/2.0",
        "INFO SIP/2.0",
        "INFO sip:a\rb SIP/2.0",
        "INFO sip:a\nb SIP/2.0",
        "INFO sip:a\0b SIP/2.0",
        "BYE sip:a@b SIP/2.0",
        "NEWMETHOD sip:a@b SIP/2.0",
    ],
)
def test_bad_start_lines(start):
    malformed(start.encode() + b"\r\n" + INFO.partition(b"\r\n")[2])


@pytest.mark.parametrize("version", [b"SIP/7.0", b"SIP/1.0", b"SIP/2.1", b"sip/20.0"])
def test_other_versions_are_505(version):
    malformed(INFO.replace(b"SIP/2.0\r\nVia", version + b"\r\nVia", 1), 505)


@pytest.mark.parametrize(
    "value", ["INFO", "12", "12 INFO 3", "x INFO", "36893488147419103232 INFO", "-1 INFO"]
)
def test_a_bad_cseq(value):
    malformed(INFO.replace(b"12 INFO", value.encode()))


def test_a_head_that_does_not_end():
    malformed(INFO[:-2])
    malformed(INFO[:-4])


def test_the_first_problem_is_the_one_that_is_told():
    error = malformed(with_line("no colon\r\nCall-ID: again"))
    assert "no colon" in error.text


# --- not even answered


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_without_what_an_answer_copies(name):
    line = next(line for line in INFO.split(b"\r\n") if line.startswith(name + b":"))
    unanswerable(INFO.replace(line + b"\r\n", b""))
    unanswerable(INFO.replace(line, name + b":"))


@pytest.mark.parametrize("name", [b"Via: ", b"From: ", b"To: ", b"Call-ID: ", b"CSeq: "])
def test_an_answer_never_carries_control_characters(name):
    for injected in (b"\n", b"\r", b"\0", b"\x1b"):
        unanswerable(INFO.replace(b"\r\n" + name, b"\r\n" + name + injected))
    malformed(INFO.replace(b"\r\n" + name, b"\r\nX: \n\r\n" + name))


def test_a_second_via_is_copied_too():
    unanswerable(with_line("Via: SIP/2.0/UDP a\nX: y;branch=b"))


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b" ",
        b"INFO",
        b"INFO sip:a@b",
        b"INFO sip:a@b HTTP/1.1",
        b"GET / HTTP/1.1",
        b"IN/FO sip:a@b SIP/2.0",
        b"IN\0FO sip:a@b SIP/2.0",
        b" INFO sip:a@b SIP/2.0",
        b"INFO sip:a@b SIP/x.0",
        b"SIP/2.0",
        b"SIP/2.0 ",
        b"SIP/2.0 OK",
        b"SIP/2.0 99 Low",
        b"SIP/2.0 700 High",
        b"SIP/2.0 4294967301 better not",
        b"SIP/2.0 2000 OK",
        b"SIP/2.0  200 OK",
        b"SIP/3.0 200 OK",
        b"\xff\xfe",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42",
    ],
)
def test_what_is_not_sip(start):
    unanswerable(start + b"\r\n" + INFO.partition(b"\r\n")[2])


def test_nothing_at_all():
    for data in (b"", b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n\r\n", b"\0", b"jaK"):
        unanswerable(data)


def test_a_malformed_ack_or_response_is_never_answered():
    unanswerable(REQUESTS["ack"].replace(b"Max-Forwards: 70", b"no colon"))
    unanswerable(RESPONSES["ok"].replace(b"Require: timer", b"no colon"))
    unanswerable(RESPONSES["ok"].replace(b"200 OK", b"200 O\nK"))
    unanswerable(RESPONSES["ok"][:-1])


# --- anything


@pytest.mark.parametrize("data", list(ALL.values()), ids=ALL.keys())
def test_every_truncation_is_read_or_refused(data):
    for length in range(len(data)):
        for stream in (False, True):
            with pytest.raises(RemoteError):
                parse(data[:length], stream=stream)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for candidate in (data, INFO + data, INFO[:40] + data + INFO[40:], INFO[:-4] + b"\r\n" + data):
        try:
            render(parse(candidate))
        except Malformed as error:
            render(error.request.respond(error.status, "tag"))
        except Unanswerable:
            pass


def test_a_folded_head_of_blanks_is_read_in_linear_time():
    data = with_line("Subject: " + " " * 60_000 + "\r\n x")
    with pytest.raises(Malformed):
        parse(data)


def test_the_message_helper_makes_messages():
    assert (
        parse(
            message("INFO sip:a@b SIP/2.0", "Via: v", "From: f", "To: t", "Call-ID: c", "CSeq: 1 INFO")
        ).body
        == b""
    )


# --- a glance


def skimmed(*lines: str) -> Request | None:
    usual = {
        "Via": "Via: SIP/2.0/UDP a;branch=z9hG4bK1", "From": "From: <sip:a@b>;tag=f", "To": "To: <sip:b@c>",
        "Call-ID": "Call-ID: c", "CSeq": "CSeq: 1 INVITE",
    }  # fmt: skip
    usual |= {line.partition(":")[0]: line for line in lines}
    return skim(("INVITE sip:b@c SIP/2.0\r\n" + "\r\n".join(usual.values()) + "\r\n\r\nVia: body").encode())


def test_a_glance_sees_what_an_answer_copies():
    found = skimmed("Subject: To: x")
    assert found is not None
    assert found.method == "INVITE"
    assert render(found.respond(503, "t")) == (
        b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\n"
        b"To: <sip:b@c>;tag=t\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "To: ",
        "To:<sip:b@c>",
        "From: \0",
        "Via: x\r\nVia: y",
        "To: a\r\n b",
        "Subject: x\r\n\ty",
        "Call-ID: c\r\nCall-ID: d",
    ],
)
def test_what_is_written_in_an_unusual_way_is_for_the_parser(line):
    assert skimmed(line) is None


def test_a_glance_at_garbage():
    for data in (b"", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE", bytes(range(256))):
        assert skim(data) is None
    assert skim(b"SIP/2.0 200 OK\r\nVia: a\r\nFrom: b\r\nTo: c\r\nCall-ID: d\r\nCSeq: 1 A\r\n\r\n") is None
