"""What the parser and the decoders make of every torture message."""

import pytest
from tests.sip.decode import OK, verdict
from tests.torture import rfc4475, rfc5118
from tests.torture.case import Case

from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.headers import NameAddr, Via
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import Malformed, parse
from opentcf.sip.render import render
from opentcf.sip.sdp import Sdp

CASES = {case.name: case for case in (*rfc4475.CASES, *rfc5118.CASES)}
NUMBERED = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def request(name: str) -> Request:
    found = parse(CASES[name].data)
    assert isinstance(found, Request)
    return found


def test_none_is_missing():
    assert len(rfc4475.CASES) == 50
    assert len({case.section for case in rfc5118.CASES}) == 10
    assert len(CASES) == 62


@NUMBERED
def test_verdict(case: Case):
    assert verdict(case.data) == case.decoded


@NUMBERED
def test_what_can_be_answered_can_be_rendered(case: Case):
    try:
        found = parse(case.data)
    except Malformed as error:
        found = error.request
    except RemoteError:
        assert None in case.answers
        return
    if isinstance(found, Response):
        assert case.answers == (None,)
        return
    answer = parse(render(found.respond(400, "tag")))
    for name in ("Via", "From", "Call-ID", "CSeq"):
        assert answer.headers.lines(name) == found.headers.lines(name)


@NUMBERED
def test_over_a_stream(case: Case):
    """Framing says the same as the datagram, but for what it waits for or cannot cut."""
    framer = Framer()
    try:
        messages = framer.feed(case.data)
    except RemoteError:
        assert verdict(framer.rest, stream=True) in case.stream
        return
    if not messages:
        assert case.stream == (None,)
        return
    assert verdict(messages[0], stream=True) == case.decoded


# --- what the messages that are legal say


def test_the_tortuous_invite():
    found = request("wsinv")
    assert found.target().parameters == {"colour": None}
    assert found.to_tag() == "20010001x"
    assert (found.from_().display, found.from_tag()) == ('Unit \\ "7"', "10010001y")
    assert found.cseq() == (7, "INVITE")
    assert found.headers.get("Max-Forwards") == "0042"
    assert found.headers.get("Subject") == ""
    assert found.headers.get("Brandnewfield") == "its value goes on in the next line"
    assert found.headers.get("Fieldthatnobodycanread") == ",;;,;;;,"
    vias = [Via.parse(element) for element in found.headers.elements("Via")]
    assert [(via.transport, via.host, via.branch) for via in vias] == [
        ("udp", "198.51.100.31", "z9hG4bKtortuous"),
        ("tcp", "relay.core1.example", "z9hG4bKsecond"),
        ("udp", "10.11.12.13", "z9hG4bKthird"),
    ]
    contact = found.contact()
    assert contact is not None
    assert contact.display == 'A name "in quotes"'
    assert contact.parameters == {"fresh": "value", "bare": None, "q": "0.25"}


def test_characters():
    found = request("intmeth")
    assert found.method == "!Odd-Method_9*+`.%but'legal~"
    uri = found.target()
    assert uri.user == "2_odd.User~(all-of!it)&is'fine+here$/really?,/;;*"
    assert uri.password == "&pass+wd=1,is!odd*too$~_(as-well)"
    assert found.to().display == "BEL:\x07 NUL:\0 DEL:\x7f"
    assert found.from_().parameters == {"odd''~+*_!.-%": "рабочая лошадь", "tag": "_t~1'+`*%!-."}
    assert found.headers.get("Odd-Field-!.%*+_`'~") == "\ufeff指挥中心"


def test_escapes():
    found = request("esc01")
    assert found.target().user == "sips:2001@core2.example"
    assert (found.to().uri.user, found.from_().uri.user) == ("2001", "Unit Seven A")
    contact = found.contact()
    assert contact is not None
    assert contact.uri.user == "unit7"
    assert str(contact.uri) == "sip:un%69t7@198.51.100.31;%6c%72;n%61me=v%61lue%25%34%31"


def test_nulls():
    found = request("escnull")
    assert found.to().uri.user == "no-\0-end"
    contacts = [NameAddr.parse(element).uri for element in found.headers.elements("Contact")]
    assert [uri.user for uri in contacts] == ["\0", "\0\0"]
    assert contacts[0] != contacts[1]


def test_percent_signs_that_escape_nothing():
    found = request("esc02")
    assert found.method == "IN%56IT%45"
    assert found.to().display == "%Q%45"
    assert len(found.headers.lines("Contact")) == 2


def test_the_second_request_of_a_datagram_is_ignored_and_over_a_stream_it_counts():
    data = CASES["dblreq"].data
    assert request("dblreq").body == b""
    first, second = Framer().feed(data)
    assert first + b"\r\n" + second == data
    assert verdict(second, stream=True) == OK


def test_parameters_in_the_user_part():
    assert request("semiuri").target().user == "2001;gate=g@core9.example"


def test_a_body_of_several_parts_is_kept():
    found = request("mpart01")
    assert found.body == rfc4475.MULTIPART
    assert found.content_type() == "multipart/mixed"


def test_reason_phrases():
    for name, status, reason in (
        ("unreason", 200, "= 3^2 * 22 + 2 але не тільки"),
        ("noreason", 100, "Trying"),
    ):
        found = parse(CASES[name].data)
        assert isinstance(found, Response)
        assert (found.status, found.reason) == (status, reason)


def test_whose_parameter_it_is():
    header, uri = request("cparam01").contact(), request("cparam02").contact()
    assert header is not None
    assert uri is not None
    assert (header.parameters, header.uri.parameters) == ({"strange": None}, {})
    assert (uri.parameters, uri.uri.parameters) == ({}, {"strange": None})


def test_a_header_in_a_contact_stays_there():
    contact = request("regescrt").contact()
    assert contact is not None
    assert contact.uri.headers == "Route=%3Csip:edge.core1.example%3E"


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("ipv6-good", "2001:db8:5::10", 0),
        ("port-ambiguous", "2001:db8:5::10:5070", 0),
        ("port-unambiguous", "2001:db8:5::10", 5070),
        ("ipv6-bug-abnf-3-colons", "2001:db8:5::198.51.100.31", 0),
        ("ipv6-correct-abnf-2-colons", "2001:db8:5::198.51.100.31", 0),
    ],
)
def test_where_an_ipv6_reference_ends(name, host, port):
    uri = request(name).target()
    assert (uri.host, uri.port) == (host, port)


def test_mapped_addresses():
    found = request("ipv4-mapped-ipv6")
    assert [(via.host, via.port) for via in map(Via.parse, found.headers.elements("Via"))] == [
        ("::ffff:198.51.100.31", 19823),
        ("::ffff:198.51.100.32", 0),
    ]
    assert Sdp.parse(found.body).origin.rest == "IN IP6 ::ffff:198.51.100.31"


def test_addresses_of_both_families_in_one_description():
    found = Sdp.parse(request("mult-ip-in-sdp").body)
    assert [media.lines[0] for media in found.media] == ["c=IN IP4 198.51.100.31", "c=IN IP6 2001:db8:5::1"]
