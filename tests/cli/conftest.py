import pytest
from tests.cli.process import CONFIG


@pytest.fixture
def config(tmp_path):
    """A configuration file with free ports, a store and one subscriber."""
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG)
    return path
