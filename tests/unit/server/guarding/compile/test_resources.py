import json

from gatekey.server.guarding.compile.resources import discovery_response, version_of


def test_equal_content_has_an_equal_version_and_other_content_another() -> None:
    assert version_of(({"a": 1, "b": 2},)) == version_of(({"b": 2, "a": 1},))
    assert version_of(({"a": 1},)) != version_of(({"a": 2},))


def test_a_response_is_a_document_with_its_version() -> None:
    resources = ({"@type": "x", "name": "ü"},)

    assert {"version_info": version_of(resources), "resources": list(resources)} == json.loads(
        discovery_response(resources)
    )
