import json

from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.token_answer import encode_error, encode_success


@given(st.text(), st.integers(), st.text())
def test_what_the_service_writes_by_hand_is_what_a_json_encoder_writes(token: str, expires_in: int, scope: str) -> None:
    members = {"access_token": token, "scope": scope, "expires_in": expires_in, "token_type": "Bearer"}

    assert json.dumps(members, separators=(",", ":")).encode() == encode_success(token, expires_in, scope)


def test_the_service_writes_exactly_the_four_members_that_camundas_clients_know() -> None:
    body = encode_success("t", 86400, "cluster")

    assert b'{"access_token":"t","scope":"cluster","expires_in":86400,"token_type":"Bearer"}' == body


def test_a_description_has_no_character_that_rfc_6749_forbids() -> None:
    body = json.loads(encode_error("invalid_request", 'say "hi"\\\n\u2026'))

    assert {"error": "invalid_request", "error_description": "say 'hi'???"} == body
