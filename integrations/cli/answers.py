"""How a command answers: words for a person, one JSON object as the last line for a machine."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.utils import timezone

from integrations.configuration import InvalidConfiguration
from integrations.salesforce.errors import SalesforceError
from integrations.sync.refusals import Refused


@dataclass(frozen=True)
class Answer:
    """`text` is for people, `data` for `--json`, `code` the exit code."""

    text: str
    data: dict[str, Any]
    code: int = 0


class Failed(Exception):
    """What was asked for went wrong: exit code 1."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(what)
        self.what = what
        self.code = code


def answer_of(problem: Exception) -> Answer | None:
    """What an expected failure is told as; None for what is nobody's expectation."""
    if isinstance(problem, Refused):
        until = iso(problem.until)
        ends = f" That is {to_the_minute(problem.until)}." if problem.until else ""
        text = f"Refused: {problem.reason}{ends}"
        return Answer(text, {"refused": problem.reason, "until": until}, 3)
    if isinstance(problem, InvalidConfiguration):
        problems = [item.as_dict() for item in problem.problems]
        lines = [f"  {item['path']}: {item['problem']}" for item in problems]
        data = {"error": "invalid configuration", "problems": problems}
        return Answer("\n".join(["Invalid configuration:", *lines]), data, 1)
    if isinstance(problem, SalesforceError):
        return failure(f"{problem.sentence} {problem.message}".strip(), problem.code)
    if isinstance(problem, Failed):
        return failure(problem.what, problem.code)
    if isinstance(problem, OperationalError):
        return failure("PostgreSQL doesn't answer. Check DATABASE_URL and that the server runs.", "DATABASE")
    return failure(str(problem), "SETTINGS") if isinstance(problem, ImproperlyConfigured) else None


def failure(what: str, code: str) -> Answer:
    return Answer(f"Error: {what} ({code})", {"error": what, "code": code}, 1)


def as_json(data: dict[str, Any]) -> str:
    """One line. A text may hold what ends a line, or half a surrogate pair: then it is escaped."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(data, default=str)


def to_the_minute(moment: datetime) -> str:
    """For people; the command line knows no reader's zone, so it names its own."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
