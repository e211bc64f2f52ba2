"""What all commands and groups of commands share: examples in their help, old names, suggestions."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
"""What decorators of commands take and return."""

PATHS = {
    "serve": "service.serve:serve",
    "demo-cluster": "service.demo_cluster:demo_cluster",
    "sign-in": "service.sign_in:sign_in",
    "clusters": "clusters:clusters",
    "clients": "clients:clients",
    "secrets": "clusters.secrets:secrets",
    "keys": "tokens.keys:keys",
    "tokens": "tokens.revocations:tokens",
    "limits": "limits:limits",
    "authority": "service.authority:authority",
    "gateway": "gateway:gateway",
    "gateway-key": "gateway.keys:gateway_key",
    "operator-key": "gateway.keys:operator_key",
    "token": "credentials.token:token",
    "exec": "credentials.exec:execute",
    "status": "credentials.status:status",
    "logout": "credentials.logout:logout",
    "doctor": "credentials.doctor:doctor",
    "audit": "audit:audit",
    "backup": "backups.backup:backup",
    "restore": "backups.restore:restore",
    "completion": "completion:completion",
}
"""Where each command is: module and function."""


class Command(click.Command):
    """A command whose help ends in examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on its line: they are there to be copied."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_epilog(ctx, formatter)


class CommandGroup(click.Group):
    """A group of commands; `renamed` leads from the old names of commands, which are not shown, to the present ones."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, renamed: Mapping[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.renamed = renamed or {}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, present or old."""
        return super().get_command(ctx, self.renamed.get(cmd_name, cmd_name))


class LazyGroup(CommandGroup):
    """Loads the one command that was asked for: loading all of them takes longer than `gatekey token` does."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, as `--help` lists them."""
        return sorted(PATHS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command, None where there is none of this name."""
        if cmd_name not in PATHS:
            return None
        module, _, function = PATHS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"gatekey.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant. Raises `click.NoSuchCommand` that says what else could have been."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=PATHS, ctx=ctx) from None


class RenamedOption(click.Option):
    """An option under its present name; its `old` ones work for one version more, and are not shown."""

    def __init__(self, param_decls: Sequence[str], *, old: Sequence[str], **attributes: Any) -> None:
        super().__init__([*param_decls, *old], **attributes)
        self.old = tuple(old)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return what the help says, without the old names."""
        shown = self.opts
        self.opts = [name for name in shown if name not in self.old]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = shown
