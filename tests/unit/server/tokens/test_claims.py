"""
The claims put together by hand, against an encoder of JSON.
"""

import json

from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM, CREDENTIAL_CLAIM, ORGANISATION_CLAIM
from gatekey.server.tokens.claims import ClaimsText
from gatekey.server.tokens.model import KnownClient

instants = st.integers(min_value=0, max_value=2**40)


@given(
    issuer=st.text(),
    client_id=st.text(),
    cluster_id=st.text(),
    organisation_id=st.text(),
    credential_id=st.text(),
    audience=st.text(),
    issued_at=instants,
    ends=instants,
    token_id=st.text(),
)
def test_they_are_what_a_json_encoder_writes_whatever_they_hold(  # noqa: PLR0913 - all that a token says
    *,
    issuer: str,
    client_id: str,
    cluster_id: str,
    organisation_id: str,
    credential_id: str,
    audience: str,
    issued_at: int,
    ends: int,
    token_id: str,
) -> None:
    client = KnownClient(client_id, cluster_id, organisation_id, "local", frozenset())
    claims = {
        "iss": issuer,
        "sub": client_id,
        "aud": audience,
        "client_id": client_id,
        "azp": client_id,
        "scope": cluster_id,
        "gty": "client-credentials",
        "iat": issued_at,
        "exp": ends,
        "jti": token_id,
        CLUSTER_CLAIM: cluster_id,
        ORGANISATION_CLAIM: organisation_id,
        CLIENT_CLAIM: client_id,
        CREDENTIAL_CLAIM: credential_id,
    }
    written = ClaimsText.of(issuer, client, credential_id, audience).complete(issued_at, ends, token_id)

    assert json.dumps(claims, separators=(",", ":")).encode() == written
