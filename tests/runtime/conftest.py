from tests.transport.asynchronous import pytest_generate_tests, pytest_pyfunc_call
from tests.transport.conftest import certificates

__all__ = ["certificates", "pytest_generate_tests", "pytest_pyfunc_call"]
