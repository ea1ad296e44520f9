"""Typed readers of the process environment. Each refuses nonsense with a sentence that names the variable."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "on", "true", "yes"})
FALSE = frozenset({"", "0", "off", "false", "no"})


class EnvironmentProblem(ImproperlyConfigured):
    """The environment can't work. The message names the variable and the remedy, never a secret's value."""


def text(name: str, default: str = "") -> str:
    """The variable's value, else what the file named by NAME_FILE holds (how containers pass secrets)."""
    value = os.environ.get(name, "").strip()
    path = os.environ.get(f"{name}_FILE", "").strip()
    if value or not path:
        return value or default
    try:
        return Path(path).read_text(encoding="utf-8").strip() or default
    except OSError as error:
        raise EnvironmentProblem(
            f"{name}_FILE names {path}, which can't be read: {error.strerror}."
        ) from error


def required(name: str, remedy: str) -> str:
    value = text(name)
    if not value:
        raise EnvironmentProblem(f"{name} is not set. {remedy}")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "on" if default else "off").lower()
    if value not in TRUE | FALSE:
        raise EnvironmentProblem(f"{name} must be on or off, not {value!r}.")
    return value in TRUE


def whole_number(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise EnvironmentProblem(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def choice(name: str, options: tuple[str, ...], *, default: str) -> str:
    value = text(name, default).lower()
    if value not in options:
        raise EnvironmentProblem(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def words(name: str) -> list[str]:
    """A list written with commas; blanks around and between them don't count."""
    return [word for word in (part.strip() for part in text(name).split(",")) if word]


def address(name: str, schemes: tuple[str, ...], *, default: str = "") -> str:
    """A URL of one of the schemes. Its value isn't repeated in the refusal, since it may hold a password."""
    value = text(name, default)
    try:
        known = not value or urlsplit(value).scheme in schemes
    except ValueError:
        known = False
    if not known:
        raise EnvironmentProblem(f"{name} must be a URL that begins with {' or '.join(schemes)}.")
    return value


def public_url(name: str, *, default: str) -> str:
    """Scheme and host under which people reach this installation, without a path: https://sales.example.com."""
    value = address(name, ("https", "http"), default=default).rstrip("/")
    parts = urlsplit(value)
    if not parts.hostname or parts.path or parts.query or parts.username:
        raise EnvironmentProblem(f"{name} must be scheme and host alone, such as https://sales.example.com.")
    return value


def fernet_keys(name: str) -> list[str]:
    """Keys for secrets at rest: the first encrypts, all decrypt, so that keys can be rotated."""
    keys = words(name)
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError as error:
            raise EnvironmentProblem(
                f"{name}: key {position} is not a Fernet key. Make one with: python -c "
                '"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
            ) from error
    return keys


def mail_settings(name: str, *, default: str) -> dict[str, str | int | bool]:
    """Django's EMAIL_* settings from console:, file:///folder or smtp[s]://user:password@host:port.

    `smtp` starts TLS unless the URL ends in ?tls=off; `smtps` speaks TLS from the first byte.
    """
    value = address(name, ("console", "file", "smtp", "smtps"), default=default)
    parts = urlsplit(value)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    if not parts.hostname:
        raise EnvironmentProblem(
            f"{name} must name a host, such as smtp://user:password@mail.example.com:587."
        )
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and parse_qs(parts.query).get("tls", ["on"]) != ["off"],
        "EMAIL_TIMEOUT": 20,
    }
