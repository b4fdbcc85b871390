"""Async tests without a plugin: a conftest that imports the hook runs each once on asyncio's loop, once on uvloop's."""

import asyncio
import inspect

import pytest
import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
PATIENCE = 20.0


def pytest_generate_tests(metafunc):
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("event_loop")
        metafunc.parametrize("event_loop", LOOPS)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def bounded():
        await asyncio.wait_for(pyfuncitem.obj(**arguments), PATIENCE)

    with asyncio.Runner(loop_factory=LOOPS[pyfuncitem.callspec.params["event_loop"]]) as runner:
        runner.run(bounded())
    return True
