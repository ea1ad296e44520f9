"""`config export FILE` and `config import FILE [--dry-run]` (spec F6).

The file `-` is standard output and input. Exported there, the configuration is the answer itself: in lines for
people, with `--json` in one, so that the last line is one JSON object there too.
"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, Failed
from integrations.configuration import ChangedMeanwhile, export_configuration, import_configuration

STANDARD = Path("-")


def add_export(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="- for standard output")


def add_import(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="- for standard input")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")


def export_file(options: dict[str, Any]) -> Answer:
    path: Path = options["file"]
    configuration = export_configuration()
    text = json.dumps(configuration, ensure_ascii=False, indent=2)
    if path == STANDARD:
        return Answer(text, configuration)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed(f"{path} can't be written: {error.strerror}.", "FILE") from error
    return Answer(f"Written to {path}.", {"file": str(path)})


def import_file(options: dict[str, Any]) -> Answer:
    """Raises InvalidConfiguration, Failed."""
    dry_run = options["dry_run"]
    data = _read(options["file"])
    try:
        changes = import_configuration(data, actor=None, now=timezone.now(), dry_run=dry_run)
    except ChangedMeanwhile as error:
        raise Failed(str(error), "CHANGED_MEANWHILE") from error
    rows = [change.as_dict() for change in changes]
    lines = [f"  {row['path']}: {row['from']!r} → {row['to']!r}" for row in rows]
    verb = "would change" if dry_run else "changed"
    return Answer("\n".join([f"{len(rows)} values {verb}.", *lines]), {"changes": rows})


def _read(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if path == STANDARD else path.read_text(encoding="utf-8")
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except OSError as error:
        raise Failed(f"{path} can't be read: {error.strerror}.", "FILE") from error
    except ValueError as error:
        raise Failed(f"{path} isn't JSON: {error}.", "FILE") from error
    except RecursionError as error:
        raise Failed(f"{path} is nested too deeply.", "FILE") from error
    if not isinstance(data, dict):
        raise Failed(f"{path} must hold one JSON object.", "FILE")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python would silently keep the last of two keys; half of what somebody wrote would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"“{twice[:80]}” stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number that JSON knows")
