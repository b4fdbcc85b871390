"""`opentcf subscriber`, `opentcf group` and `opentcf audit` against a real node."""

import json

import pytest
from click.testing import CliRunner
from tests.cli.process import CONFIG, running

from opentcf.cli import main


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    path = tmp_path_factory.mktemp("node") / "core1.toml"
    path.write_text(CONFIG)
    with running(path) as node:
        yield node


@pytest.fixture
def ask(node):
    """Run a command against the node: exit code, stdout, stderr."""

    def ask(*arguments: str, **options):
        result = CliRunner().invoke(
            main, arguments, env={"OPENTCF_URL": node.url, "OPENTCF_TOKEN": None}, **options
        )
        return result.exit_code, result.stdout, result.stderr

    return ask


def rows(ask, name: str):
    return {row["number"]: row for row in json.loads(ask(name, "--json")[1])}


def test_a_subscriber(ask, tmp_path):
    secret = tmp_path / "zoe.password"
    secret.write_text("s3cr3t\n")
    arguments = (
        "--name",
        "Zoë",
        "--password-file",
        str(secret),
        "--role",
        "dispatcher",
        "--right",
        "stun",
        "--right",
        "kill",
    )
    assert ask("subscriber", "add", "1900", *arguments) == (0, "added subscriber 1900\n", "")
    roaming = ("--roaming", "core2.example", "--roaming", "core3.example")
    assert ask("subscriber", "set", "1900", "--priority", "9", *roaming) == (0, "set subscriber 1900\n", "")
    assert rows(ask, "subscribers")["1900"] == {
        "number": "1900",
        "name": "Zoë",
        "role": "dispatcher",
        "priority": 9,
        "roaming": ["core2.example", "core3.example"],
        "preemptible": "emergency",
        "rights": ["kill", "stun"],
        "digest": ["MD5", "SHA-256"],
        "source": "store",
        "state": "normal",
    }
    ask("subscriber", "set", "1900", "--right", "none", "--roaming", "false")
    assert (rows(ask, "subscribers")["1900"]["rights"], rows(ask, "subscribers")["1900"]["roaming"]) == (
        [],
        False,
    )
    assert "dispatcher" in ask("subscriber", "show", "1900")[1]
    assert ask("subscriber", "remove", "1900", "--json") == (0, '{"removed": "1900"}\n', "")
    assert "1900" not in rows(ask, "subscribers")


def test_a_group(ask):
    members = ("--member", "sip:1001@core1.example", "--member", "2001@core2.example;priority=100")
    assert ask("group", "add", "8001", "--name", "Fire 1", *members, "--hang-time", "4.5")[:2] == (
        0,
        "added group 8001\n",
    )
    changes = (
        "--remove-member",
        "1001",
        "--add-member",
        "1002;listen_only",
        "--hang-time",
        "default",
        "--preemption",
    )
    assert ask("group", "set", "8001", *changes)[0] == 0
    shown = json.loads(ask("group", "show", "8001", "--json")[1])
    assert shown["members"] == ["2001@core2.example;priority=100", "1002@core1.example;listen_only"]
    assert (shown["name"], shown["hang_time"], shown["preemption"]) == ("Fire 1", None, True)
    assert "Fire 1" in ask("groups")[1]
    assert ask("group", "reset", "8001") == (0, "reset group 8001\n", "")
    assert "8001" not in rows(ask, "groups")


