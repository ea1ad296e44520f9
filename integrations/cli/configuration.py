"""`config export FILE` and `config import FILE [--dry-run]` (spec F6)."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, Failed
from integrations.configuration import ChangedMeanwhile, export_configuration, import_configuration


def add_export(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


def add_import(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")


def export_file(options: dict[str, Any]) -> Answer:
    path: Path = options["file"]
    text = json.dumps(export_configuration(), ensure_ascii=False, indent=2)
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
        text = path.read_text(encoding="utf-8")
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
