"""Overload control between neighbours: what is said in Via, and what is learnt of it (RFC 7339)."""

import pytest

from opentcf.sip.headers import Headers, Via
from opentcf.sip.message import Response
from opentcf.sip.outbox import Flow
from opentcf.sip.overload import OFFER, Feedback, Throttles

FLOW = Flow("tc2", "udp", "192.0.2.1", 5060)
HOP = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"


def filled(line: str, loss: float = 0.205, *more: str) -> list[str]:
    feedback = Feedback()
    feedback.loss, feedback.sequence = loss, 1234.5678
    response = Response(200, "", Headers({"Via": [line, *more]}))
    feedback.fill(response)
    return response.headers.lines("Via")


@pytest.mark.parametrize(
    "offer", [OFFER, ";oc", "; oc ; oc-algo = loss", ';oc;oc-algo="loss,rate"', ';oc-algo="rate , loss" ;oc']
)
def test_an_offer_is_answered(offer):
    (line,) = filled(HOP + offer)
    assert line == f'{HOP};oc=20;oc-algo="loss";oc-validity=500;oc-seq=1234.568'


def test_without_an_overload_the_answer_ends_what_was_told():
    (line,) = filled(HOP + OFFER, 0.0)
    assert line == f'{HOP};oc=0;oc-algo="loss";oc-validity=0;oc-seq=1234.568'


def test_other_parameters_stay_and_other_hops_are_left_alone():
    line, other = filled(f'{HOP};oc;ocean=1;oc-algo="loss,rate";rport=1, {HOP};oc', 0.5, f"{HOP};oc")
    assert line == f'{HOP};ocean=1;rport=1;oc=50;oc-algo="loss";oc-validity=500;oc-seq=1234.568, {HOP};oc'
    assert other == f"{HOP};oc"


@pytest.mark.parametrize(
    "line",
    [HOP, f"{HOP};ocean", f"{HOP}, {HOP};oc", f"{HOP};oc=5", f'{HOP};oc;oc-algo="rate,gloss"'],
)
def test_who_does_not_offer_hears_nothing(line):
    assert filled(line) == [line]


# --- the other way round


def told(*answers: str, now: float = 0.0) -> Throttles:
    throttles = Throttles()
    for answer in answers:
        throttles.learn(Via.parse(HOP + answer), FLOW, now)
    return throttles


def test_what_a_server_asks_holds_for_its_time():
    throttles = told(';oc=25;oc-algo="loss";oc-validity=1000;oc-seq=1.5')
    assert throttles.share(FLOW, 0.9) == 0.25
    assert throttles.share(FLOW, 1.0) == 0.0
    assert throttles.share(FLOW._replace(port=5062), 0.9) == 0.0


def test_it_holds_half_a_second_where_it_does_not_say():
    throttles = told(";oc=25;oc-seq=1.5")
    assert (throttles.share(FLOW, 0.4), throttles.share(FLOW, 0.6)) == (0.25, 0.0)


def test_what_is_older_is_left_alone():
    assert told(";oc=25;oc-seq=1.5", ";oc=50;oc-seq=1.45").share(FLOW, 0.0) == 0.25
    assert told(";oc=25;oc-seq=9.9", ";oc=50;oc-seq=10.1").share(FLOW, 0.0) == 0.5


def test_what_has_expired_is_forgotten_with_its_number():
    """Else a server whose clock was set back would not be heard for as long (RFC 7339 §5.4)."""
    throttles = told(";oc=25;oc-seq=9.5")
    for now, share in ((0.4, 0.25), (0.6, 0.5)):
        throttles.learn(Via.parse(f"{HOP};oc=50;oc-seq=1.1"), FLOW, now)
        assert throttles.share(FLOW, now) == share


def test_what_is_late_after_the_end_is_left_alone():
    ended = told(";oc=25;oc-seq=1.1", ";oc=0;oc-validity=0;oc-seq=1.2", ";oc=25;oc-seq=1.1")
    assert ended.share(FLOW, 0.0) == 0.0


def test_a_server_is_one_by_udp_and_by_tcp():
    """RFC 7339 §5.4: what counts is address and port."""
    assert told(";oc=25;oc-seq=1.1").share(FLOW._replace(transport="tcp"), 0.0) == 0.25


def test_a_validity_of_0_ends_it():
    assert told(";oc=25;oc-seq=1.1", ";oc=0;oc-validity=0;oc-seq=1.2").share(FLOW, 0.0) == 0.0
    assert told(";oc=25;oc-seq=1.1", ";oc=99;oc-validity=0;oc-seq=1.2").share(FLOW, 0.0) == 0.0


@pytest.mark.parametrize(
    "nonsense",
    [
        ";oc;oc-seq=1.1",
        ";oc=101;oc-seq=1.1",
        ";oc=-1;oc-seq=1.1",
        ";oc=x;oc-seq=1.1",
        ";oc=50",
        ";oc=50;oc-seq=1",
        ";oc=50;oc-seq=1.123456",
        ";oc=50;oc-validity=99999999999;oc-seq=1.1",
        ";oc=50;oc-algo=rate;oc-seq=1.1",
    ],
)
def test_nonsense_is_left_alone(nonsense):
    assert told(nonsense).share(FLOW, 0.0) == 0.0


# --- which requests


def held(share: int, which: str) -> str:
    """What becomes of requests that may wait (w) or may not (-): held back (h), or sent."""
    throttles, found = told(f";oc={share};oc-seq=1.1"), ""
    for one in which:
        found += "h" if one == "w" and throttles.holds(FLOW, 0.0) else one
        throttles.asked(FLOW, 0.0)
    return found


@pytest.mark.parametrize("share", [0, 1, 25, 60, 98, 100])
def test_so_many_of_all_requests_are_held_back(share):
    """RFC 7339 §5.3: of all, though only some may wait; §7.2 converts it in the same way."""
    assert held(share, 200 * "w").count("h") == 2 * share
    assert held(share, 200 * "w-").count("h") == min(4 * share, 200)


def test_what_may_not_wait_is_never_held_back():
    assert held(100, 100 * "-") == 100 * "-"


def test_what_could_not_be_held_back_is_made_up_for_within_bounds():
    assert held(50, 1000 * "-" + 100 * "w").count("h") == 60


def test_without_being_told_nothing_is_held_back():
    assert not Throttles().holds(FLOW, 0.0)
    assert not told(";oc=100;oc-seq=1.1").holds(FLOW, 0.5)


def test_what_is_remembered_is_bounded():
    throttles = Throttles()
    for number in range(5_000):
        throttles.learn(Via.parse(f"{HOP};oc=50;oc-seq=1.1"), FLOW._replace(port=number), 0.0)
    assert throttles.share(FLOW._replace(port=4_999), 0.1) == 0.5
    assert sum(throttles.share(FLOW._replace(port=number), 0.1) > 0 for number in range(5_000)) <= 1_024
