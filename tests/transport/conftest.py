import subprocess
from pathlib import Path

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
    """A directory with an authority and what it signed: core1 to core4, proxy, expired (.pem, .key).

    A stranger's is of another authority.
    """
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def make_certificates(home: Path) -> Path:
    """Sign them in an empty directory."""
    for authority in ("ca", "other-ca"):
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.pem", cwd=home,
        )  # fmt: skip
    ours = ("core1", "core2", "core3", "core4", "proxy", "expired")
    for name, authority in (*((name, "ca") for name in ours), ("stranger", "other-ca")):
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
