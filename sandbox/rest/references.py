"""`@{refA.id}` in a composite request: values taken from the answers of the requests before it."""

import re
from typing import Any

from sandbox.errors import ApiError

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)([^}]*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")


def filled(value: Any, answers: dict[str, Any]) -> Any:
    """The value with every reference in it replaced. Raises PROCESSING_HALTED when one leads nowhere."""
    if isinstance(value, dict):
        return {name: filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, answers) for each in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _found(whole, answers)
    return _REFERENCE.sub(lambda match: str(_found(match, answers)), value)


def _found(match: re.Match[str], answers: dict[str, Any]) -> Any:
    name, steps = match.group(1), match.group(2)
    value = answers.get(name)
    for key, index in _STEP.findall(steps):
        value = _step(value, key, index)
    if value is None:
        path = f"{name}{steps}"
        message = f"Invalid reference specified. No value for {path} found in {name}"
        raise ApiError(400, "PROCESSING_HALTED", message)
    return value


def _step(value: Any, key: str, index: str) -> Any:
    if index:
        return value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    if not isinstance(value, dict):
        return None
    folded = {str(name).casefold(): each for name, each in value.items()}
    return folded.get(key.casefold())
