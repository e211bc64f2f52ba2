from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.identifiers import (
    ALPHABET,
    CLIENT_ID_LENGTH,
    SECRET_ID_LENGTH,
    SECRET_LENGTH,
    Choose,
    SecretShape,
    claimed_secret_id,
    loggable_client_id,
    make_client_id,
    make_secret,
    make_secret_id,
    read_secret,
)

seeds = st.integers()
positions = st.integers(min_value=0, max_value=SECRET_LENGTH - 1)


def chooser(seed: int) -> Choose:
    return Random(seed).choice  # noqa: S311 - made-up secrets that can be made again


def secret_of(seed: int) -> str:
    choose = chooser(seed)
    return make_secret(make_secret_id(choose), choose)


@given(seeds)
def test_a_made_secret_is_well_formed_and_tells_its_id(seed: int) -> None:
    choose = chooser(seed)
    secret_id = make_secret_id(choose)

    secret = make_secret(secret_id, choose)

    assert SECRET_LENGTH == len(secret) == 64
    assert secret.startswith("gks_")
    assert SecretShape(secret_id) == read_secret(secret)
    assert secret_id == claimed_secret_id(secret)


@given(st.text(max_size=80))
def test_any_text_claims_some_secret_id(text: str) -> None:
    assert len(claimed_secret_id(text)) <= SECRET_ID_LENGTH


@given(seeds)
def test_ids_have_the_length_and_alphabet_that_files_headers_and_basic_need(seed: int) -> None:
    choose = chooser(seed)

    client_id, secret_id = make_client_id(choose), make_secret_id(choose)

    assert (CLIENT_ID_LENGTH, SECRET_ID_LENGTH) == (len(client_id), len(secret_id))
    assert set(client_id + secret_id) <= set(ALPHABET)


@given(seeds, positions, st.characters())
def test_one_changed_character_is_always_noticed(seed: int, position: int, character: str) -> None:
    secret = secret_of(seed)
    changed = secret[:position] + character + secret[position + 1 :]

    assert (read_secret(changed) is not None) == (changed == secret)


@given(seeds, positions)
def test_two_exchanged_neighbours_are_always_noticed(seed: int, position: int) -> None:
    secret = secret_of(seed)
    left, pair, right = secret[:position], secret[position : position + 2], secret[position + 2 :]
    changed = left + pair[::-1] + right

    assert (read_secret(changed) is not None) == (changed == secret)


@given(seeds, positions)
def test_a_cut_secret_is_not_well_formed(seed: int, length: int) -> None:
    assert read_secret(secret_of(seed)[:length]) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert read_secret(text) is None


@pytest.mark.parametrize(
    "secret",
    [
        "xks_" + "a" * 60,
        "gks_" + "a" * 60,
        "gks_" + "a" * 9 + "." + "a" * 50,
        "gks_" + "a" * 10 + "." + "-" * 43 + "a" * 6,
        "gks_" + "a" * 10 + "." + "\u00fc" * 49,
    ],
)
def test_a_look_alike_is_not_well_formed(secret: str) -> None:
    assert SECRET_LENGTH == len(secret)
    assert read_secret(secret) is None


def test_the_checksum_is_the_same_for_ever() -> None:
    secret = make_secret("0123456789", lambda alphabet: alphabet[10])

    assert "gks_0123456789." + "A" * 43 == secret[:-6]
    assert SecretShape("0123456789") == read_secret(secret)


@given(seeds)
def test_a_client_id_may_be_logged_and_a_secret_in_its_place_may_not(seed: int) -> None:
    client_id = make_client_id(chooser(seed))

    assert client_id == loggable_client_id(client_id)
    assert "(not a client id)" == loggable_client_id(secret_of(seed))


@pytest.mark.parametrize("claimed", ["two words", "line\nbreak", "a" * 33, "\u00fc", "gks_0123456789"])
def test_what_is_no_client_id_is_not_logged(claimed: str) -> None:
    assert "(not a client id)" == loggable_client_id(claimed)
