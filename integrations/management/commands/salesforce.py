"""manage.py salesforce …: everything an operator needs, without a browser."""

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from integrations.cli import (
    configuration,
    connecting,
    errors,
    pulling,
    pushing,
    reconciling,
    status,
    switches,
)
from integrations.cli.answers import Answer, answer_of, as_json, failure

logger = logging.getLogger(__name__)
Handler = Callable[[dict[str, Any]], Answer]

COMMANDS: dict[str, tuple[str, Handler, Callable[[ArgumentParser], None] | None]] = {
    "connect": ("sign in to an org without a browser", connecting.connect, connecting.add_connect),
    "status": ("where we stand", status.status, None),
    "activate": ("end the configuration window: start syncing now", switches.activate, None),
    "extend": ("six hours more to configure", switches.extend, None),
    "pause": ("nothing moves until resumed", switches.pause, None),
    "resume": ("end the pause", switches.resume, None),
    "disconnect": ("stop syncing and revoke the token", switches.disconnect, None),
    "push": ("send what waits to Salesforce", pushing.push, pushing.add_push),
    "pull": ("bring what is new in Salesforce", pulling.pull, pulling.add_pull),
    "reconcile": ("compare all of both sides", reconciling.reconcile, reconciling.add_reconcile),
    "errors": ("count errors, try again what was refused", errors.errors, errors.add_errors),
}
CONFIGURATION: dict[str, tuple[str, Handler, Callable[[ArgumentParser], None]]] = {
    "export": ("write settings and maps to a file", configuration.export_file, configuration.add_export),
    "import": ("read settings and maps from a file", configuration.import_file, configuration.add_import),
}


class Parser(CommandParser):
    """Wrong usage is a failure like any other: exit code 1, and JSON for a machine."""

    def error(self, message: str) -> NoReturn:
        _refuse_usage(self, message)


class Command(BaseCommand):
    help = "Connect Salesforce, watch it, and pull."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django makes the outermost parser of its own class, which would exit with 2."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = partial(_refuse_usage, parser)  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)
        for name, (words, handler, add) in COMMANDS.items():
            _add(commands.add_parser(name, help=words), handler, add)
        config = commands.add_parser("config", help="settings and maps as a file")
        files = config.add_subparsers(required=True, metavar="export | import", parser_class=Parser)
        for name, (words, handler, add) in CONFIGURATION.items():
            _add(files.add_parser(name, help=words), handler, add)

    def handle(self, *args: Any, **options: Any) -> None:
        handler: Handler = options["handler"]
        try:
            answer = handler(options)
        except KeyboardInterrupt:
            answer = failure("Interrupted. What was done is kept; it goes on from there.", "INTERRUPTED")
        except Exception as problem:
            answer = answer_of(problem) or _unforeseen(problem)
        _say(answer, machine=options["json"])
        if answer.code:
            sys.exit(answer.code)


def _add(parser: ArgumentParser, handler: Handler, add: Callable[[ArgumentParser], None] | None) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.set_defaults(handler=handler)
    if add:
        add(parser)


def _refuse_usage(parser: ArgumentParser, message: str) -> NoReturn:
    parser.print_usage(sys.stderr)
    _say(failure(message, "USAGE"), machine="--json" in sys.argv)
    sys.exit(1)


def _unforeseen(problem: Exception) -> Answer:
    """The traceback goes to the log, where secrets are masked; a machine still gets its one object."""
    logger.error("The command failed", exc_info=problem)
    what = f"Something went wrong that nobody foresaw ({type(problem).__name__}). The log has it in full."
    return failure(what, "UNFORESEEN")


def _say(answer: Answer, *, machine: bool) -> None:
    stream = sys.stderr if answer.code and not machine else sys.stdout
    stream.write((as_json(answer.data) if machine else answer.text) + "\n")
    stream.flush()
