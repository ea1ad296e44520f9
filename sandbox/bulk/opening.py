"""What a client asks for when it opens an ingest job, and what is refused at once."""

from dataclasses import dataclass
from typing import Any

from sandbox.bulk.job_rows import OPERATIONS
from sandbox.bulk.render import DELIMITERS, LINE_ENDINGS
from sandbox.errors import ApiError
from sandbox.org import Org


@dataclass(frozen=True)
class WantedJob:
    """`auto_assign` only with an assignmentRuleId: Bulk runs no assignment rule by itself."""

    operation: str
    object: str
    external_id: str
    column_delimiter: str
    line_ending: str
    auto_assign: bool

    def of_the_job(self) -> dict[str, Any]:
        names = ("operation", "object", "external_id", "column_delimiter", "line_ending")
        return {name: getattr(self, name) for name in names}


def read_wanted(org: Org, raw: Any, user_id: str) -> WantedJob:
    """Raises ApiError as Salesforce refuses the request."""
    if not isinstance(raw, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object.")
    choice(raw, "contentType", ["CSV"])
    name = raw.get("object")
    kind = org.registry.find(name) if isinstance(name, str) else None
    if kind is None:
        raise ApiError(400, "INVALIDENTITY", f"InvalidEntity : Unable to find object: {name}")
    operation = raw.get("operation")
    if operation not in OPERATIONS:
        raise _invalid(f"operation must be one of {', '.join(OPERATIONS)}")
    return WantedJob(
        operation=operation,
        object=kind.name,
        external_id=_external_id(org, kind.name, raw, user_id) if operation == "upsert" else "",
        column_delimiter=choice(raw, "columnDelimiter", list(DELIMITERS)),
        line_ending=choice(raw, "lineEnding", list(LINE_ENDINGS)),
        auto_assign=bool(raw.get("assignmentRuleId")),
    )


def choice(raw: dict[str, Any], name: str, allowed: list[str]) -> str:
    """One of those allowed, the first when nothing is said. Raises INVALIDJOB."""
    value = raw.get(name) or allowed[0]
    if value not in allowed:
        raise _invalid(f"{name} must be one of {', '.join(allowed)}")
    return str(value)


def _external_id(org: Org, object: str, raw: dict[str, Any], user_id: str) -> str:
    name = raw.get("externalIdFieldName")
    if not isinstance(name, str) or not name:
        raise _invalid("externalIdFieldName is required for an upsert")
    field = org.registry.field(org.registry.get(object), name, user_id)
    if field is None or not (field.says("externalId") or field.says("idLookup") or field.name == "Id"):
        raise _invalid(
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for {object}"
        )
    return field.name


def _invalid(why: str) -> ApiError:
    return ApiError(400, "INVALIDJOB", f"InvalidJob : {why}")
