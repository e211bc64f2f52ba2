import os
from pathlib import Path

import pytest

from gatekey.client.config.reading import SIZE_LIMIT, read_credentials
from gatekey.errors import ConfigurationError


def written(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "my-app.env"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_file_is_a_place_named_by_its_path(tmp_path: Path) -> None:
    path = written(tmp_path, b"export A='1'\n")

    file = read_credentials(path)

    assert path == file.place.title
    assert {"A": "1"} == file.place.values


def test_a_byte_order_mark_in_front_does_no_harm(tmp_path: Path) -> None:
    assert {"A": "1"} == read_credentials(written(tmp_path, b"\xef\xbb\xbfA=1\r\n")).place.values


@pytest.mark.parametrize(
    ("mode", "open_to_others"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o620, True)]
)
def test_a_file_that_others_can_read_or_change_is_noticed(tmp_path: Path, mode: int, open_to_others: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert open_to_others is read_credentials(written(tmp_path, b"A=1\n", mode)).open_to_others


def test_the_mode_of_a_pipe_says_nothing() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(b"A=1\n")

    read = read_credentials(f"/dev/fd/{reading}")
    os.close(reading)

    assert {"A": "1"} == read.place.values
    assert not read.open_to_others


@pytest.mark.parametrize("content", [b"hush\xff", b"hush", b"hush" * SIZE_LIMIT])
def test_what_is_no_credentials_file_is_refused_and_never_shown(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_credentials(written(tmp_path, content))

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    for path in (str(tmp_path / "missing.env"), str(tmp_path), "", "nul\0byte"):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_credentials(path)
