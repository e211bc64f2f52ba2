"""
`gatekey token`, `exec`, `status` and `logout` as a process would see them: what is on standard output, what on standard
error, which exit code.
"""

import base64
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatekey.cli.exits import Exit
from gatekey.client.http import HttpHeaders
from gatekey.oauth.fields import FORM
from gatekey.oauth.token_answer import encode_error, encode_success
from gatekey.oauth.token_request import TokenRequest, read_request
from support.command import GATEKEY, run_command
from support.ports import free_port
from support.scripted_server import Answer, Reply, Server, serving

CLAIMS = {"aud": "zeebe.camunda.io", "exp": 1_800_003_600}
TOKEN = f"e30.{base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode()}.signature"
GRANTED = Answer(200, encode_success(TOKEN, 3600, "cluster"))


def written(folder: Path, url: str, mode: int = 0o600, **more: str) -> Path:
    values = {
        "ZEEBE_CLIENT_ID": "id",
        "ZEEBE_CLIENT_SECRET": "hidden-secret",
        "ZEEBE_AUTHORIZATION_SERVER_URL": f"{url}/oauth/token",
        "ZEEBE_TOKEN_AUDIENCE": "zeebe.camunda.io",
        **more,
    }
    path = folder / "my-app.env"
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in values.items()))
    path.chmod(mode)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEKEY_CACHE", str(tmp_path / "cache"))


def run(*arguments: str | Path, command: str = "token", **environment: str) -> subprocess.CompletedProcess[str]:
    """
    Run a command with nothing in its environment but what is given, and a cache of the test's own.
    """
    return quiet(run_command(command, *arguments, environment=own(environment)))


