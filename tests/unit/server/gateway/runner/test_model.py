import pytest

from gatekey.errors import ServiceError
from gatekey.server.gateway.runner.model import AddressTaken, ConfigurationRejected, EnvoyMissing, GatewayFailed


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EnvoyMissing(), "needs Envoy"),
        (AddressTaken("localhost:26600", "in use"), "localhost:26600: in use"),
        (GatewayFailed("no such file"), "no such file"),
        (GatewayFailed(""), "nothing"),
        (ConfigurationRejected("bad field"), "bad field"),
    ],
)
def test_what_went_wrong_is_told_with_envoys_last_words(error: ServiceError, words: str) -> None:
    assert words in str(error)
