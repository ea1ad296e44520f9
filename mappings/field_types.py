from django.db import models


class FieldType(models.TextChoices):
    """The types a workspace field can have (spec F2)."""

    TEXT = "text", "text"
    LONG_TEXT = "long_text", "long text"
    NUMBER = "number", "number"
    CURRENCY = "currency", "currency"
    PERCENT = "percent", "percent"
    DATE = "date", "date"
    DATETIME = "datetime", "date and time"
    CHECKBOX = "checkbox", "checkbox"
    PICKLIST = "picklist", "picklist"
    MULTIPICKLIST = "multipicklist", "picklist (several values)"
    URL = "url", "web address"
    PHONE = "phone", "phone number"
    EMAIL = "email", "e-mail address"
    USER = "user", "user"
    ACCOUNT = "account", "account"
    STAGE = "stage", "stage"


NUMBERS = frozenset({FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT})
TEXTS = frozenset(
    {FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST, FieldType.MULTIPICKLIST, FieldType.URL}
    | {FieldType.PHONE, FieldType.EMAIL}
)
REFERENCES = frozenset({FieldType.USER, FieldType.ACCOUNT, FieldType.STAGE})
