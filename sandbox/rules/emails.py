"""E-mails: a sent one stays as it is, is a completed task too, and knows to whom it went.

One about a case (`ParentId`) is filed there and makes no task.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.rules.incoming import not_writable
from sandbox.schema.objects import ObjectType

if TYPE_CHECKING:
    from sandbox.org import Org

Values = Mapping[str, Any]
EMAIL = "EmailMessage"
DRAFT = "5"
RELATIONS = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}
CHANGEABLE = frozenset({"IsExternallyVisible"})
PEOPLE = ("003", "00Q")
SUBJECT_LENGTH, TEXT_LENGTH = 255, 32_000


def without_recipients(kind: ObjectType, values: Values) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values that are fields, and the lists of people that are rows of their own."""
    if kind.name != EMAIL:
        return dict(values), {}
    lists = {name: values[name] or [] for name in RELATIONS if name in values}
    wrong = next((name for name, ids in lists.items() if not isinstance(ids, list)), None)
    if wrong:
        message = f"Cannot deserialize instance of a list of ids from {wrong}"
        raise ApiError(400, "JSON_PARSER_ERROR", message)
    return {name: value for name, value in values.items() if name not in RELATIONS}, lists


def check_new(kind: ObjectType, given: Values) -> None:
    """The task of an e-mail is the org's to make, unless the e-mail is about a case."""
    if kind.name == EMAIL and given.get("ActivityId") and not given.get("ParentId"):
        raise not_writable(["ActivityId"])


def check_change(kind: ObjectType, before: Values, given: Values) -> None:
    if kind.name != EMAIL or before.get("Status") == DRAFT:
        return
    fixed = [name for name in given if name not in CHANGEABLE and not name.endswith("__c")]
    if fixed:
        raise not_writable(fixed)


def after_new(
    org: "Org", kind: ObjectType, row: Values, recipients: Mapping[str, list[str]], user_id: str
) -> None:
    if kind.name != EMAIL:
        return
    for name, ids in recipients.items():
        for id in ids:
            values = {"EmailMessageId": row["Id"], "RelationId": id, "RelationType": RELATIONS[name]}
            org.insert("EmailMessageRelation", values, user_id=user_id)
    if row.get("Status") != DRAFT:
        _make_task(org, kind, row, user_id)


def after_change(org: "Org", kind: ObjectType, before: Values, row: Values, user_id: str) -> None:
    """A draft is sent: now it is a task."""
    if kind.name == EMAIL and before.get("Status") == DRAFT and row.get("Status") != DRAFT:
        _make_task(org, kind, row, user_id)


def _make_task(org: "Org", kind: ObjectType, row: Values, user_id: str) -> None:
    if row.get("ParentId") or row.get("ActivityId"):
        return
    about = row.get("RelatedToId")
    who = about if about and about.startswith(PEOPLE) else _first_person(org, row["Id"])
    what = about if about and not about.startswith(PEOPLE) else None
    task = {
        "Subject": (row.get("Subject") or "Email")[:SUBJECT_LENGTH],
        "Description": (row.get("TextBody") or "")[:TEXT_LENGTH] or None,
        "Status": "Completed",
        "TaskSubtype": "Email",
        "ActivityDate": (row.get("MessageDate") or org.stamp())[:10],
        "WhoId": None if what and who and who.startswith("00Q") else who,
        "WhatId": what,
    }
    made = org.insert("Task", task, user_id=user_id)
    org.store.update(kind, row["Id"], {"ActivityId": made})


def _first_person(org: "Org", email_id: str) -> str | None:
    if org.registry.find("EmailMessageRelation") is None:  # an org founded before there was one
        return None
    sql = '''SELECT "RelationId" FROM "EmailMessageRelation"
              WHERE "EmailMessageId" = ? AND "RelationType" = 'ToAddress' AND "IsDeleted" = 0 ORDER BY "Id"'''
    found = [row[0] for row in org.store.execute(sql, [email_id])]
    return next((id for id in found if id.startswith(PEOPLE)), None)
