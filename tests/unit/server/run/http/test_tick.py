"""
One look at the database per tick of the event loop, over the real directory of a real data folder.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.run.compose import open_directory
from gatekey.server.run.http.tick import Tick
from gatekey.server.run.installation import Installation
from gatekey.server.storage.directory import Directory
from support.service import add_client, installed

Life = Callable[[Installation, Directory, Callable[[], None]], Awaitable[None]]


def live(folder: Path, life: Life) -> None:
    async def lead() -> None:
        with installed(folder) as installation:
            directory = open_directory(installation)
            tick, loop = Tick(directory), asyncio.get_running_loop()
            await life(installation, directory, lambda: tick.join(loop))

    asyncio.run(lead())


def test_what_was_committed_before_a_turn_is_seen_in_it(tmp_path: Path) -> None:
    async def life(installation: Installation, directory: Directory, join: Callable[[], None]) -> None:
        for name in ("first", "second"):
            client_id = add_client(installation, name).client.client_id
            join()
            found = directory.find(client_id)
            await asyncio.sleep(0)

            assert found is not None

    live(tmp_path / "data", life)


def test_a_turn_looks_once_and_the_next_one_again(tmp_path: Path) -> None:
    async def life(installation: Installation, directory: Directory, join: Callable[[], None]) -> None:
        client_id = add_client(installation).client.client_id
        join()
        before = directory.find(client_id)
        installation.clients.delete(client_id, by="test")
        join()
        meanwhile = directory.find(client_id)
        await asyncio.sleep(0)
        join()
        afterwards = directory.find(client_id)

        assert before is not None
        assert (before, None) == (meanwhile, afterwards)

    live(tmp_path / "data", life)


def test_who_takes_no_part_in_a_turn_looks_for_itself(tmp_path: Path) -> None:
    async def life(installation: Installation, directory: Directory, join: Callable[[], None]) -> None:
        join()
        directory.find("unknown")
        await asyncio.sleep(0)
        client_id = add_client(installation).client.client_id

        assert directory.find(client_id) is not None

    live(tmp_path / "data", life)


def test_a_look_that_failed_is_taken_again(tmp_path: Path) -> None:
    async def life(installation: Installation, directory: Directory, join: Callable[[], None]) -> None:
        client_id = add_client(installation).client.client_id
        path = installation.folder.database_path
        join()
        path.rename(tmp_path / "away.db")
        with pytest.raises(StorageUnavailable):
            directory.find(client_id)
        (tmp_path / "away.db").rename(path)

        assert directory.find(client_id) is not None

    live(tmp_path / "data", life)
