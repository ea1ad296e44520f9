"""The one exception that becomes a Salesforce error body: a JSON array of {message, errorCode, fields?}."""

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """Refuses a request as Salesforce would.

    `fields` None leaves the key out, as real bodies do for errors that are not about a record. `extra` holds
    further keys of the body (`duplicateResult`). `more` are further errors of the same record.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        extra: dict[str, Any] | None = None,
        more: "Sequence[ApiError]" = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)
        self.extra = extra or {}
        self.more = list(more)

    def _errors(self) -> "list[ApiError]":
        return [self, *self.more]

    def body(self) -> list[dict[str, Any]]:
        """The array a failed request answers with."""
        return [error._item("errorCode") for error in self._errors()]

    def result_errors(self) -> list[dict[str, Any]]:
        """The `errors` of a row in a collection's answer: `statusCode` for `errorCode`, always `fields`."""
        return [{**error._item("statusCode"), "fields": error.fields or []} for error in self._errors()]

    def _item(self, code_key: str) -> dict[str, Any]:
        item: dict[str, Any] = {**self.extra, "message": self.message, code_key: self.code}
        if self.fields is not None:
            item["fields"] = self.fields
        return item


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError(404, "NOT_FOUND", message)


def invalid_type(name: str) -> ApiError:
    return ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
