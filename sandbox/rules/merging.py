"""What people do in Salesforce's own pages and no REST call does: merging records and converting leads."""

from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.rules.saving import existing
from sandbox.store import quoted
from sandbox.write_options import WriteOptions

if TYPE_CHECKING:
    from sandbox.org import Org


def merge(org: "Org", object: str, winner: str, losers: list[str], user_id: str) -> None:
    """Losers go to the bin with MasterRecordId set; what hung on them hangs on the winner."""
    kind = org.registry.get(object)
    if not kind.says("mergeable") or not 1 <= len(losers) <= 2:
        raise ApiError(400, "INVALID_OPERATION", f"cannot merge these {kind.attributes['labelPlural']}", [])
    with org.transaction():
        now = org.stamp()
        kept = existing(org, kind, winner)
        for loser in losers:
            gone = existing(org, kind, loser)
            for entry in kind.children:
                child = org.registry.find(entry["childSObject"])
                link = child and child.field(entry["field"])
                if child and link and link.stored and link.name != "MasterRecordId":
                    sql = f'SELECT "Id" FROM {quoted(child.name)} WHERE {quoted(link.name)} = ?'
                    for (id,) in org.store.execute(sql, [gone["Id"]]).fetchall():
                        org.store.update(child, id, {link.name: kept["Id"], "SystemModstamp": now})
            marks = {"IsDeleted": 1, "MasterRecordId": kept["Id"], "SystemModstamp": now}
            org.store.update(
                kind, gone["Id"], {**marks, "LastModifiedDate": now, "LastModifiedById": user_id}
            )
        org.update(object, kept["Id"], {}, user_id=user_id, options=WriteOptions(auto_assign=False))


def convert(
    org: "Org",
    lead_id: str,
    user_id: str,
    *,
    account_id: str | None = None,
    contact_id: str | None = None,
    opportunity: str | None = None,
) -> dict[str, str | None]:
    """Makes account and contact, unless given, and with a name for it an opportunity; the lead stays, read-only.

    A contact that is given keeps what it has, and its account if it has one.
    """
    with org.transaction():
        kind = org.registry.get("Lead")
        lead = existing(org, kind, lead_id)
        if lead["IsConverted"]:
            raise ApiError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        if account_id:
            account_id = str(existing(org, org.registry.get("Account"), account_id)["Id"])
        contact = existing(org, org.registry.get("Contact"), contact_id) if contact_id else {}
        account_id = _account(org, lead, account_id, contact, user_id)
        contact_id = _convert_contact(org, lead, account_id, contact, user_id)
        opportunity_id = None
        if opportunity:
            deal = {"Name": opportunity, "StageName": "Prospecting", "CloseDate": org.stamp()[:10]}
            deal |= {"AccountId": account_id, "ContactId": contact_id}
            opportunity_id = org.insert("Opportunity", deal, user_id=user_id)
        _finish(org, lead["Id"], account_id, contact_id, opportunity_id, user_id)
        return {"accountId": account_id, "contactId": contact_id, "opportunityId": opportunity_id}


def _account(
    org: "Org", lead: dict[str, Any], account_id: str | None, contact: dict[str, Any], user_id: str
) -> str:
    theirs = contact.get("AccountId")
    if theirs and account_id and theirs != account_id:
        message = "The contact belongs to another account than the one chosen."
        raise ApiError(400, "INVALID_OPERATION", message, ["AccountId"])
    found = theirs or account_id
    return str(found) if found else org.insert("Account", {"Name": lead["Company"]}, user_id=user_id)


def _convert_contact(
    org: "Org", lead: dict[str, Any], account_id: str, contact: dict[str, Any], user_id: str
) -> str:
    values = _contact(lead, account_id)
    if not contact:
        return org.insert("Contact", values, user_id=user_id)
    empty = {name: value for name, value in values.items() if not contact.get(name)}
    org.update("Contact", contact["Id"], empty, user_id=user_id, options=WriteOptions(auto_assign=False))
    return str(contact["Id"])


def _contact(lead: dict[str, Any], account_id: str) -> dict[str, Any]:
    same = ("FirstName", "LastName", "Salutation", "Email", "Phone", "MobilePhone", "Title", "LeadSource")
    values = {name: lead.get(name) for name in same if lead.get(name)}
    mailing = {
        f"Mailing{part}": lead.get(part) for part in ("Street", "City", "State", "PostalCode", "Country")
    }
    return {**values, **{k: v for k, v in mailing.items() if v}, "AccountId": account_id}


def _finish(
    org: "Org", id: str, account_id: str, contact_id: str, opportunity_id: str | None, user_id: str
) -> None:
    now = org.stamp()
    values: dict[str, Any] = {"IsConverted": 1, "ConvertedDate": now[:10], "Status": "Closed - Converted"}
    values |= {"ConvertedAccountId": account_id, "ConvertedContactId": contact_id}
    values |= {"ConvertedOpportunityId": opportunity_id, "LastModifiedById": user_id}
    org.raw_update("Lead", id, {**values, "LastModifiedDate": now, "SystemModstamp": now})
    _move_activities(org, id, account_id, contact_id, opportunity_id, now)


def _move_activities(
    org: "Org", lead_id: str, account_id: str, contact_id: str, opportunity_id: str | None, now: str
) -> None:
    """What was the lead's is the contact's now, and about the opportunity where there is one."""
    for object in ("Task", "Event"):
        if org.registry.find(object):
            sql = f"""UPDATE {quoted(object)} SET "WhoId" = ?, "WhatId" = ?, "AccountId" = ?, "SystemModstamp" = ?
                       WHERE "WhoId" = ?"""
            org.store.execute(sql, [contact_id, opportunity_id, account_id, now, lead_id])
    for object, link in (
        ("EmailMessage", "RelatedToId"),
        ("EmailMessageRelation", "RelationId"),
        ("EventRelation", "RelationId"),
    ):
        if org.registry.find(object):
            sql = f'UPDATE {quoted(object)} SET {quoted(link)} = ?, "SystemModstamp" = ? WHERE {quoted(link)} = ?'
            org.store.execute(sql, [contact_id, now, lead_id])
