from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.decide import change_client, check_name, read_scopes
from gatekey.server.clients.model import Change, Client, Refused


@pytest.mark.parametrize("name", ["a", "0", "my-app", "My_App.2", "a" * 50, "a.b-c_d", "9..."])
def test_plain_names_are_taken(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 51,
        "-a",
        ".a",
        "_a",
        "a b",
        " a",
        "a ",
        "a\n",
        "a\nexport X='1'",
        "a'b",
        'a"b',
        "a`id`",
        "$(id)",
        "a;b",
        "a/b",
        "../a",
        "a\\b",
        "a\0b",
        "<script>",
        "ü",
        "\u202ea",
        "a\u200b",
        "\uff41",
        "=cmd",
        "\ud800",
    ],
)
def test_names_that_could_do_harm_in_a_file_or_a_shell_are_refused(name: str) -> None:
    refused = check_name(name)

    assert isinstance(refused, Refused)
    assert not name or name not in refused.public or name in {"a b", "a", " a", "a "}


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        (("Zeebe",), {Scope.ZEEBE}),
        (("zeebe", "SECRETS"), {Scope.ZEEBE, Scope.SECRETS}),
        (("Zeebe", "zeebe"), {Scope.ZEEBE}),
        (tuple(Scope), set(Scope)),
    ],
)
def test_scopes_are_read_in_any_case(words: tuple[str, ...], scopes: set[Scope]) -> None:
    assert frozenset(scopes) == read_scopes(words)


@pytest.mark.parametrize("words", [(), ("",), ("Zeebe", "Console"), ("Zeebe ",), ("Zeebe,Secrets",), ("*",)])
def test_unknown_scopes_and_none_are_refused_with_the_names_there_are(words: tuple[str, ...]) -> None:
    refused = read_scopes(words)

    assert isinstance(refused, Refused)
    assert "Scopes are Zeebe, Tasklist, Operate, Optimize, Secrets." in refused.public


def test_a_refused_scope_cannot_steer_a_terminal() -> None:
    refused = read_scopes(("\x1b[2J\n",))

    assert isinstance(refused, Refused)
    assert refused.public.isprintable()


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_no_text_breaks_the_decisions(text: str) -> None:
    check_name(text)
    read_scopes((text,))


THEN = datetime(2030, 1, 2, tzinfo=UTC)
CLIENT = Client(
    "an-id", "a-cluster", "an-organisation", "a-client", frozenset({Scope.ZEEBE, Scope.SECRETS}), THEN, "somebody", 600
)


def test_a_change_of_scopes_says_what_is_lost() -> None:
    outcome = change_client(CLIENT, ("zeebe", "Operate"), None, 86_400)

    assert (
        Change(replace(CLIENT, scopes=frozenset({Scope.ZEEBE, Scope.OPERATE})), frozenset({Scope.SECRETS})) == outcome
    )


@pytest.mark.parametrize(("asked", "given"), [(None, 600), (0, None), (3600, 3600)])
def test_a_lifetime_is_kept_taken_away_or_changed(asked: int | None, given: int | None) -> None:
    assert Change(replace(CLIENT, lifetime=given), frozenset()) == change_client(CLIENT, None, asked, 86_400)


@pytest.mark.parametrize(("scopes", "lifetime"), [((), None), (("Everything",), None), (None, 59), (None, 86_401)])
def test_a_change_to_what_no_client_can_be_is_refused(scopes: tuple[str, ...] | None, lifetime: int | None) -> None:
    assert isinstance(change_client(CLIENT, scopes, lifetime, 86_400), Refused)