def run_apart(*arguments: str | Path, command: str = "token", **environment: str) -> subprocess.CompletedProcess[str]:
    """
    The same in a process of its own, which remembers nothing of others and may become another program.
    """
    return quiet(
        subprocess.run(
            [str(GATEKEY), command, *map(str, arguments)],
            env={"PYTHONUTF8": "1", **own(environment)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    )


def own(environment: dict[str, str]) -> dict[str, str]:
    return {"GATEKEY_CACHE": os.environ["GATEKEY_CACHE"], **environment}


def quiet(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert "hidden-secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def audience_asked(server: Server) -> str | None:
    read = read_request(FORM, None, server.asked[0].body)
    assert isinstance(read, TokenRequest)
    return read.audience


def test_the_token_stands_alone_and_costs_one_request(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        done = run("--env-file", written(tmp_path, server.url))

    assert (0, f"{TOKEN}\n", "") == (done.returncode, done.stdout, done.stderr)
    assert ["/oauth/token"] == [asked.path for asked in server.asked]
    assert "zeebe.camunda.io" == audience_asked(server)


def test_a_header_is_printed_whole(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        done = run("--env-file", written(tmp_path, server.url), "--header")

    assert f"Authorization: Bearer {TOKEN}\n" == done.stdout


def test_json_tells_the_expiry_too(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        done = run("--env-file", written(tmp_path, server.url), "--json")

    told = json.loads(done.stdout)
    assert (TOKEN, "Bearer", "zeebe.camunda.io", "cluster") == (
        told["access_token"],
        told["token_type"],
        told["audience"],
        told["scope"],
    )
    assert 0 < told["expires_in"] <= 3600
    assert told["expires_at"].endswith("+00:00")


def test_decoding_shows_the_claims_and_not_the_signature(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        done = run("--env-file", written(tmp_path, server.url), "--decode")

    assert CLAIMS == json.loads(done.stdout)


def test_an_opaque_token_cannot_be_decoded(tmp_path: Path) -> None:
    with serving(lambda _: Answer(200, encode_success("opaque", 60, ""))) as server:
        done = run("--env-file", written(tmp_path, server.url), "--decode")

    assert done.returncode
    assert "gatekey: error: The token is opaque" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "audience"),
    [
        ("--scopes", "Operate", "operate.camunda.io"),
        ("--scope", "secrets", "secrets.camunda.io"),
        ("--audience", "x", "x"),
    ],
)
def test_the_audience_is_chosen_by_scope_or_by_name(tmp_path: Path, option: str, value: str, audience: str) -> None:
    with serving(lambda _: GRANTED) as server:
        run("--env-file", written(tmp_path, server.url), option, value)

    assert audience == audience_asked(server)


def test_without_a_file_the_environment_is_read() -> None:
    with serving(lambda _: GRANTED) as server:
        done = run(
            CAMUNDA_CLIENT_ID="id",
            CAMUNDA_CLIENT_SECRET="hidden-secret",
            CAMUNDA_OAUTH_URL=f"{server.url}/oauth/token",
        )

    assert f"{TOKEN}\n" == done.stdout


def test_a_file_that_others_can_read_is_used_with_a_warning(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        path = written(tmp_path, server.url, mode=0o640)
        done = run("--env-file", path)

    assert f"{TOKEN}\n" == done.stdout
    assert f"gatekey: warning: others on this machine can read or change {path}." in done.stderr
    assert f"gatekey: hint: chmod 600 {path}" in done.stderr


def test_a_missing_setting_names_every_place_and_name() -> None:
    done = run(ZEEBE_CLIENT_ID="id")

    assert Exit.CONFIGURATION == done.returncode
    assert "" == done.stdout
    assert "Not found in the environment: the token URL (ZEEBE_AUTHORIZATION_SERVER_URL or" in done.stderr
    assert "gatekey: hint: " in done.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe", b"no equals", b"x" * (1024 * 1024 + 1), None])
def test_a_file_that_is_none_is_a_configuration_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "my-app.env"
    if content is not None:
        path.write_bytes(content)

    done = run("--env-file", path)

    assert Exit.CONFIGURATION == done.returncode
    assert "gatekey: error: " in done.stderr


REFUSED = Answer(401, encode_error("invalid_client", "unknown client, or wrong hidden-secret"))


def limiting(seconds: int) -> Answer:
    headers: HttpHeaders = (("Retry-After", str(seconds)),)
    return Answer(429, encode_error("too_many_requests", "wait"), headers)


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (REFUSED, Exit.TOKEN_REFUSED, "401 invalid_client"),
        (Answer(403, encode_error("access_denied", "no scope")), Exit.TOKEN_REFUSED, "scope"),
        (limiting(60), Exit.TRY_LATER, "asks to wait 6"),
        (Answer(503, b"", (("Retry-After", "60"),)), Exit.TRY_LATER, "503"),
    ],
)
def test_each_failure_has_words_a_hint_and_an_exit_code(tmp_path: Path, reply: Reply, code: Exit, words: str) -> None:
    with serving(lambda _: reply) as server:
        done = run("--env-file", written(tmp_path, server.url))

    assert "" == done.stdout
    assert code == done.returncode
    assert words in done.stderr
    assert "gatekey: error: " in done.stderr
    assert "gatekey: hint: " in done.stderr
    assert 1 == len(server.asked)


def test_a_page_that_is_no_token_endpoint_is_told_apart(tmp_path: Path) -> None:
    with serving(lambda _: Answer(200, b"<html>hidden-secret</html>")) as server:
        done = run("--env-file", written(tmp_path, server.url))

    assert 0 != done.returncode
    assert "no JSON object" in done.stderr
    assert "gatekey: hint: Check the token URL" in done.stderr


def test_a_short_limit_is_waited_out_aloud(tmp_path: Path) -> None:
    answers = iter([limiting(2), GRANTED])
    with serving(lambda _: next(answers)) as server:
        done = run("--env-file", written(tmp_path, server.url))

    assert f"{TOKEN}\n" == done.stdout
    assert "gatekey: no token yet, asking again in" in done.stderr


def test_waiting_can_be_forbidden(tmp_path: Path) -> None:
    with serving(lambda _: limiting(1)) as server:
        done = run("--env-file", written(tmp_path, server.url), "--wait", "0")

    assert Exit.TRY_LATER == done.returncode
    assert 1 == len(server.asked)


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"http://localhost:{free_port()}"

    done = run("--env-file", written(tmp_path, url), "--wait", "0")

    assert Exit.TRY_LATER == done.returncode
    assert f"{url}/oauth/token could not be asked: nothing accepts connections there" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--header", "--json"), ("--scopes", "Zeebe", "--audience", "x"), ("--scope", "Nonsense"), ("--wait", "-1")],
)
def test_options_that_make_no_sense_together_are_refused(arguments: tuple[str, ...]) -> None:
    assert Exit.USAGE == run(*arguments).returncode


def test_a_token_is_kept_for_the_next_command(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        path = written(tmp_path, server.url)
        printed = [run_apart("--env-file", path).stdout for _ in range(3)]

    assert [f"{TOKEN}\n"] * 3 == printed
    assert 1 == len(server.asked)


def aged(folder: Path, seconds: float) -> None:
    """
    Have everything that is kept in the folder happened so long ago.
    """
    for path in folder.glob("credential-*"):
        fields = json.loads(path.read_text())
        for part, names in (("token", ("obtained_at",)), ("refusal", ("since", "until"))):
            for name in names if fields[part] else ():
                fields[part][name] -= seconds
        path.write_text(json.dumps(fields))


def test_an_older_token_is_confirmed_so_that_a_deleted_client_is_noticed(tmp_path: Path) -> None:
    answers = iter([GRANTED, limiting(1), REFUSED])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        run_apart("--env-file", path)
        aged(tmp_path / "cache" / "tokens", 11)
        limited = run_apart("--env-file", path, "--wait", "0")
        time.sleep(4)  # the limit's own time and what is added by chance: the command has no clock but the machine's
        deleted, again = run_apart("--env-file", path), run_apart("--env-file", path)
        status = run_apart(command="status").stdout

    assert f"{TOKEN}\n" == limited.stdout
    assert [Exit.TOKEN_REFUSED] * 2 == [deleted.returncode, again.returncode]
    assert 3 == len(server.asked)
    assert "not given out any more: the token endpoint refused its client later" in status


def test_a_refusal_ends_when_the_credentials_file_is_written_again(tmp_path: Path) -> None:
    answers = iter([REFUSED, GRANTED])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        first = run_apart("--env-file", path)
        aged(tmp_path / "cache" / "tokens", 5)
        path.touch()
        second = run_apart("--env-file", path)

    assert (Exit.TOKEN_REFUSED, 0) == (first.returncode, second.returncode)


def test_one_value_can_be_printed_alone(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        path = written(tmp_path, server.url)
        printed = run_apart("--env-file", path, "--json", "--field", "token_type")
        unknown = run_apart("--env-file", path, "--json", "--field", "nonsense")
        alone = run_apart("--env-file", path, "--field", "token_type")

    assert "Bearer\n" == printed.stdout
    assert [Exit.USAGE] * 2 == [unknown.returncode, alone.returncode]
    assert TOKEN not in unknown.stderr


def test_a_refusal_is_kept_too_and_a_person_may_know_better(tmp_path: Path) -> None:
    answers = iter([REFUSED, GRANTED])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        codes = [run_apart("--env-file", path).returncode for _ in range(3)]
        asked = len(server.asked)
        done = run_apart("--env-file", path, "--fresh")

    assert [Exit.TOKEN_REFUSED] * 3 == codes
    assert 1 == asked
    assert (0, f"{TOKEN}\n") == (done.returncode, done.stdout)


def test_a_refusal_says_until_when_it_is_remembered_and_how_to_ask_all_the_same(tmp_path: Path) -> None:
    with serving(lambda _: REFUSED) as server:
        path = written(tmp_path, server.url)
        first, second = run_apart("--env-file", path), run_apart("--env-file", path)

    assert 1 == len(server.asked)
    assert "No program of this user asks again before 20" in first.stderr
    assert first.stderr == second.stderr
    assert "gatekey token --fresh" in second.stderr


def test_a_fresh_token_is_not_the_one_that_is_kept(tmp_path: Path) -> None:
    answers = iter([Answer(200, encode_success("t1", 3600, "")), Answer(200, encode_success("t2", 3600, ""))])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        printed = [run_apart("--env-file", path, *fresh).stdout for fresh in ([], ["--fresh"], [])]

    assert ["t1\n", "t2\n", "t2\n"] == printed


def test_a_stale_token_is_renewed_before_it_is_printed(tmp_path: Path) -> None:
    answers = iter([Answer(200, encode_success("t1", 3600, "")), Answer(200, encode_success("t2", 3600, ""))])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        run_apart("--env-file", path)
        kept = next((tmp_path / "cache" / "tokens").glob("credential-*"))
        record = json.loads(kept.read_text())
        record["token"]["renew_at"] = 0
        kept.write_text(json.dumps(record))

        assert "t2\n" == run_apart("--env-file", path).stdout


def test_a_program_finds_the_token_in_its_environment_and_no_secret() -> None:
    program = "import os, sys; print(os.environ['GATEKEY_ACCESS_TOKEN'], 'SECRET' in str(os.environ)); sys.exit(7)"
    with serving(lambda _: GRANTED) as server:
        done = run_apart(
            *("--", sys.executable, "-c", program),
            command="exec",
            ZEEBE_CLIENT_ID="id",
            ZEEBE_CLIENT_SECRET="hidden-secret",
            CAMUNDA_CLIENT_SECRET="hidden-secret",
            CAMUNDA_OAUTH_URL=f"{server.url}/oauth/token",
        )

    assert (7, f"{TOKEN} False\n") == (done.returncode, done.stdout)


def test_the_variable_of_a_program_can_be_named(tmp_path: Path) -> None:
    program = "import os; print(os.environ['ONE'] == os.environ['OTHER'], 'GATEKEY_ACCESS_TOKEN' in os.environ)"
    with serving(lambda _: GRANTED) as server:
        path = written(tmp_path, server.url)
        names = ("--as", "ONE", "--as", "OTHER")
        done = run_apart("--env-file", path, *names, "--", sys.executable, "-c", program, command="exec")
        nameless = run_apart("--env-file", path, "--as", "1", "--", "true", command="exec")

    assert "True False\n" == done.stdout
    assert Exit.USAGE == nameless.returncode


def test_a_program_that_is_not_there_is_told_as_a_shell_would(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        done = run_apart("--env-file", written(tmp_path, server.url), "--", "no-such-program", command="exec")

    assert 127 == done.returncode
    assert "gatekey: error: no-such-program cannot be run" in done.stderr
    assert "gatekey: hint: Check its name" in done.stderr


def test_without_a_token_no_program_runs(tmp_path: Path) -> None:
    with serving(lambda _: REFUSED) as server:
        done = run_apart("--env-file", written(tmp_path, server.url), "--", "echo", "ran", command="exec")

    assert (Exit.TOKEN_REFUSED, "") == (done.returncode, done.stdout)


def test_the_status_tells_what_is_kept_and_who_may_not_ask(tmp_path: Path) -> None:
    answers = iter([GRANTED, REFUSED, limiting(600)])
    with serving(lambda _: next(answers)) as server:
        path = written(tmp_path, server.url)
        for audience in ("good", "refused", "limited"):
            run_apart("--env-file", path, "--audience", audience, "--wait", "0")
        words, told = run_apart(command="status").stdout, json.loads(run_apart("--json", command="status").stdout)

    assert "good until" in words
    assert "refused    401 invalid_client" in words
    assert "nobody asks  The token endpoint limits this address; not asked for another 10 min" in words
    assert {"good": "fresh", "refused": None, "limited": None} == {
        record["audience"]: record["token"] and record["token"]["freshness"] for record in told["credentials"]
    }
    assert ["limited"] == [endpoint["paused"]["kind"] for endpoint in told["token_endpoints"]]
    assert TOKEN not in words + json.dumps(told)


def test_the_status_of_nothing_says_so() -> None:
    assert run(command="status").stdout.startswith("Nothing is kept in ")


@pytest.mark.parametrize("command", ["status", "logout"])
def test_a_user_without_a_home_is_told_what_to_set(command: str) -> None:
    unknown = "import pwd; pwd.getpwuid = {}.__getitem__; "  # as in containers that run under any number
    program = [sys.executable, "-c", f"{unknown}from gatekey.cli import main; main()", command]
    done = subprocess.run(program, env={}, capture_output=True, text=True, timeout=60, check=False)

    assert Exit.FAILED == done.returncode
    assert done.stderr.startswith("gatekey: error: Tokens cannot be kept: this user has no home folder.")
    assert "gatekey: hint: Set GATEKEY_CACHE" in done.stderr


def test_logging_out_forgets_what_is_kept_of_one_client_or_of_all(tmp_path: Path) -> None:
    with serving(lambda _: GRANTED) as server:
        path = written(tmp_path, server.url)
        others = tmp_path / "others"
        others.mkdir()
        other = written(others, server.url, ZEEBE_CLIENT_ID="other")
        run_apart("--env-file", path)
        run_apart("--env-file", other)

        assert "Forgot 1 credential in" in run_apart("--env-file", path, command="logout").stdout
        run_apart("--env-file", other)
        assert 2 == len(server.asked)
        run_apart("--env-file", path)
        assert 3 == len(server.asked)
        assert "Forgot 2 credentials in" in run_apart(command="logout").stdout

    assert 0o700 == stat.S_IMODE((tmp_path / "cache" / "tokens").stat().st_mode)
