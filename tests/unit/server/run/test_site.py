from contextlib import closing
from pathlib import Path

import pytest

from gatekey.server.run.installation import open_installation
from gatekey.server.settings import Settings, read_settings


def test_commands_know_that_the_service_speaks_tls_when_only_its_port_is_set(tmp_path: Path) -> None:
    """
    As with GATEKEY_HTTP in the environment, and `--tls auto` given to `gatekey serve` alone.
    """
    serving = Settings(data=tmp_path / "data", http="localhost:8701", tls="auto")
    with closing(open_installation(serving, create=True)) as installation:
        installation.folder.remember_site(installation.site)

    with closing(open_installation(Settings(data=tmp_path / "data", http="localhost:8701"))) as installation:
        assert "https://localhost:8701" == installation.site.public_url
        assert installation.site.tls


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ("http://localhost:8400", "localhost:26600")),
        ({"GATEKEY_HTTP": "localhost:1"}, ("http://localhost:1", "localhost:26600")),
        ({"GATEKEY_PUBLIC_URL": "https://g.example.org"}, ("https://g.example.org", "localhost:26600")),
        ({"GATEKEY_GATEWAY": "localhost:2"}, ("http://localhost:8400", "localhost:2")),
    ],
)
def test_what_is_set_counts_more_than_what_the_last_start_noted(
    tmp_path: Path, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    data = {"data": tmp_path / "data"}
    with closing(open_installation(read_settings(data, {}), create=True)) as installation:
        installation.folder.remember_site(installation.site)

    with closing(open_installation(read_settings(data, variables))) as installation:
        assert expected == (installation.site.public_url, installation.site.gateway)
