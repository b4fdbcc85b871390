"""The member list of a dynamic regroup, and the report of a result."""

import pytest

from opentcf.btrunc import extension, regroup
from opentcf.btrunc.regroup import MOST_MEMBERS, Regroup, Report
from opentcf.btrunc.wire import Wire
from opentcf.model.cause import Result
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()
GROUP = Aor("8901", "core1.example")
LIST = "application/pttdgnagrpmbrlist+xml"
LISTED = """<?xml version="1.0" encoding="UTF-8"?>
<pttgroupmanage action="Create">
  <pttdgnagrpinfo><p t="GDN" v="8901"/><p t="GroupName" v="Flood &amp; storm"/><p t="priority" v="100"/>
    <p t="expires" v="3600"/><p t="later" v="x"/></pttdgnagrpinfo>
  <pttdgnagrpmbrlist><records count="2">
    <record operate="Add"><UDN utype="1">2001@core2.example</UDN><TalkPriority>100</TalkPriority></record>
    <record operate="Add"><UDN>1001</UDN><weather>fine</weather></record>
  </records></pttdgnagrpmbrlist>
</pttgroupmanage>"""


def message(body: str, kind: str = LIST) -> Request:
    request = Request("MESSAGE", f"sip:{GROUP}", body=body.encode())
    request.headers.set("Content-Type", kind)
    return request


def read(body: str, kind: str = LIST) -> Regroup:
    return regroup.read(message(body, kind), WIRE, GROUP)


def listed(records: str) -> str:
    members = f"<pttdgnagrpmbrlist><records>{records}</records></pttdgnagrpmbrlist>"
    return f"<pttgroupmanage action='add'>{members}</pttgroupmanage>"


def test_a_list() -> None:
    members = (Member(Aor("2001", "core2.example"), 100), Member(Aor("1001", "core1.example"), 255))
    assert read(LISTED) == Regroup(RegroupAction.CREATE, members, "Flood & storm", 100, 3600)


@pytest.mark.parametrize("action", RegroupAction)
def test_there_and_back(action: RegroupAction) -> None:
    wish = Regroup(
        action, (Member(Aor("2001", "core2.example"), 9), Member(Aor("1001", "core1.example"))), "<A>", 1, 60
    )
    assert read(regroup.body(WIRE, GROUP, wish).decode()) == wish
    plain = Regroup(action)
    assert read(regroup.body(WIRE, GROUP, plain).decode()) == plain


def test_who_comes_twice_is_as_he_came_last() -> None:
    record = "<record><UDN>1001</UDN><TalkPriority>{}</TalkPriority></record>"
    records = record.format(5) + record.format(7)
    body = listed(records)
    assert [member.priority for member in read(body).members] == [7]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (LISTED, "text/plain", 415),
        (LISTED, "", 415),
        ("", LIST, 400),
        ("<other/>", LIST, 400),
        ("<pttgroupmanage/>", LIST, 400),
        ("<pttgroupmanage action='explode'/>", LIST, 400),
        ("<!DOCTYPE x [<!ENTITY e 'e'>]><pttgroupmanage action='add'>&e;</pttgroupmanage>", LIST, 400),
        (LISTED.replace('v="8901"', 'v="8902"'), LIST, 400),
        (LISTED.replace('v="3600"', 'v="soon"'), LIST, 400),
        (LISTED.replace("1001", "abc"), LIST, 400),
        (LISTED.replace('utype="1"', 'utype="2"'), LIST, 488),
        (listed("<record/>"), LIST, 400),
        (listed("<record operate='Del'><UDN>1001</UDN></record>"), LIST, 400),
        (
            listed("<record operate='add'><UDN>1001</UDN></record>").replace("='add'>", "='remove'>", 1),
            LIST,
            400,
        ),
        (LISTED.replace('operate="Add"', 'operate="del"', 1), LIST, 400),
        (listed("<record><UDN>1</UDN></record>" * (MOST_MEMBERS + 1)), LIST, 413),
        ("<pttgroupmanage action='add'>" + "<a>" * 20 + "</a>" * 20 + "</pttgroupmanage>", LIST, 400),
    ],
)
def test_what_is_no_list(body: str, kind: str, status: int) -> None:
    with pytest.raises(RemoteError) as caught:
        read(body, kind)
    assert caught.value.status == status


def test_a_record_that_contradicts_the_action_is_named() -> None:
    body = listed("<record><UDN>1002</UDN></record><record operate='Del'><UDN>1001</UDN></record>")
    with pytest.raises(RemoteError, match=r"the record of 1001 says operate=Del, the list action=add"):
        read(body)


def test_who_is_listed_does_not_matter_where_the_group_ends() -> None:
    body = listed("<record operate='Add'><UDN>1001</UDN></record>").replace("action='add'", "action='delete'")
    assert read(body).action is RegroupAction.DELETE


def test_a_report_there_and_back() -> None:
    request = Request("MESSAGE", "sip:1005@core1.example")
    report = Report(Aor("2001", "core2.example"), Result.TIMEOUT, GROUP, "r1")
    regroup.write_report(request, WIRE, report, "core1.example")
    assert (
        request.headers.get("Ptt-Extension")
        == 'reDGNA;UDN="2001@core2.example";DGNAresult=3;GDN=8901;msgid=r1'
    )
    ext = extension.read(request, WIRE)
    assert ext is not None
    assert regroup.read_report(ext, WIRE, "core1.example") == report


def test_a_strange_report() -> None:
    request = Request("MESSAGE", "sip:1005@core1.example")
    request.headers.set("Ptt-Extension", "reDGNA;UDN=7;DGNAresult=77")
    ext = extension.read(request, WIRE)
    assert ext is not None
    assert regroup.read_report(ext, WIRE, "core1.example") == Report(
        Aor("7", "core1.example"), Result.REFUSED
    )
    request.headers.set("Ptt-Extension", "reDGNA")
    ext = extension.read(request, WIRE)
    assert ext is not None
    with pytest.raises(RemoteError):
        regroup.read_report(ext, WIRE, "core1.example")
