"""
What a user of PyJWT writes: the metadata fetched by hand, for PyJWT has no discovery; keys and checks are its own.

Arguments: issuer, audience. Judges each token that it reads, one a line.
"""

import json
import sys
import urllib.request

import jwt

issuer, audience = sys.argv[1:3]
with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration") as answer:
    metadata = json.load(answer)
keys = jwt.PyJWKClient(metadata["jwks_uri"])
print("ready", flush=True)  # noqa: T201 - its output
for line in sys.stdin:
    token = line.strip()
    try:
        jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=metadata["id_token_signing_alg_values_supported"],
            audience=audience,
            issuer=metadata["issuer"],
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as refusal:
        print("refused:", refusal, flush=True)  # noqa: T201 - its output
    else:
        print("accepted", flush=True)  # noqa: T201 - its output
