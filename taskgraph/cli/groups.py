"""Groups of commands that suggest the nearest names for one that they do not have."""

from __future__ import annotations

import difflib

import click


class SuggestingGroup(click.Group):
    """A group whose error for an unknown command names the nearest ones, or all if none is near."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which ones have a name like it."""
        name = args[0]
        known = self.list_commands(ctx)
        if ctx.resilient_parsing or name in known or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else f"expected {', '.join(known)}"
        raise click.UsageError(f'there is no command "{name}"; {meant}', ctx)
