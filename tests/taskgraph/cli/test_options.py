"""Old names of flags: they work, convert as the new ones do, and are not shown."""

import click
import pytest
from click.testing import CliRunner

from taskgraph.cli import COMMANDS, run, taskgraph
from taskgraph.cli.options import hidden_alias
from taskgraph.cli.parameters import NameList
from tests.failing import fails
from tests.taskgraph.cli.test_cli import table  # noqa: F401


@click.command()
@click.option("--size-limit", type=int, default=3)
@hidden_alias("--less", "--size-limit")
@click.option("--tasks", type=NameList(), multiple=True)
@hidden_alias("--names", "--tasks", multiple=True)
@click.option("--keep", is_flag=True)
@hidden_alias("--hold", "--keep", is_flag=True)
@click.option("--output", required=True)
@hidden_alias("--out", "--output")
def command(size_limit, tasks, keep, output):
    click.echo(f"{size_limit} {tasks} {keep} {output}")


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["--output", "o"], "3 () False o"),
        (["--out", "o", "--less", "5"], "5 () False o"),
        (["--size-limit", "7", "--less", "5", "--out", "o"], "7 () False o"),
        (["--names", "a,b", "--names", "c", "--out", "o"], "3 (('a', 'b'), ('c',)) False o"),
        (["--hold", "--out", "o"], "3 () True o"),
    ],
)
def test_an_old_name_gives_its_value_to_the_new_one(words, printed):
    assert CliRunner().invoke(command, words).output.strip() == printed


def test_an_old_name_is_checked_as_the_new_one_and_is_not_shown():
    result = CliRunner().invoke(command, ["--less", "many", "--out", "o"])
    assert result.exit_code == 2
    assert "Invalid value for '--size-limit'" in result.output
    shown = CliRunner().invoke(command, ["--help"]).output
    assert "--size-limit" in shown
    for old in ("--less", "--names", "--hold", "--out "):
        assert old not in shown


def test_plot_taxonomy_still_takes_colour_by(table, tmp_path, capsys):  # noqa: F811
    words = ["plot", "taxonomy", table, "--budget", "2", "-o"]
    pictures = [tmp_path / f"{name}.svg" for name in ("new", "old", "default")]
    assert run([*words, str(pictures[0]), "--color-by", "gain"]) == 0
    assert run([*words, str(pictures[1]), "--colour-by", "gain"]) == 0
    assert run([*words, str(pictures[2])]) == 0
    new, old, default = (path.read_bytes() for path in pictures)
    assert new == old != default
    capsys.readouterr()
    message = fails(capsys, *words, str(pictures[0]), "--colour-by", "depth")
    assert "--color-by" in message
    capsys.readouterr()
    run(["plot", "taxonomy", "--help"])
    assert "colour" not in capsys.readouterr().out


def options():
    """Every shown option of this package's commands, with the words that call its command."""
    for name in COMMANDS:
        command = taskgraph.get_command(click.Context(taskgraph), name)
        below = command.commands.values() if isinstance(command, click.Group) else [command]
        for each in below:
            words = name if each is command else f"{name} {each.name}"
            yield from (
                (words, option)
                for option in each.params
                if isinstance(option, click.Option) and not option.hidden
            )


def test_every_option_says_in_a_sentence_what_it_does():
    for words, option in options():
        text = " ".join(option.help.split())
        assert text[0].isupper(), f"{words} {option.opts}: {text}"
        assert text.endswith((".", ").")), f"{words} {option.opts}: {text}"
        assert len(text.split()) >= 2, f"{words} {option.opts}: {text}"


def test_an_option_with_a_value_is_required_repeated_or_says_its_default_where_it_has_one():
    for words, option in options():
        if option.is_flag or option.required or option.multiple:
            continue
        has_default = isinstance(option.default, str | int | float)
        assert not has_default or option.show_default, f"{words} {option.opts}"


def test_the_seed_is_described_alike_everywhere():
    helps = {option.help for _, option in options() if "--seed" in option.opts}
    assert helps == {"Seed of the whole run."}
