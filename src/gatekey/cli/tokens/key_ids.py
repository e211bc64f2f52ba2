"""Key ids on the command line."""

import re

import click

from gatekey.cli.groups import Command

LIKE_AN_OPTION = re.compile(r"-[A-Za-z0-9_-]{42}")
"""A SHA-256 thumbprint (RFC 7638) in base64url; one in 64 begins with a dash."""


class TakesKeyId(Command):
    """
    A command whose last argument is a key id, also one that looks like an
    option: nobody in a hurry thinks of `--`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put such an id where click takes it for an argument."""
        ids = [arg for arg in args if LIKE_AN_OPTION.fullmatch(arg)]
        if ids and "--" not in args:
            args = [*(arg for arg in args if arg not in ids), "--", *ids]
        return super().parse_args(ctx, args)
