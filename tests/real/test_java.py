"""
How many tokens the official Java clients ask for, and where they keep them: in ~/.camunda/credentials.
"""

from pathlib import Path

import pytest

from real.applications import CLIENTS
from real.forms import Form, create_client
from real.tokens import granted, variables

pytestmark = pytest.mark.real

JAVA = {client.name: client for client in CLIENTS if "client-java" in client.name}


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("zeebe-client-java 8.6", "zeebe-client-java/8.6.9"),
        ("camunda-client-java 8.8", "camunda-client-java/8.8.7"),
        ("camunda-client-java 8.9", "camunda-client-java/8.9.0"),
    ],
)
def test_a_java_client_asks_for_one_token_in_two_runs(plain: Form, tmp_path: Path, name: str, agent: str) -> None:
    file = create_client(plain.product, tmp_path / "java.env", cluster="local", name=tmp_path.name)
    newcomer = Form("plain", plain.product, file, plain.upstream)
    newcomer.greeted(JAVA[name], tmp_path)
    kept = tmp_path / ".camunda" / "credentials"
    first = kept.read_text()
    newcomer.greeted(JAVA[name], tmp_path)

    assert variables(file)["ZEEBE_CLIENT_ID"] in first
    assert kept.read_text() == first
    assert granted(plain.product, file, agent) == 1
