"""Async tests here run as those of the transports do."""

from tests.transport.conftest import ends, pytest_generate_tests, pytest_pyfunc_call

__all__ = ["ends", "pytest_generate_tests", "pytest_pyfunc_call"]
