"""Every command of ours says what it does, and what each of its arguments means."""

import argparse

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

OURS = ("tessera", "tenants", "billing", "frontend_api")
COMMANDS = sorted((name, app) for name, app in get_commands().items() if app in OURS)
DJANGOS = {option for action in BaseCommand().create_parser("manage.py", "x")._actions for option in action.option_strings}


def silent(parser: argparse.ArgumentParser, path: str = "") -> list[str]:
    """Return the arguments and verbs of a parser that have no help."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            explained = {choice.dest for choice in action._choices_actions if choice.help}
            found += [f"{path}{name}" for name in action.choices if name not in explained]
            for name, inner in action.choices.items():
                found += silent(inner, f"{path}{name} ")
        elif not action.help and not DJANGOS.intersection(action.option_strings):
            found.append(path + (action.option_strings or [action.dest])[0])
    return found


@pytest.mark.parametrize(("name", "app"), COMMANDS)
def test_a_command_explains_itself(name, app):
    parser = load_command_class(app, name).create_parser("manage.py", name)
    assert len(parser.description or "") >= 25
    assert silent(parser) == []
    assert parser.format_help().startswith(f"usage: manage.py {name}")
