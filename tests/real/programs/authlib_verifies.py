"""
What a user of Authlib writes: its registry reads the metadata, its JOSE part checks signature and claims.

Authlib keeps no keys for access tokens: this program reads them again when their `Cache-Control` says so.

Arguments: issuer, audience, cluster. Judges each token that it reads, one a line.
"""

import re
import sys
import time
import warnings
from typing import Any

import httpx

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # authlib.jose announces its end, in favour of joserfc
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.jose.errors import JoseError
    from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

issuer, audience, cluster = sys.argv[1:4]
metadata = OpenIDProviderMetadata(httpx.get(get_well_known_url(issuer, external=True)).json())
metadata.validate_issuer()
verifier = JsonWebToken(metadata["id_token_signing_alg_values_supported"])
expected = {
    "iss": {"essential": True, "value": issuer},
    "aud": {"essential": True, "value": audience},
    "exp": {"essential": True},
    "https://camunda.com/clusterId": {"essential": True, "value": cluster},
}
keys, stale = None, 0.0


def current_keys() -> Any:
    global keys, stale  # noqa: PLW0603 - a program of one page
    if time.time() >= stale:
        answer = httpx.get(metadata["jwks_uri"])
        keys = JsonWebKey.import_key_set(answer.json())
        age = re.search(r"max-age=(\d+)", answer.headers["cache-control"])
        stale = time.time() + int(age[1] if age else 0)
    return keys


print("ready", flush=True)  # noqa: T201 - its output
for line in sys.stdin:
    try:
        claims = verifier.decode(line.strip(), current_keys(), claims_options=expected)
        claims.validate()
    except (JoseError, ValueError) as refusal:
        print("refused:", refusal, flush=True)  # noqa: T201 - its output
    else:
        print("accepted", flush=True)  # noqa: T201 - its output
