"""
Registering and removing the public keys of clients.
"""

import json
from collections.abc import Iterator

import pytest

from gatekey.server.clients.key_administration import KEY_LIMIT
from gatekey.server.clients.model import Refused
from support.credentials import CURVES, Office, a_key, jwk_of, opened_office, pem_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data") as opened:
        yield opened


def a_set(size: int, prefix: str = "k") -> str:
    return json.dumps({"keys": [{**jwk_of(a_key("ES256")), "kid": f"{prefix}{number}"} for number in range(size)]})


def test_registered_keys_are_listed_and_known_to_workers(office: Office) -> None:
    keys, client_id = office.installation.client_keys, office.create().client.client_id
    registered = keys.register(client_id, a_set(len(CURVES)), by="test")
    known = office.worker().directory.find(client_id)

    assert registered == keys.of_client(client_id)
    assert known
    assert ["k0", "k1", "k2"] == sorted(known.keys)


def test_a_kid_is_registered_once(office: Office) -> None:
    keys, client_id = office.installation.client_keys, office.create().client.client_id
    keys.register(client_id, a_set(2), by="test")
    again = keys.register(client_id, a_set(3), by="test")

    assert isinstance(again, Refused)
    assert 2 == len(keys.of_client(client_id))


def test_keys_do_not_pile_up(office: Office) -> None:
    keys, client_id = office.installation.client_keys, office.create().client.client_id
    keys.register(client_id, a_set(KEY_LIMIT), by="test")

    assert isinstance(keys.register(client_id, pem_of(a_key("EdDSA")), by="test"), Refused)
    assert isinstance(keys.register(office.create().client.client_id, a_set(KEY_LIMIT + 1), by="test"), Refused)


def test_what_is_no_public_key_registers_nothing(office: Office) -> None:
    keys, client_id = office.installation.client_keys, office.create().client.client_id

    assert isinstance(keys.register(client_id, "{}", by="test"), Refused)
    assert () == keys.of_client(client_id)


@pytest.mark.parametrize("client_id", ["unknown", ""])
def test_there_is_no_key_without_a_client(office: Office, client_id: str) -> None:
    assert isinstance(office.installation.client_keys.register(client_id, a_set(1), by="test"), Refused)


def test_a_removed_key_is_gone(office: Office) -> None:
    keys, client_id = office.installation.client_keys, office.create().client.client_id
    keys.register(client_id, a_set(2), by="test")

    assert keys.remove(client_id, "k0", by="test")
    assert not keys.remove(client_id, "k0", by="test")
    assert ["k1"] == [key.key_id for key in keys.of_client(client_id)]


def test_a_key_is_removed_from_its_own_client_only(office: Office) -> None:
    keys = office.installation.client_keys
    first, second = (office.create().client.client_id for _ in range(2))
    keys.register(first, a_set(1), by="test")

    assert not keys.remove(second, "k0", by="test")
    assert 1 == len(keys.of_client(first))
