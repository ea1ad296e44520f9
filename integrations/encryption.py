"""Secrets at rest: Fernet under TOKEN_KEYS; the first key encrypts, all decrypt (spec A2)."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """Raises ImproperlyConfigured where no key of TOKEN_KEYS made the stored text."""
    if not stored:
        return ""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A stored secret can't be read with TOKEN_KEYS. Put the key that encrypted it back into the list."
        ) from None


class Secret(str):
    """A string whose repr shows nothing, so that no traceback or log prints it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class EncryptedField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """Text that is encrypted in the database and a `Secret` in Python."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret | None:
        return None if value is None else Secret(decrypt(value))

    def get_prep_value(self, value: str | None) -> str | None:
        return None if value is None else encrypt(str(value))

    def value_to_string(self, obj: models.Model) -> str:
        """Left out of `dumpdata`: a copy of the data signs in again."""
        return ""

    def to_python(self, value: Any) -> Any:
        return value
