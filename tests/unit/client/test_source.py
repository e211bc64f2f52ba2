import os
import threading
import time
from pathlib import Path

import pytest

from gatekey import MemoryCache, SecretText, Token, TokenSource
from gatekey.client.config.settings import ClientSettings
from gatekey.client.events import Event, TokenReceived, TokenRequestDelayed, TokenRequested, TokenRequestFailed
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.errors import ConfigurationError, MalformedResponse, RateLimited, TokenRefused, TokenUnavailable
from gatekey.oauth.vocabulary import Scope
from support.endpoint import REFUSED, START, TROUBLE, Endpoint, limited


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def source(endpoint: Endpoint) -> TokenSource:
    return TokenSource(**endpoint.options())


def name(token: Token) -> str:
    return token.access_token.reveal()


def until(condition: object) -> None:
    deadline = time.monotonic() + 30
    while not (callable(condition) and condition()):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_token_is_asked_for_once(source: TokenSource, endpoint: Endpoint) -> None:
    assert ["t1"] * 3 == [name(source.token()) for _ in range(3)]
    assert {"Authorization": "Bearer t1"} == source.headers()
    assert 1 == len(endpoint.requests)


def test_fifty_threads_at_once_send_one_request(endpoint: Endpoint) -> None:
    begin, names = threading.Barrier(50), []

    def slow(request: HttpRequest) -> HttpResponse:
        until(lambda: begin.n_waiting == 0)
        return endpoint(request)

    source = TokenSource(**endpoint.options(transport=slow))

    def ask() -> None:
        begin.wait()
        names.append(name(source.token()))

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["t1"] * 50 == names
    assert 1 == len(endpoint.requests)


def test_sources_that_share_a_cache_share_tokens(endpoint: Endpoint) -> None:
    options = endpoint.options()

    assert {"t1"} == {name(TokenSource(**options).token()) for _ in range(5)}
    assert 1 == len(endpoint.requests)


def test_a_stale_token_is_renewed_and_an_expired_one_too(source: TokenSource, endpoint: Endpoint) -> None:
    source.token()
    endpoint.now = START + 3500
    assert "t2" == name(source.token())
    endpoint.now += 9999

    assert "t3" == name(source.token())


def test_a_failed_early_renewal_is_remembered_and_not_raised(source: TokenSource, endpoint: Endpoint) -> None:
    source.token()
    endpoint.now = START + 3500
    endpoint.replies = [limited(60)]

    assert ["t1"] * 3 == [name(source.token()) for _ in range(3)]
    assert 2 == len(endpoint.requests)
    assert [] == endpoint.slept


def test_others_keep_the_old_token_while_one_renews_beside(endpoint: Endpoint) -> None:
    go = threading.Event()
    source = TokenSource(**endpoint.options(background=True))
    source.token()
    endpoint.now = START + 3500
    answer = Endpoint.__call__

    def slow() -> HttpResponse:
        assert go.wait(30)
        return answer(endpoint, HttpRequest("POST", "https://localhost/"))

    endpoint.replies = [slow]

    assert ["t1"] * 10 == [name(source.token()) for _ in range(10)]
    go.set()
    until(lambda: name(source.token()) == "t2")
    assert 3 == len(endpoint.requests)  # one of them is the script's own


