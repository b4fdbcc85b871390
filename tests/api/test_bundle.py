"""The diagnostic bundle: complete, and without a secret."""

import json
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from msgspec import inspect
from tests.api.test_api import registered
from tests.cli.process import CONFIG, Terminal, opentcf, running

from opentcf.api.app import make_app
from opentcf.api.bundle import MEMBERS
from opentcf.runtime import logs
from opentcf.runtime.config import load_config
from opentcf.runtime.masked_config import SECRET_KEYS, SECRET_TABLES, scrubbed
from opentcf.runtime.runtime import Runtime
from opentcf.runtime.schema import File
from opentcf.sip.digest import ha1
from opentcf.sip.outbox import Flow

DOCS = Path(__file__).parent.parent.parent / "docs"
HA1 = "0123456789abcdef0123456789abcdef"
MORE = f"""\
console = "http://127.0.0.9:8060"
console_token = "peer-token-value"
[http.tokens]
chief = "chief-token-value"
[http.readers]
wall = "wall-token-value"
[trace]
hep = "udp:127.0.0.9:9060"
hep_key = "homer-key-value"
[otel]
endpoint = "http://127.0.0.9:4318/v1/traces"
headers = {{Authorization = "Bearer-otel-value"}}
[[subscriber]]
number = "1002"
ha1_md5 = "{HA1}"
"""
SECRETS = (
    "password-of-1001", "peer-token-value", "chief-token-value", "wall-token-value", "homer-key-value",
    "Bearer-otel-value", HA1, ha1("MD5", "1001", "core1.example", "password-of-1001"),
    ha1("SHA-256", "1001", "core1.example", "password-of-1001"),
)  # fmt: skip
FLOW = Flow("d", "udp", "127.0.0.1", 5060)


async def test_no_secret_of_the_configuration_is_in_any_member(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG.replace("secret", "password-of-1001") + MORE)
    logs.configure_logs("info", "text", Runtime(load_config(path)).mask, StringIO())
    runtime = Runtime(load_config(path))
    await runtime.start()
    for secret in SECRETS:
        logs.line_writer()("info", "careless", {"text": f"it is {secret}", "digest": "password=" + secret})
        runtime.trace.add(True, b"MESSAGE sip:a SIP/2.0\r\n\r\n" + secret.encode(), FLOW, ("127.0.0.1", 5070))
    transport = httpx.ASGITransport(make_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8060") as client:
        answer = await client.get("/api/v1/bundle")
    await runtime.close()
    members = unpacked(answer.content)
    assert list(members) == list(MEMBERS)
    found = [
        (secret, name) for secret in SECRETS for name, data in members.items() if secret.encode() in data
    ]
    assert found == []
    assert b'event=careless text="it is ******' in members["log.txt"]
    configuration = json.loads(members["configuration.json"])
    assert configuration["http"]["tokens"] == {"chief": "***"}
    assert configuration["subscriber"][0] == {"number": "1001", "password": "***"}
    assert configuration["peer"][0]["address"] == "udp:127.0.0.9:5999"


async def test_what_is_in_it(node):
    async with node() as (client, runtime):
        user = await registered(runtime)
        members = unpacked((await client.get("/api/v1/bundle")).content)
    assert json.loads(members["version.json"])["domain"] == "core1.example"
    assert json.loads(members["registrations.json"])["items"][0]["user"] == user
    assert json.loads(members["peers.json"])["items"][0]["domain"] == "core2.example"
    assert json.loads(members["store.json"])["files"]["node.db"] > 0
    assert b"opentcf_build_info" in members["metrics.txt"]
    assert b"REGISTER" in members["trace.pcapng"]
    assert "registration 注册" in members["ladder.html"].decode()


async def test_a_configuration_that_is_wrong_meanwhile(node):
    async with node() as (client, runtime):
        runtime.config.path.write_text("[tcf\n")
        members = unpacked((await client.get("/api/v1/bundle")).content)
    assert "core1.toml:1" in json.loads(members["configuration.json"])["error"]


def test_the_manual_names_the_members():
    for page in ("commands.md", "zh/commands.md"):
        text = (DOCS / page).read_text("utf-8")
        section = text.partition("`opentcf bundle`")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE) == list(MEMBERS)


# --- which keys are secret


def keys(kind: inspect.Type) -> Iterator[str]:
    match kind:
        case inspect.StructType():
            for one in kind.fields:
                yield one.encode_name
                yield from keys(one.type)
        case inspect.VarTupleType():
            yield from keys(kind.item_type)
        case inspect.UnionType():
            for inner in kind.types:
                yield from keys(inner)


def test_every_key_that_sounds_like_a_secret_is_one():
    """A path to a file with a secret is none."""
    sounds = re.compile(r"password|secret|token|ha1|key|headers|readers")
    found = {key for key in keys(inspect.type_info(File)) if sounds.search(key)}
    assert found - {"password_file", "key", "share_ha1", "max_headers"} == SECRET_KEYS | SECRET_TABLES


def test_what_is_scrubbed_stays_as_long():
    known = frozenset((b"geheim1",))
    assert scrubbed(b'a=geheim1;b="geheim1" geheim12', known) == b'a=*******;b="*******" geheim12'


# --- the command


def test_the_command_writes_a_zip(config, tmp_path):
    with running(config) as core:
        terminal = Terminal(core.ports["d/udp"])
        terminal.register()
        terminal.close()
        made = opentcf("bundle", "--url", core.url, cwd=tmp_path)
        bad = opentcf("bundle", "--url", core.url, "-o", tmp_path / "none" / "x.zip")
    (file,) = tmp_path.glob("opentcf-core1.example-*.zip")
    assert (made.returncode, made.stdout.startswith(f"wrote {file.name}, ")) == (0, True)
    assert (bad.returncode, "no such file or directory" in bad.stderr) == (1, True)
    log = unpacked(file.read_bytes())["log.txt"].decode()
    assert re.search(r"level=info event=attachment", log)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG)
    return path


def unpacked(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}
