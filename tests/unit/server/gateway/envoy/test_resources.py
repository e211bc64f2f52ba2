import json

import pytest

from gatekey.server.gateway.envoy.resources import Part, Resources, discovery_response, merged, read_response


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


def test_a_response_is_read_as_it_was_written() -> None:
    response = discovery_response(({"@type": "x"},))

    assert response == read_response(response.text)
    with pytest.raises(ValueError, match="no discovery response"):
        read_response("{}")


def test_the_old_ones_that_are_to_go_stand_behind_the_new_ones() -> None:
    old, new = ({"name": "a", "is": "old"}, {"name": "b"}), ({"name": "a", "is": "new"},)

    assert ({"name": "a", "is": "new"}, {"name": "b"}) == merged(old, new)
