"""
Seven libraries that do not know us trust our tokens by discovery alone, given the issuer's address and an audience.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from real.tokens import BAD_TOKENS, Forger, header, signing_key
from real.trust.verifiers import LIBRARIES, Library, Verifier, verifying
from support.clients import installed_node_modules
from support.product import Product, running_product

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),  # joserfc, of the name: RFC 9864 calls it Ed25519
]

AUDIENCE = "zeebe.camunda.io"
LEAD = 3600
"""Seconds that a new key is published before it signs: the default of GATEKEY_KEY_LEAD."""

UNLIMITED = {"limit_rate": 1000, "limit_burst": 1000, "storm_shield": 0}


@dataclass(frozen=True)
class Issuer:
    """
    A running product with clients of two clusters.
    """

    product: Product
    cluster: str
    own: dict[str, Any]
    other: dict[str, Any]
    folder: Path
    running: ExitStack
    verifiers: dict[str, Verifier] = field(default_factory=dict)

    def token(self, client: dict[str, Any] | None = None, audience: str = AUDIENCE) -> str:
        client = client or self.own
        _, answer = self.product.ask_token(client["clientId"], client["clientSecret"], audience)
        token: str = answer["access_token"]
        return token

    def verifier(self, library: Library) -> Verifier:
        """
        The library's program, started once.
        """
        if library.name not in self.verifiers:
            home = self.folder / library.name
            home.mkdir()
            arguments = (self.product.http, AUDIENCE, self.cluster)
            own = {"CLIENT_ID": self.own["clientId"], "CLIENT_SECRET": self.own["clientSecret"]}
            starting = verifying(library, home, *arguments, NODE_PATH=str(installed_node_modules()), **own)
            self.verifiers[library.name] = self.running.enter_context(starting)
        return self.verifiers[library.name]


@pytest.fixture(scope="module", params=["RS256", "ES256", "EdDSA"])
def issuer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder = tmp_path_factory.mktemp(request.param)
    settings: dict[str, object] = {"token_algorithm": request.param, **UNLIMITED}
    with running_product(folder / "data", with_gateway=False, **settings) as product, ExitStack() as running:
        product.cli("clusters", "create", "other")
        clusters = {
            one["name"]: one["clusterId"] for one in json.loads(product.cli("clusters", "list", "--json").stdout)
        }
        own = product.create_client("own", "Zeebe,Secrets")
        foreign = product.create_client("foreign", cluster="other")
        yield Issuer(product, clusters["local"], own, foreign, folder, running)


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.name)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


def test_genuine_tokens_are_accepted_and_all_others_refused(issuer: Issuer, library: Library) -> None:
    verifier = issuer.verifier(library)
    genuine = issuer.token()
    forger = Forger(genuine, signing_key(issuer.product.data))
    judged = {"genuine": genuine, "of another API": issuer.token(audience="secrets.camunda.io")}
    judged |= {kind: forger.forge(kind) for kind in BAD_TOKENS} | {"of another cluster": issuer.token(issuer.other)}
    accepted = {kind for kind, token in judged.items() if verifier.accepts(token)}

    # Which library does not look at the cluster, and which does not know EdDSA, docs/how-to/verify-tokens.md says.
    taken = {"genuine"} if library.knows_clusters else {"genuine", "of another cluster"}
    assert (taken if header(genuine)["alg"] in library.algorithms else set()) == accepted


@pytest.mark.parametrize("issuer", ["RS256"], indirect=True)
def test_both_keys_are_accepted_during_a_rotation(issuer: Issuer, library: Library) -> None:
    verifier = issuer.verifier(library)
    verifier.wait(LEAD)  # other tests have rotated keys, too
    old = issuer.token()
    before = verifier.accepts(old)
    issuer.product.cli("keys", "rotate", "--now")
    verifier.wait(LEAD)  # for a verifier the same as a key that signs an hour after it was published
    new = issuer.token()
    after = verifier.accepts(new), verifier.accepts(old)

    assert header(old)["kid"] != header(new)["kid"]
    assert (True, (True, True)) == (before, after)


@pytest.mark.parametrize("issuer", ["RS256"], indirect=True)
def test_a_withdrawn_key_is_refused_when_the_stated_time_is_over(issuer: Issuer, library: Library) -> None:
    verifier = issuer.verifier(library)
    verifier.wait(LEAD)  # other tests have rotated keys, too
    old = issuer.token()
    before = verifier.accepts(old)
    issuer.product.cli("keys", "withdraw", header(old)["kid"], "--yes")
    if library.keeps is None:
        verifier.accepts(issuer.token())
    else:
        verifier.wait(library.keeps + 1)
    after = verifier.accepts(old), verifier.accepts(issuer.token())

    assert (True, (False, True)) == (before, after)
