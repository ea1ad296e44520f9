"""The org's own rules, kept in its file: conditions no row may meet, and duplicate rules."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.schema.objects import ObjectType
from sandbox.store import Store, quoted
from sandbox.write_options import WriteOptions

if TYPE_CHECKING:
    from sandbox.org import Org

# up to this version the recorded errors spell the key without its l (api.md section 0.1)
LAST_MISSPELT_VERSION = 56.0


@dataclass(frozen=True)
class ValidationRule:
    """`forbidden` is a SOQL condition."""

    name: str
    forbidden: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class DuplicateRule:
    """Rows are duplicates when all of `fields` are equal and none is empty. `action` is alert or block."""

    name: str
    fields: list[str]
    action: str = "alert"
    message: str = "Use one of these records?"
    against: str | None = None


@dataclass
class RuleBook:
    """All rules by object, in memory and in the file."""

    store: Store
    validation: dict[str, list[ValidationRule]] = field(default_factory=dict)
    duplicates: dict[str, list[DuplicateRule]] = field(default_factory=dict)

    def reload(self) -> None:
        self.validation, self.duplicates = {}, {}
        for object, kind, body in self.store.execute("SELECT object, kind, body FROM _rule ORDER BY rowid"):
            if kind == "validation":
                self.validation.setdefault(object, []).append(ValidationRule(**json.loads(body)))
            else:
                self.duplicates.setdefault(object, []).append(DuplicateRule(**json.loads(body)))

    def put(self, object: str, rule: ValidationRule | DuplicateRule) -> None:
        kind = "validation" if isinstance(rule, ValidationRule) else "duplicate"
        with self.store.transaction():
            row = [object, rule.name, kind, json.dumps(asdict(rule))]
            self.store.execute("INSERT OR REPLACE INTO _rule VALUES (?, ?, ?, ?)", row)
        self.reload()

    def remove(self, object: str, name: str) -> None:
        with self.store.transaction():
            self.store.execute("DELETE FROM _rule WHERE object = ? AND name = ?", [object, name])
        self.reload()


def validate(org: "Org", kind: ObjectType, id: str, user_id: str) -> None:
    """FIELD_CUSTOM_VALIDATION_EXCEPTION with the rule's own text; called with the row in place, so undo on
    raise.
    """
    for rule in org.rules.validation.get(kind.name, []):
        soql = f"SELECT Id FROM {kind.name} WHERE Id = '{id}' AND ({rule.forbidden}) ALL ROWS"
        if org.query(soql, user_id=user_id, all_rows=True, committed=False).ids():
            fields = [rule.field] if rule.field else []
            raise ApiError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)


def find_duplicates(
    org: "Org", kind: ObjectType, row: Mapping[str, Any], changed: Mapping[str, Any], options: WriteOptions
) -> None:
    """DUPLICATES_DETECTED, unless all that is found may be passed and the caller said so."""
    for rule in org.rules.duplicates.get(kind.name, []):
        if not any(name in changed for name in rule.fields):
            continue
        if rule.action == "alert" and options.allow_save:
            continue
        target = org.registry.get(rule.against or kind.name)
        ids = _matches(org, target, rule, row)
        if ids:
            raise _detected(org, kind, target, rule, ids, options)


def _matches(org: "Org", target: ObjectType, rule: DuplicateRule, row: Mapping[str, Any]) -> list[str]:
    values = [row.get(name) for name in rule.fields]
    if any(value is None for value in values):
        return []
    tests = " AND ".join(f"{quoted(name)} = ? COLLATE NOCASE" for name in rule.fields)
    alive = ' AND "IsDeleted" = 0' if target.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM {quoted(target.name)} WHERE {tests}{alive} AND "Id" != ? LIMIT 10'
    return [found[0] for found in org.store.execute(sql, [*values, row["Id"]])]


def _detected(
    org: "Org",
    kind: ObjectType,
    target: ObjectType,
    rule: DuplicateRule,
    ids: list[str],
    options: WriteOptions,
) -> ApiError:
    spelling = org.setting("duplicate_result_key")
    if spelling is None:
        spelling = "duplicateResut" if options.api_version <= LAST_MISSPELT_VERSION else "duplicateResult"
    matches = [_match(org, target, id, rule, options) for id in ids]
    result = {
        "allowSave": rule.action == "alert",
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": kind.name,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": target.name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": matches,
                "rule": f"{rule.name}_match",
                "size": len(matches),
                "success": True,
            }
        ],
    }
    return ApiError(400, "DUPLICATES_DETECTED", rule.message, extra={spelling: result})


def _match(
    org: "Org", target: ObjectType, id: str, rule: DuplicateRule, options: WriteOptions
) -> dict[str, Any]:
    url = f"/services/data/v{options.api_version:.1f}/sobjects/{target.name}/{id}"
    record: dict[str, Any] = {"attributes": {"type": target.name, "url": url}, "Id": id}
    if options.include_record_details:
        row = org.store.row(target, id) or {}
        record |= {name: row.get(name) for name in rule.fields}
    return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
