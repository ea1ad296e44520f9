"""Reading the JSON of control calls; everything wrong is a ValueError that names the field."""

from typing import Any

from sandbox.web import Request


def body_of(request: Request, *required: str) -> dict[str, Any]:
    """The body's object; {} when there is none and nothing is required."""
    raw = request.json() if request.body.strip() else {}
    if not isinstance(raw, dict):
        raise ValueError("Send a JSON object.")
    for name in required:
        if name not in raw:
            raise ValueError(f"{name} is missing.")
    return raw


def whole(raw: dict[str, Any], name: str, default: int) -> int:
    value = raw.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more.")
    return value


def text(raw: dict[str, Any], name: str, default: str = "") -> str:
    value = raw.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text.")
    return value


def flag(raw: dict[str, Any], name: str, default: bool) -> bool:
    value = raw.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false.")
    return value
