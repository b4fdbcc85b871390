"""The fields of a video forward (profile 3)."""

import pytest

from opentcf.btrunc import extension, video
from opentcf.btrunc.video import Goal, Report, Source
from opentcf.btrunc.wire import Token, Wire
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

HERE = "core1.example"
GOALS = (
    Goal(Aor("1002", HERE), False),
    Goal(Aor("2001", "core2.example"), False),
    Goal(Aor("8001", HERE), True),
)


def read(text: str) -> extension.Extension:
    request = Request("MESSAGE", "sip:1001@core1.example")
    request.headers.set("Ptt-Extension", text)
    found = extension.read(request, Wire())
    assert found is not None
    return found


def test_a_repeated_udn_opens_a_new_target():
    text = extension.render(
        Wire(), Token.VIDEO_FORWARD, *video.forward(Wire(), Source("c1", False), GOALS, HERE)
    )
    assert text == (
        "pttVideoForward;VideoIdType=2;VideoId=c1;UDN=1002,utype=1"
        ';UDN="2001@core2.example",utype=1;UDN=8001,utype=2'
    )
    assert video.read_goals(read(text), Wire(), HERE) == GOALS
    assert video.read_source(read(text)) == Source("c1", False)


def test_what_others_write_is_read_as_well():
    loose = 'pttvideoforward;VideoIdType=1;VideoId=1001;UDN=1002;UDN="2001@core2.example";utype=1;UDN=8001 , utype=2'
    assert video.read_goals(read(loose), Wire(), HERE) == GOALS
    assert video.read_source(read(loose)) == Source("1001", True)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("pttVideoForward;VideoIdType=2;UDN=1,utype=1", 400),
        ("pttVideoForward;VideoIdType=7;VideoId=x;UDN=1,utype=1", 400),
        ("pttVideoForward;VideoIdType=2;VideoId=x", 400),
        ("pttVideoForward;VideoIdType=2;VideoId=x;UDN=abc,utype=1", 400),
        ("pttVideoForward;VideoIdType=2;VideoId=x" + "".join(f";UDN={n},utype=1" for n in range(1, 99)), 413),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, status: int):
    ext = read(text)
    with pytest.raises(RemoteError) as raised:
        (video.read_source(ext), video.read_goals(ext, Wire(), HERE))
    assert raised.value.status == status


@pytest.mark.parametrize("result", list(Result))
def test_a_report_names_video_target_and_result(result: Result):
    told = Report("c1", GOALS[2], result, "r")
    text = extension.render(Wire(), Token.VIDEO_REPORT, *video.report(Wire(), told, HERE))
    assert text == f"pttVideoForwardReport;VideoId=c1;UDN=8001;utype=2;VideoSendResult={int(result)};msgid=r"
    assert video.read_report(read(text), Wire(), HERE) == told
