"""What a refused floor request or group call says: status, extension, Warning, over every hop (profile 3)."""

import pytest
from tests.services.group_world import GroupWorld, ext, fire

from opentcf.model.call import CalledType, CallSetup, CallType

AT = {"1001": 1, "2001": 3, "3001": 3, "4001": 4}


def in_call(*, removed: str = "", at: dict[str, int] = AT) -> GroupWorld:
    """1001 talks; `removed` is no member any more, and his home, which is down, has told nobody."""
    w = GroupWorld(fire(hang_time=300.0), at=at)
    w.dial("1001")
    w.run(2.0)
    if removed:
        w.crash(2)
        w.regroup(fire("1001", "1002", "2002", "3001", "4001", hang_time=300.0))
        w.run(1.0)
    w.clear()
    return w


def test_a_request_that_is_not_permitted():
    w = in_call(removed="2001")
    w.press("2001")
    w.run(1.0)
    for source, target in (("core1", "core3"), ("core3", "2001")):
        refusal = w.last("403 INVITE", source, target)
        assert ext(refusal) == "pttreleasefloor;cause=denied"
        assert "2001@core2.example is no member of 8001@core1.example" in (
            refusal.headers.get("Warning") or ""
        )
    assert "2001" in w.in_call(), "the session is kept"


def test_a_request_whose_media_are_not_acceptable():
    """From a terminal, and from a V-TCF."""
    for source, target in (("2001", "core3"), ("core3", "core1")):
        w = in_call()
        w.garble = lambda who, data, source=source: (  # type: ignore[misc]
            data.replace(b"RTP/AVP", b"RTP/XYZ") if who == source and b"pttrequest" in data else data
        )
        w.press("2001")
        w.run(1.0)
        refusal = w.last("488 INVITE", target, source)
        assert ext(refusal) == "pttreleasefloor;cause=denied"
        assert w.count("488 INVITE", "core3", "2001") == 1
        assert ext(w.last("488 INVITE", "core3", "2001")) == "pttreleasefloor;cause=denied"


def test_a_release_that_is_refused_is_no_denial():
    w = in_call()
    w.garble = lambda who, data: (
        data.replace(b"RTP/AVP", b"RTP/XYZ") if who == "1001" and b"pttreleasefloor" in data else data
    )
    w.let_go("1001")
    w.run(1.0)
    assert ext(w.last("488 INVITE", "core1", "1001")) == ""


@pytest.mark.parametrize(("group", "status"), [("8001", 403), ("8999", 404)])
def test_a_call_that_a_foreign_master_refuses(group: str, status: int):
    w = GroupWorld(fire("1001", "3001"), at={"1001": 1, "2002": 2})
    call = w.dial("2002", group=group)
    w.run(3.0)
    assert call.status == status
    there = w.last(f"{status} INVITE", "core1", "core2").headers.get("Warning")
    assert there is not None
    assert w.last(f"{status} INVITE", "core2", "2002").headers.get("Warning") == there


@pytest.mark.parametrize("at", [1, 3], ids=["at the master", "elsewhere"])
@pytest.mark.parametrize(
    ("kind", "meant"),
    [(1, 4), (2, 4), (3, 4), (5, 5), (23, 23), (16, 0), (20, 0)],
)
def test_what_a_call_type_means_to_a_group(at: int, kind: int, meant: int):
    """None can be pulled from, nor listened to, since nobody says who of the group it would be."""
    w = GroupWorld(fire(), at={"1001": at, "2001": 2})
    call = w.dial("1001", CallSetup(CallType(kind), called_type=CalledType.GROUP))
    w.run(2.0)
    if meant:
        assert f"calltype={meant};" in ext(w.last("INVITE pttcall", "core2", "2001"))
    else:
        assert call.status == 488
        assert w.calls() == 0
        assert f"type {kind}" in w.ua("1001").events[-1].text
