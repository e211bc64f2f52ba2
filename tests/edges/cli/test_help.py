"""
What help, completion and suggestions say of commands, against the commands themselves.
"""

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gatekey.cli import commands
from gatekey.cli.groups import Command, CommandGroup, RenamedOption
from support.command import GATEKEY, run_command
from support.credentials import opened_office


def all_commands(context: click.Context) -> Iterator[click.Context]:
    if not isinstance(context.command, click.Group):
        yield context
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        yield from all_commands(click.Context(command, parent=context, info_name=name))


TOP = click.Context(commands, info_name="gatekey", **commands.context_settings)
CONTEXTS = {context.command_path: context for context in all_commands(TOP)}


def options_of(path: str) -> set[str]:
    return {name for option in CONTEXTS[path].command.params for name in option.opts if name.startswith("--")}


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_example_in_help_is_a_command_that_parses(path: str) -> None:
    command = CONTEXTS[path].command
    assert isinstance(command, Command)
    assert command.examples, "a help without an example"

    for example in command.examples:
        name, words = path.split(), shlex.split(example.split("|")[0].split(">")[0], comments=True)
        if path == "gatekey completion":
            words = [*name, next(word for word in ("bash", "zsh", "fish") if word in example)]
        assert name == words[: len(name)]
        given = [word if "." not in word else "/dev/null" for word in words[len(name) :]]
        command.make_context(name[-1], given, parent=CONTEXTS[path].parent).close()


def test_one_thing_has_one_name_in_all_commands() -> None:
    strangers = {"--scope", "--file-format", "--seconds", "--credentials"}
    shown = {path: CONTEXTS[path].command.get_help(CONTEXTS[path]) for path in CONTEXTS}

    assert {} == {path: name for path, text in shown.items() for name in strangers if f"{name} " in text}
    assert all("--env-file" in options_of(f"gatekey {name}") for name in ("token", "exec", "logout", "doctor"))


def test_an_old_option_works_and_is_not_shown() -> None:
    @click.command()
    @click.option("--new", cls=RenamedOption, old=["--old"])
    def example(new: str) -> None:
        click.echo(new)

    context = example.make_context("example", ["--old", "a value"])

    assert {"new": "a value"} == context.params
    assert "--old" not in example.get_help(context)


def test_an_old_command_works_and_is_not_shown() -> None:
    group = CommandGroup("group", renamed={"old": "new"})
    group.add_command(click.Command("new"))
    context = click.Context(group)

    assert group.get_command(context, "old") is group.get_command(context, "new")
    assert ["new"] == group.list_commands(context)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["client"], "'clients'"),
        (["clients", "lst"], "'list'"),
        (["clients", "list", "--serch", "x"], "'--search'"),
        (["clients", "show", "x", "--field", "clientID"], "'clientId'"),
    ],
)
def test_a_mistyped_word_is_told_what_may_have_been_meant(words: list[str], meant: str) -> None:
    done = run_command(*words, environment={})

    assert 2 == done.returncode
    assert meant in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_script(shell: str) -> None:
    done = run_command("completion", shell, environment={})

    assert (0, "") == (done.returncode, done.stderr)
    assert "_GATEKEY_COMPLETE" in done.stdout


def test_bash_completes_commands_options_and_names(tmp_path: Path) -> None:
    with opened_office(tmp_path / "data"):
        run = {"GATEKEY_DATA": str(tmp_path / "data")}
    run_command("clients", "create", "my-worker", "--cluster", "local", "--scopes", "Zeebe", environment=run)

    def completed(line: str) -> list[str]:
        words = line.split(" ")
        environment = {
            **os.environ,
            **run,
            "_GATEKEY_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        done = subprocess.run([GATEKEY], env=environment, capture_output=True, text=True, check=False)
        assert "" == done.stderr
        return [answer.removeprefix("plain,") for answer in done.stdout.split()]

    assert ["clients"] == completed("gatekey clie")
    assert ["--search"] == completed("gatekey clients list --se")
    assert ["my-worker"] == completed("gatekey clients show my")
    assert ["local"] == completed("gatekey clients list --cluster ")
    assert [] == completed("gatekey clients show nobody")