def test_an_import(ask, tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("number,name,password\n1951,A,x\n1952@core1.example,B,y\n")
    assert ask("subscriber", "import", str(path)) == (0, "imported 2 subscribers\n", "")
    assert {"1951", "1952"} <= rows(ask, "subscribers").keys()
    path.write_text("number,name,priority\n1953,A,1\n1954,B,first\n")
    assert ask("subscriber", "import", str(path)) == (
        2,
        "",
        f"opentcf: {path}: row 3, column priority: expected a whole number, got text in quotes\n",
    )
    assert "1953" not in rows(ask, "subscribers")
    assert ask("group", "import", "-", input="number,members\n8100,1951 1952\n")[:2] == (
        0,
        "imported 1 group\n",
    )


def test_a_page_is_followed_by_the_next(ask, tmp_path):
    path = tmp_path / "groups.csv"
    numbers = [str(number) for number in range(70_000, 71_100)]
    path.write_text("\n".join(("number", *numbers)))
    assert ask("group", "import", str(path))[0] == 0
    assert [number for number in rows(ask, "groups") if len(number) == 5] == numbers


def test_the_audit_log_tells_it_all(ask):
    before = json.loads(ask("audit", "--json")[1])
    after = str(before[-1]["number"] if before else 0)
    ask("subscriber", "set", "1001", "--name", "Alice")
    ask("user", "kick", "1001")
    code, out, _ = ask("audit", "--after", after)
    assert code == 0
    assert "subscriber set" in out
    assert "404 1001@core1.example is not registered" in out
    first = json.loads(ask("audit", "--after", after, "--json", "--limit", "1")[1])
    assert [(row["who"], row["target"], row["result"]) for row in first] == [
        ("local", "1001 name=Alice", "done")
    ]
    latest = json.loads(ask("audit", "--json", "--limit", "2")[1])
    assert [row["action"] for row in latest] == ["subscriber set", "user kick"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("subscriber", "set", "1001"), 2, "opentcf: nothing to set: name what subscriber 1001 is to have\n"),
        (("subscriber", "add", "1001"), 1, "opentcf: there is a subscriber 1001 already\n"),
        (
            ("subscriber", "remove", "1999"),
            1,
            "opentcf: there is no subscriber 1999@core1.example; see the list of subscribers\n",
        ),
        (
            ("subscriber", "import", "absent.csv"),
            2,
            "opentcf: absent.csv cannot be read: no such file or directory\n",
        ),
        (
            ("group", "add", "8200", "--member", "x"),
            2,
            "opentcf: members: 'x' is not number@domain with 1 to 15 digits\n",
        ),
        (
            ("group", "show", "8200"),
            1,
            "opentcf: there is no group 8200@core1.example; see the list of groups\n",
        ),
    ],
)
def test_what_is_refused(ask, arguments, code, error):
    assert ask(*arguments) == (code, "", error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("group", "add", "abc"), "'NUMBER': 'abc' is neither a number of 1 to 15 digits nor number@domain"),
        (("group", "add", "8200", "--hang-time", "-1"), "opentcf: hang_time: expected a number > 0.0"),
        (
            ("group", "set", "8200", "--queue-length", "-1"),
            "opentcf: queue_length: expected a whole number >= 0",
        ),
        (("subscriber", "set", "1001", "--ha1-md5", "0"), "opentcf: ha1_md5: expected"),
        (
            ("group", "regroup", "8901", "create", "--expires", "0"),
            "opentcf: expires: expected a whole number >= 1",
        ),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_asked_of_no_node(ask, arguments, error):
    code, out, said = ask(*arguments, "--url", "http://127.0.0.1:1")
    assert (code, out) == (2, "")
    assert error in said


def test_a_subscriber_without_a_password_is_said_to_have_none(ask):
    assert ask("subscriber", "add", "1960@core1.example") == (
        0,
        "added subscriber 1960@core1.example\n",
        (
            "opentcf: 1960@core1.example has no password, so he cannot register here; "
            "opentcf subscriber set 1960@core1.example --password-file FILE gives him one\n"
        ),
    )
    assert ask("subscriber", "add", "1961", "--password", "x") == (0, "added subscriber 1961\n", "")


def test_a_duration_that_is_none(ask):
    code, _, error = ask("group", "add", "8200", "--hang-time", "long")
    assert (code, "'long' is neither seconds nor 'default'" in error) == (2, True)


def test_a_user_is_stunned_and_revived(ask):
    assert ask("user", "stun", "1001") == (0, "stunned 1001\n", "")
    assert ask("user", "kill", "1001", "--json") == (
        0,
        '{"user": "1001@core1.example", "state": "killed"}\n',
        "",
    )
    assert ask("user", "revive", "1001") == (0, "revived 1001\n", "")
    assert ask("user", "handover", "1001", "core2.example")[0] == 1


def test_a_temporary_group(ask):
    members = ("--member", "1001", "--member", "sip:2001@core2.example")
    arguments = ("group", "regroup", "8901", "create", "--name", "Flood", "--expires", "600", *members)
    assert ask(*arguments) == (0, "create 8901: 2 members\n", "")
    found = rows(ask, "groups")["8901"]
    assert (found["name"], found["source"]) == ("Flood", "regroup")
    assert 590 < found["expires"] <= 600
    assert ask("group", "regroup", "8901", "remove", "--member", "1001")[0] == 0
    assert rows(ask, "groups")["8901"]["members"] == ["2001@core2.example"]
    code, _, error = ask("group", "regroup", "8902", "add", "--member", "1001")
    assert (code, "8902@core1.example is no temporary group" in error) == (1, True)
    code, _, error = ask("group", "regroup", "8901", "add", "--member", "nobody")
    assert (code, "members" in error) == (2, True)
    assert ask("group", "regroup", "8901", "delete") == (0, "delete 8901: 1 members\n", "")
    assert "8901" not in rows(ask, "groups")
    audited = [row["action"] for row in json.loads(ask("audit", "--json")[1])]
    assert audited.count("group regroup") == 4
