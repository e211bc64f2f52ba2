import json

from gatekey.server.guarding.compile.resources import Part, Resources, discovery_response


def test_equal_content_has_an_equal_version_and_other_content_another() -> None:
    assert discovery_response(({"a": 1, "b": 2},)) == discovery_response(({"b": 2, "a": 1},))
    assert discovery_response(({"a": 1},)).version != discovery_response(({"a": 2},)).version


def test_a_response_is_a_document_with_its_version() -> None:
    resources = ({"@type": "x", "name": "ü"},)
    response = discovery_response(resources)

    assert {"version_info": response.version, "resources": list(resources)} == json.loads(response.text)


def test_every_part_of_the_resources_has_its_name() -> None:
    parts = [({"of": part.value},) for part in Part]

    assert parts == [Resources(*parts).of(part) for part in Part]
