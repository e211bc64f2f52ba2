import copy
import json
import pickle
import traceback

import pytest

from gatekey.oauth.secret_text import SecretText

SECRET = SecretText("gks_a-made-up-secret")


@pytest.mark.parametrize("shown", [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r:>40}", f"{[SECRET]}"])
def test_no_way_of_printing_shows_the_text(shown: str) -> None:
    assert "made-up" not in shown
    assert "…" in shown


def test_reveal_is_the_way_to_the_text() -> None:
    assert SECRET.reveal() == "gks_a-made-up-secret"


def test_an_empty_one_is_false() -> None:
    assert not SecretText("")
    assert SECRET


def test_equal_texts_are_equal_and_hash_alike() -> None:
    assert SecretText("gks_a-made-up-secret") == SECRET
    assert SecretText("gks_another") != SECRET
    assert len({SECRET, SecretText("gks_a-made-up-secret")}) == 1


def test_a_copy_is_as_silent() -> None:
    assert "made-up" not in repr(copy.deepcopy(SECRET))
    assert pickle.loads(pickle.dumps(SECRET)) == SECRET  # noqa: S301 - our own bytes, made one line above


def test_json_refuses_it_rather_than_writing_it() -> None:
    with pytest.raises(TypeError) as raised:
        json.dumps({"secret": SECRET})

    assert "made-up" not in str(raised.value)


def test_a_traceback_with_it_does_not_show_it() -> None:
    held = SECRET
    with pytest.raises(TypeError) as raised:
        held + 1  # type: ignore[operator] # what has to fail, with the secret at hand
    lines = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())

    assert "held" in lines
    assert "made-up" not in lines
