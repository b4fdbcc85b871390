"""What all are told: when the world is quiet, whoever is in the call knows the same talker (profile 4.4)."""

from tests.services.group_world import GroupWorld, ext, fire

from opentcf.model.group import SetUp

AT = {"1001": 1, "1002": 1, "2001": 2, "2002": 2, "3001": 3}


def test_who_joins_while_another_talks_is_told_who():
    for joiner in ("1002", "2001", "2002", "3001"):
        w = GroupWorld(at=AT)
        w.dial("1001")
        w.run(1.0)
        w.leave(joiner)
        w.run(1.0)
        w.dial(joiner)
        w.run(1.0)
        assert w.floor() == ("1001", [joiner])
        assert {w.heard(number) for number in AT} == {"1001"}, joiner


def test_numbers_to_a_caller_belong_to_the_domain_of_to():
    """2001 called; what the master and his V-TCF tell him goes To core2: a number of core1 is written in full."""
    w = GroupWorld(at=AT)
    w.dial("2001")
    w.run(1.0)
    w.let_go("2001")
    w.run(1.0)
    w.press("1001")
    w.run(1.0)
    for source, target in (("core1", "core2"), ("core2", "2001")):
        told = w.last("INFO", source, target)
        assert "core2.example" in (told.headers.get("To") or "")
        assert 'UDN="1001@core1.example"' in ext(told)
    assert w.its("2001").talker == "1001@core1.example"


def test_numbers_in_answers_belong_to_the_group_that_was_called():
    w = GroupWorld(at=AT)
    w.dial("2001")
    w.run(1.0)
    assert 'UDN="2001@core2.example"' in ext(w.last("200 INVITE pttaccept", "core1", "core2"))
    w.let_go("2001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    assert 'UDN="2001@core2.example"' in ext(w.last("INVITE pttrequest", "core2", "core1"))
    assert w.floor() == ("2001", [])


def test_a_revoked_caller_gives_the_floor_back():
    """A revoke To core2 names its user bare; a grant to another of his V-TCF too."""
    w = GroupWorld(fire(preemption=True), at=AT)
    w.dial("2001")
    w.run(1.0)
    w.press("2002", emergency=True)
    w.run(5.0)
    assert w.floor() == ("2002", [])
    assert w.talking() == ["2002"]
    assert {w.heard(number) for number in AT} == {"2002"}


def test_a_talker_whose_v_tcf_was_away_does_not_believe_that_he_talks():
    """The master has given his floor away; it calls the V-TCF again, which knows the call from before."""
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    w.press("3001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    w.crash(3)
    w.run(40.0)
    assert w.floor() == ("2001", [])
    w.restart(3)
    w.run(15.0)
    assert "3001" in w.in_call()
    assert w.talking() == ["2001"]
    assert w.heard("3001") == "2001"


def test_all_hear_of_an_emergency_and_of_its_end():
    """Also those behind the V-TCF of the one who raised it, whom his grant tells nothing."""
    for urgent, neighbour in (("1002", "1001"), ("2002", "2001")):
        w = GroupWorld(at=AT)
        w.dial("3001")
        w.run(1.0)
        w.press(urgent, emergency=True)
        w.run(5.0)
        full = w.ua(urgent).user
        for number in (neighbour, "3001"):
            assert w.told_events(number)[-1] == f"floor taken {full} emergency"
        w.let_go(urgent)
        w.run(1.0)
        w.ua(urgent).calm(w.its(urgent), w.now)
        w.touch(w.ua(urgent))
        w.run(1.0)
        assert {w.told_events(number)[-1] for number in AT} == {"floor idle"}


def test_a_confirmed_setup_names_its_caller():
    """He has the floor from the start, so nobody needs to be told afterwards."""
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at=AT)
    w.dial("1001")
    w.run(1.0)
    assert "callerUDN=1001" in ext(w.last("INVITE", "core1", "core2"))
    assert {w.heard(number) for number in AT} == {"1001"}
    assert w.count("INFO") == 0
