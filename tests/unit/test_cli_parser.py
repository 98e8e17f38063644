"""The command line's own help: no command is left out of the list that a person reads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from app.cli.parser import build_parser


def groups(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.Action]]:
    """Every list of sub-commands with the command it belongs to."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield name, action
            for word, made in action.choices.items():
                yield from groups(made, f"{name} {word}".strip())


def test_every_command_is_listed_with_what_it_does() -> None:
    found = dict(groups(build_parser()))
    assert {"", "brands", "decisions", "models"} <= set(found)
    for name, action in found.items():
        assert isinstance(action, argparse._SubParsersAction)
        listed = {choice.dest for choice in action._choices_actions if choice.help}
        assert listed == set(action.choices), f"`sponsight {name} --help` leaves some out"


def test_the_library_may_stand_before_or_after_the_command() -> None:
    folder = Path("somewhere")
    for words in (
        ["--library", "somewhere", "demo"],
        ["demo", "--library", "somewhere", "--headless"],
        ["brands", "--library", "somewhere", "list"],
        ["brands", "list", "--library", "somewhere"],
        ["--library", "somewhere", "brands", "list"],
    ):
        assert build_parser().parse_args(words).library == folder, words
    assert build_parser().parse_args(["jobs"]).library is None
