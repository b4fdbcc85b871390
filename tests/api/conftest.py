from contextlib import asynccontextmanager

import httpx
import pytest
from tests.cli.process import CONFIG
from tests.transport.asynchronous import pytest_generate_tests, pytest_pyfunc_call

from opentcf.api.app import make_app
from opentcf.runtime.config import load_config
from opentcf.runtime.runtime import Runtime

__all__ = ["pytest_generate_tests", "pytest_pyfunc_call"]

MANY = "".join(f'[[subscriber]]\nnumber = "{number}"\n' for number in range(2001, 2011))
GROUP = '[[group]]\nnumber = "8001"\nmembers = ["1001"]\n'


@pytest.fixture
def node(tmp_path):
    """`async with node() as (http client, runtime)`: a node in this process, its API without a socket in between."""

    @asynccontextmanager
    async def node(token: str | None = None, base_url: str = "http://127.0.0.1:8060"):
        path = tmp_path / "core1.toml"
        path.write_text(CONFIG + MANY + GROUP)
        runtime = Runtime(load_config(path))
        await runtime.start()
        try:
            transport = httpx.ASGITransport(make_app(runtime, {"alice": token} if token else {}))
            async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
                yield client, runtime
        finally:
            await runtime.close()

    return node
