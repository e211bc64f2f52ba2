from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.identifiers import ALPHABET
from gatekey.oauth.vocabulary import Scope
from gatekey.server.tokens.revocation import name_key, name_scope, read_scope, revoke_all_until


@given(st.floats(0, 4e9))
def test_the_current_second_is_revoked_and_the_next_is_not(now: float) -> None:
    before = revoke_all_until(now)

    assert int(now) < before <= now + 1


@given(
    st.tuples(st.text(ALPHABET, min_size=1), st.text()),
    st.tuples(st.text(ALPHABET, min_size=1), st.text()),
)
def test_two_keys_never_have_one_name(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (first == second) is (name_key(*first) == name_key(*second))


@given(st.text(ALPHABET, min_size=10, max_size=10), st.text(ALPHABET), st.text())
def test_a_key_is_never_taken_for_a_secret(secret_id: str, client_id: str, key_id: str) -> None:
    assert secret_id != name_key(client_id, key_id)


@given(st.text(ALPHABET), st.sampled_from(Scope))
def test_a_lost_scope_names_client_and_scope(client_id: str, scope: Scope) -> None:
    assert (client_id, scope) == read_scope(name_scope(client_id, scope))