def test_a_transport_that_breaks_in_the_background_costs_no_token(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    source = TokenSource(**endpoint.options())
    source.token()
    endpoint.now = START + 3500
    endpoint.replies = [ConfigurationError("The certificates cannot be used.")]

    assert ["t1"] * 2 == [name(source.token()) for _ in range(2)]
    assert "An early renewal failed" in caplog.text


def test_a_limit_is_waited_out(source: TokenSource, endpoint: Endpoint) -> None:
    endpoint.replies = [limited(7), TROUBLE]

    assert "t1" == name(source.token())
    assert 2 == len(endpoint.slept)
    assert 7 <= endpoint.slept[0] < 8


def test_a_limit_beyond_the_patience_is_told_and_nobody_asks_before_its_end(
    source: TokenSource, endpoint: Endpoint
) -> None:
    endpoint.replies = [limited(600)]
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            source.token()

    assert 600 <= caught.value.retry_after <= 601
    assert caught.value.until == START + caught.value.retry_after
    assert 1 == len(endpoint.requests)
    endpoint.now = START + 601
    assert "t1" == name(source.token())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (REFUSED, TokenRefused),
        (HttpResponse(404), MalformedResponse),
        (TransportError(TransportErrorKind.UNTRUSTED), TokenUnavailable),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once_and_not_tried_again(
    source: TokenSource, endpoint: Endpoint, reply: HttpResponse | TransportError, error: type[Exception]
) -> None:
    endpoint.replies = [reply]
    for _ in range(3):
        with pytest.raises(error, match="client_secret in the arguments"):
            source.token()

    assert 1 == len(endpoint.requests)
    assert [] == endpoint.slept


def test_a_dead_secret_costs_five_requests_in_ten_minutes(endpoint: Endpoint) -> None:
    endpoint.replies = [REFUSED] * 99
    options = endpoint.options()
    workers = [TokenSource(**options) for _ in range(20)]
    for _ in range(600):
        for worker in workers:
            with pytest.raises(TokenRefused):
                worker.token()
        endpoint.now += 1

    assert 5 == len(endpoint.requests)


def test_an_api_that_refuses_a_token_gets_another_once(source: TokenSource, endpoint: Endpoint) -> None:
    first = source.token()
    second = source.token(instead_of=first)

    assert ("t1", "t2") == (name(first), name(second))
    assert second == source.token(instead_of=first) == source.token(instead_of=second) == source.token()
    assert 2 == len(endpoint.requests)


def test_a_person_may_ask_anew_after_a_refusal_but_not_within_a_limit(source: TokenSource, endpoint: Endpoint) -> None:
    endpoint.replies = [REFUSED]
    with pytest.raises(TokenRefused):
        source.token()
    assert "t1" == name(source.token(fresh=True))
    assert "t2" == name(source.token(fresh=True))
    endpoint.replies = [limited(600)]

    for _ in range(2):
        with pytest.raises(RateLimited):
            source.token(fresh=True)
    assert "t2" == name(source.token())
    assert 4 == len(endpoint.requests)


def test_the_listener_hears_of_every_request_and_its_mistakes_cost_nothing(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        raise ValueError("a mistake of the application")

    endpoint.replies = [limited(7)]
    TokenSource(**endpoint.options(listener=listen)).token()

    assert [TokenRequested, TokenRequestFailed, TokenRequestDelayed, TokenRequested, TokenReceived] == [
        type(event) for event in heard
    ]
    assert "A listener failed" in caplog.text
    assert "hidden" not in repr(heard)


def test_a_source_for_another_api_shares_all_but_the_audience(endpoint: Endpoint) -> None:
    source = TokenSource(**endpoint.options())

    assert ["operate.camunda.io", "operate.camunda.io", "mine"] == [
        source.for_scope("operate").settings.audience,
        source.for_scope(Scope.OPERATE).settings.audience,
        source.for_audience("mine").settings.audience,
    ]
    assert "t1" == name(source.for_audience("mine").token())
    assert b"audience=mine" in endpoint.requests[0].body


def test_a_transport_that_forgets_its_duty_is_an_error_without_a_name(source: TokenSource, endpoint: Endpoint) -> None:
    endpoint.replies = [ZeroDivisionError("with hidden in it")]

    assert "t1" == name(source.token())
    endpoint.replies = [ZeroDivisionError("with hidden in it")] * 9
    with pytest.raises(TokenUnavailable) as caught:
        source.token(fresh=True)
    assert "hidden" not in str(caught.value)
    assert "the network reports an error (ZeroDivisionError)" in caught.value.message


def test_a_transport_to_be_awaited_is_for_the_other_source(endpoint: Endpoint) -> None:
    with pytest.raises(ConfigurationError, match="asynchronous"):
        TokenSource(**endpoint.async_options())


def test_settings_come_from_arguments_then_the_file_then_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "my-app.env"
    file.write_text("ZEEBE_CLIENT_ID=file\nZEEBE_CLIENT_SECRET=file\n")
    file.chmod(0o600)
    environment = {"ZEEBE_CLIENT_ID": "environment", "CAMUNDA_OAUTH_URL": "https://environment/oauth/token"}

    settings = TokenSource(file, client_secret="argument", environment=environment, cache=MemoryCache()).settings

    assert ("https://environment/oauth/token", "file", "argument") == (
        settings.token_url,
        settings.client_id,
        settings.client_secret.reveal(),
    )
    assert f"ZEEBE_CLIENT_ID in {file}" == str(settings.origins["client_id"])


def test_who_names_all_in_arguments_gets_nothing_from_the_environment() -> None:
    source = TokenSource(
        token_url="https://keycloak/token",
        client_id="id",
        client_secret="secret",
        environment={"ZEEBE_TOKEN_AUDIENCE": "zeebe.camunda.io"},
        cache="memory",
    )

    assert source.settings.audience is None


def test_a_scope_that_is_none_is_told_with_those_there_are(endpoint: Endpoint) -> None:
    with pytest.raises(ConfigurationError, match="Zeebe, Tasklist, Operate"):
        TokenSource(**endpoint.options(scope="Nonsense"))


def test_a_source_can_be_made_of_settings_alone(endpoint: Endpoint) -> None:
    settings = ClientSettings("https://host/oauth/token", "id", SecretText("hidden"), "zeebe.host", token_scope="s")
    source = TokenSource(settings=settings, cache="memory", transport=endpoint, clock=endpoint.clock)

    assert "t1" == name(source.token())
    assert settings == source.settings
    assert "operate.host" == source.for_scope("Operate").settings.audience
    assert b"scope=s" in endpoint.requests[0].body


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "my-app.env"
    write(file, "old", START - 10)
    return file


def write(file: Path, secret: str, changed_at: float) -> None:
    file.write_text(f"CAMUNDA_OAUTH_URL=https://host/oauth/token\nZEEBE_CLIENT_ID=id\nZEEBE_CLIENT_SECRET={secret}\n")
    file.chmod(0o600)
    os.utime(file, (changed_at, changed_at))


def of_file(endpoint: Endpoint, file: Path) -> TokenSource:
    options = endpoint.options(environment={})
    for argument in ("token_url", "client_id", "client_secret"):
        del options[argument]  # type: ignore[misc] # all are optional
    return TokenSource(file, **options)


def test_after_a_refusal_the_credentials_file_is_read_again(endpoint: Endpoint, file: Path) -> None:
    source = of_file(endpoint, file)
    endpoint.replies = [REFUSED]
    with pytest.raises(TokenRefused):
        source.token()
    write(file, "new", START + 1)

    assert "t1" == name(source.token())
    assert [b"client_secret=old" in request.body for request in endpoint.requests] == [True, False]
    assert "new" == source.settings.client_secret.reveal()


def test_a_file_that_was_written_again_ends_a_remembered_refusal_once(endpoint: Endpoint, file: Path) -> None:
    source = of_file(endpoint, file)
    endpoint.replies = [REFUSED, REFUSED]
    with pytest.raises(TokenRefused):
        source.token()
    endpoint.now += 2
    write(file, "old", START + 1)
    for _ in range(3):
        with pytest.raises(TokenRefused):
            source.token()

    assert 2 == len(endpoint.requests)


def test_a_file_that_cannot_be_read_any_more_leaves_the_refusal_as_it_is(endpoint: Endpoint, file: Path) -> None:
    source = of_file(endpoint, file)
    endpoint.replies = [REFUSED]
    file.unlink()

    with pytest.raises(TokenRefused):
        source.token()


def test_who_wants_no_old_token_has_it_confirmed(endpoint: Endpoint) -> None:
    source = TokenSource(**endpoint.options(max_age=60.0))
    assert ["t1", "t1"] == [name(source.token()), name(source.token())]
    endpoint.now += 61
    assert "t2" == name(source.token())
    endpoint.now += 61
    endpoint.replies = [limited(600)]
    assert ["t2", "t2"] == [name(source.token()), name(source.token())]
    endpoint.now += 601
    endpoint.replies = [REFUSED]

    with pytest.raises(TokenRefused):
        source.token()
