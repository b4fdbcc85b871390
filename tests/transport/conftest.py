import subprocess

import pytest
from tests.transport.asynchronous import pytest_generate_tests, pytest_pyfunc_call
from tests.transport.recorder import Ends

__all__ = ["pytest_generate_tests", "pytest_pyfunc_call"]


@pytest.fixture
def ends():
    """Makes `Sockets` that tell a recorder, and closes them."""
    return Ends()


def openssl(*arguments: str, cwd) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A directory with an authority and what it signed: core1, core2, proxy, expired (.pem, .key).

    A stranger's is of another authority.
    """
    home = tmp_path_factory.mktemp("certificates")
    for authority in ("ca", "other-ca"):
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.pem", cwd=home,
        )  # fmt: skip
    names = (("core1", "ca"), ("core2", "ca"), ("proxy", "ca"), ("expired", "ca"), ("stranger", "other-ca"))
    for name, authority in names:
        openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=home,
        )  # fmt: skip
        (home / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}.example,DNS:TCF.{name}.example\n")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "-1" if name == "expired" else "2",
            "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=home,
        )  # fmt: skip
    return home
