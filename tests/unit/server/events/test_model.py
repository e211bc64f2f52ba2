from dataclasses import fields
from typing import get_args

from gatekey.server.events.model import Event


def test_no_event_has_a_place_for_a_secret_or_a_token() -> None:
    names = {field.name for event in get_args(Event) for field in fields(event)}

    assert not [name for name in names if any(word in name for word in ("secret", "token", "body", "authorization"))]


def test_no_event_can_be_changed_once_it_happened() -> None:
    assert all(event.__dataclass_params__.frozen for event in get_args(Event))
