"""A group of commands that suggests the nearest names for an unknown command."""

from __future__ import annotations

import difflib

import click


class SuggestingGroup(click.Group):
    """A group of commands; its error for an unknown one has the nearest names, or all names."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command and its arguments; raise if no command has this name."""
        name = args[0]
        known = self.list_commands(ctx)
        if ctx.resilient_parsing or name in known or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else f"expected {', '.join(known)}"
        raise click.UsageError(f'there is no command "{name}"; {meant}', ctx)
