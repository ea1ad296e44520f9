"""Per error code: what it means, why it happens and how it is mended, for the error log (spec E2)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guidance:
    """Three short texts; `retry_helps` says whether sending again unchanged can succeed."""

    meaning: str
    why: str
    fix: str
    retry_helps: bool = False


def guidance_for(code: str) -> Guidance:
    """The words for a code; a general text for codes nobody has described."""
    return _BY_CODE.get(code) or (_HTTP if code.startswith("HTTP_") else _UNKNOWN)


def known_codes() -> frozenset[str]:
    """The codes that have words of their own."""
    return frozenset(_BY_CODE)


_UNKNOWN = Guidance(
    "Salesforce refused this.",
    "Salesforce's own message says what it objects to.",
    "Correct what the message names, in the record here or in Salesforce's setup, then retry.",
)
_HTTP = Guidance(
    "Salesforce answered in a way that isn't part of its API.",
    "A proxy or Salesforce's own front door answered in its place, or Salesforce is being repaired.",
    "Look at status.salesforce.com and at your proxy; transient ones are tried again on their own.",
    retry_helps=True,
)
_BUSY = Guidance(
    "Salesforce was too busy to do this.",
    "Salesforce had an internal error or took too long.",
    "Nothing to do: it is tried again on its own. If it lasts, see status.salesforce.com.",
    retry_helps=True,
)
_SESSION = Guidance(
    "Salesforce no longer accepts our sign-in.",
    "The session ended, the access was revoked, or the user was deactivated or frozen.",
    "Sign in to Salesforce again on the integrations page. Nothing is lost meanwhile.",
    retry_helps=True,
)
_GONE = Guidance(
    "The record isn't in Salesforce any more.",
    "It was deleted or merged there, or the connected user may no longer see it.",
    "Restore it from Salesforce's recycle bin, or unlink it here.",
)
_RIGHTS = Guidance(
    "The connected Salesforce user isn't allowed to do this.",
    "A profile, permission set, sharing rule or record ownership stands in the way.",
    "Ask a Salesforce admin to give the connected user edit rights on the object and the record, then retry.",
)
_AUTOMATION = Guidance(
    "An automation in Salesforce failed while saving.",
    "A trigger, flow or process of your org raised an error; Salesforce's message names it.",
    "Ask a Salesforce admin to mend the automation named in the message, then retry.",
)
_LINK = Guidance(
    "A record this one points to can't be used.",
    "Its account, owner or other reference is missing there, of the wrong kind, or hidden from the user.",
    "Correct the reference (account, owner, record type) on the record or in the map, then retry.",
)
_MAP = Guidance(
    "The field map names something Salesforce doesn't have.",
    "The field or object was renamed, deleted or hidden from the connected user.",
    "Refresh the schema, then correct the field map or the field's visibility.",
)
_DUPLICATE = Guidance(
    "A matching record is already in Salesforce.",
    "A duplicate rule of the org, or a field that must be unique, blocks a second one.",
    "Use “Link to it” to link this record with the one that is there, or change what makes them equal.",
)
_QUERY = Guidance(
    "Salesforce can't run this query.",
    "A filter or a map led to a query that is wrong, too large or too complex for Salesforce.",
    "Simplify the pull filter; if there is none, report this as a fault of Lockstep.",
)
_CURSOR = Guidance(
    "Reading has to begin again.",
    "Salesforce dropped the place at which reading stood.",
    "Nothing to do: the next pull begins at the last checkpoint.",
    retry_helps=True,
)
_APP = Guidance(
    "Salesforce doesn't accept the app's key or its settings.",
    "The consumer key or secret is wrong, the app isn't yet known everywhere, or a flow isn't enabled in it.",
    "Compare key, secret, callback address and flows with the External Client App in Salesforce Setup; "
    "a new app takes up to 10 minutes to be known.",
)
_API_OFF = Guidance(
    "API access is switched off.",
    "The org's edition, or the user's profile, has no API access.",
    "Give the connected user the permission “API Enabled”, or use an edition that has the API.",
)
_MAINTENANCE = Guidance(
    "Salesforce is under maintenance.",
    "Salesforce doesn't take changes during this time.",
    "Nothing to do: it goes on by itself afterwards.",
    retry_helps=True,
)
_NETWORK = Guidance(
    "Salesforce couldn't be reached.",
    "The network, a proxy or Salesforce's front door dropped the connection.",
    "Nothing to do: it is tried again on its own. If it lasts, see the network and status.salesforce.com.",
    retry_helps=True,
)
_FAULT = Guidance(
    "Salesforce doesn't understand what Lockstep asked.",
    "Lockstep and this org's version of the API don't fit together here.",
    "Report this as a fault of Lockstep, with the message as it stands here.",
)
_NOT_MAPPED = Guidance(
    "A value here has no counterpart in Salesforce.",
    "The value isn't in the value map or the stage map, so Salesforce keeps what it has.",
    "Map the value on the object's page, or choose another on the record; the next save sends it.",
)
_PARENT = Guidance(
    "The record belongs to another one that isn't in Salesforce.",
    "Salesforce needs the account (or deal, or person) first, and that one may not go, or was refused.",
    "Look at the other record: mend its error or push it. This one then follows by itself.",
)
_UNREADABLE = Guidance(
    "The connected Salesforce user can't see these records.",
    "A profile or permission set hides the whole object from the user.",
    "Ask a Salesforce admin to give the connected user read and edit rights on the object, then retry.",
)

_BY_CODE = {
    "SEVERAL_CANDIDATES": Guidance(
        "Salesforce holds several records that could be this one.",
        "Its answer was lost, and more than one record made since looks like what was sent.",
        "Use “Link to it” with the right one. If it is none of them, retry: then a new one is made.",
        retry_helps=True,
    ),
    "MASS_DELETE": Guidance(
        "Many records were deleted here at once, so Lockstep asks before it deletes them in Salesforce.",
        "More than 100 records, or more than 2 % of all, is rarely meant.",
        "If it is meant, retry them: then they are deleted in Salesforce too. Otherwise leave them: nothing "
        "happens there.",
        retry_helps=True,
    ),
    "DELETES_ALONG": Guidance(
        "Salesforce would delete the account's contacts or opportunities along with it, so Lockstep asks before.",
        "Salesforce deletes what stands below an account with the account, whatever deletion sync says of it here.",
        "If that is meant, an admin retries it: then all of it is deleted there. Otherwise move what is to stay to "
        "another account in Salesforce first, and retry then; or leave it: nothing happens there.",
        retry_helps=True,
    ),
    "MASS_DELETE_THERE": Guidance(
        "Many records were deleted in Salesforce at once, so Lockstep asks before it deletes them here.",
        "More than 100 records, or more than 2 % of all, is rarely meant.",
        "If it is meant, an admin retries them: then they are deleted here too, and their history tells what they "
        "held. Otherwise leave them: they stay here, and aren't in step any more.",
        retry_helps=True,
    ),
    "OWNER_NOT_MAPPED": Guidance(
        "The owner here has no active user in Salesforce.",
        "The Owners page names no Salesforce user for them, or one who isn't active any more.",
        "Say on the Owners page who they are in Salesforce, and it goes out by itself; or choose another owner.",
    ),
    "PARENT_MISSING": _PARENT,
    "OUTCOME_UNKNOWN": Guidance(
        "Salesforce's answer was lost, so it isn't known yet what became of this.",
        "The connection broke after the record was sent.",
        "Nothing to do: Salesforce is asked until it is sure, so that nothing is made twice.",
        retry_helps=True,
    ),
    "UNUSABLE_VALUE": Guidance(
        "Salesforce holds a value that doesn't fit its field here.",
        "The field's type was changed in Salesforce after its map was made.",
        "Refresh the schema, then correct the field map.",
    ),
    "UNUSABLE_FILTER": Guidance(
        "The object's pull filter can't be asked any more, so nothing of it is pulled.",
        "A field of it was deleted, hidden from the connected user or retyped in Salesforce.",
        "Change or remove that condition on the object's page; its next pull goes on from there.",
    ),
    "OBJECT_FAILED": Guidance(
        "This part of the pull failed.",
        "The message says what stood in its way.",
        "Mend what the message names; the next pull goes on from there.",
        retry_helps=True,
    ),
    "JOB_RUNS": Guidance(
        "Something else has to end first.",
        "A changed map is still being worked off, or a job at Salesforce is still running.",
        "Nothing to do: it goes on by itself.",
        retry_helps=True,
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Guidance(
        "The picklist in Salesforce doesn't know the value sent, or none was sent where one is required.",
        "The field is restricted to its list, and its record type may allow only part of that list.",
        "Map the value to an allowed one, or add it to the picklist and record type in Salesforce.",
    ),
    "REQUIRED_FIELD_MISSING": Guidance(
        "A field that Salesforce requires is empty.",
        "Salesforce saves no record of this object without it.",
        "Fill the field here, or map one (or a default) to it, then retry.",
    ),
    "STRING_TOO_LONG": Guidance(
        "A text is longer than its field in Salesforce.",
        "Salesforce never shortens a text by itself.",
        "Shorten it here, or lengthen the field in Salesforce.",
    ),
    "INVALID_EMAIL_ADDRESS": Guidance(
        "Salesforce doesn't accept the e-mail address.",
        "It isn't a valid address by Salesforce's rules.",
        "Correct the address on the record.",
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Guidance(
        "A number is too large or too small for its field in Salesforce.",
        "The field has fewer digits than the number.",
        "Correct the number, or widen the field in Salesforce.",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Guidance(
        "A validation rule in Salesforce objects.",
        "Your org checks records before saving; the message is the rule's own.",
        "Change the record so that the rule is met, or ask a Salesforce admin to change the rule.",
    ),
    "FIELD_INTEGRITY_EXCEPTION": Guidance(
        "Two values don't go together in Salesforce.",
        "One field depends on another, such as state on country.",
        "Correct the fields that the message names.",
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": _LINK,
    "INVALID_FIELD_FOR_INSERT_UPDATE": Guidance(
        "The connected user may not write one of the fields.",
        "The field is read-only for this user, or can't be set through the API.",
        "Give the user edit access to the field (field-level security), or map it pull-only.",
    ),
    "INACTIVE_OWNER_OR_USER": Guidance(
        "The owner is an inactive Salesforce user.",
        "Salesforce doesn't let inactive users own new or changed records.",
        "Choose another owner on the record, or correct the Owners page.",
    ),
    "UNABLE_TO_LOCK_ROW": Guidance(
        "Somebody else was changing the same record or its account.",
        "Salesforce locks a record and its parent while it saves.",
        "Nothing to do: it is tried again on its own.",
        retry_helps=True,
    ),
    "REQUEST_LIMIT_EXCEEDED": Guidance(
        "The org's API calls are used up.",
        "All programs on this org share one allowance of calls in 24 hours, and a few at a time.",
        "It goes on when calls are free again. If it happens often, look at the other programs on the org, "
        "or buy a higher allowance.",
        retry_helps=True,
    ),
    "STORAGE_LIMIT_EXCEEDED": Guidance(
        "The org's storage is full.",
        "Salesforce takes no new records until there is room.",
        "Free or buy storage in Salesforce, then retry.",
    ),
    "ENTITY_IS_LOCKED": Guidance(
        "The record is locked in Salesforce.",
        "An approval is under way.",
        "Wait for the approval, or unlock the record in Salesforce, then retry.",
    ),
    "ENTITY_IS_ARCHIVED": Guidance(
        "Salesforce has archived this activity.",
        "Old activities can't be changed any more.",
        "Dismiss this; the activity stays as it is there.",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": Guidance(
        "The lead was converted in Salesforce.",
        "A converted lead can't be changed any more; its contact goes on.",
        "Pull: the person here moves to the contact by itself.",
    ),
    "UNREADABLE_ANSWER": Guidance(
        "Salesforce's answer couldn't be read.",
        "It was cut short, or something in between answered with a page.",
        "Nothing to do: what became of it is looked up before anything is sent again.",
        retry_helps=True,
    ),
    "NETWORK_TLS": Guidance(
        "Salesforce's certificate isn't trusted here.",
        "A proxy that opens connections, or missing root certificates, stands in between.",
        "Install the proxy's root certificate on this machine (REQUESTS_CA_BUNDLE).",
    ),
    "access_denied": Guidance(
        "Access was not granted at Salesforce.",
        "Somebody pressed “Deny”, or the app isn't allowed for this user.",
        "Connect again and press “Allow”; a Salesforce admin may have to permit the app for the user.",
    ),
    "REDIRECTED": Guidance(
        "Salesforce has moved to another address.",
        "The org got a new My Domain or moved to another instance.",
        "Sign in again on the integrations page.",
    ),
}
_SHARED = {
    _BUSY: "HTTP_406 HTTP_420 HTTP_429 HTTP_500 "
    "UNKNOWN_EXCEPTION INTERNAL_ERROR QUERY_TIMEOUT TXN_SECURITY_METERING_ERROR "
    "TOO_MANY_APEX_REQUESTS TooManyLockFailure ALL_OR_NONE_OPERATION_ROLLED_BACK PROCESSING_HALTED "
    "server_error ExceededQuota rate_limit_exceeded",
    _MAINTENANCE: "HTTP_503 SERVER_UNAVAILABLE INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE "
    "API_CURRENTLY_DISABLED temporarily_unavailable",
    _SESSION: "INVALID_SESSION_ID INVALID_AUTH_HEADER InvalidSessionId Bad_OAuth_Token Missing_OAuth_Token "
    "invalid_grant inactive_user login_required interaction_required",
    _GONE: "ENTITY_IS_DELETED NOT_FOUND",
    _RIGHTS: "INSUFFICIENT_ACCESS_OR_READONLY TRANSFER_REQUIRES_READ DELETE_FAILED "
    "DELETE_REQUIRED_ON_CASCADE TXN_SECURITY_NO_ACCESS TXN_SECURITY_RUNTIME_ERROR INSUFFICIENT_ACCESS",
    _AUTOMATION: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY CANNOT_EXECUTE_FLOW_TRIGGER APEX_ERROR",
    _LINK: "INVALID_CROSS_REFERENCE_KEY INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY MALFORMED_ID "
    "INVALID_ID_FIELD",
    _MAP: "INVALID_FIELD INVALID_TYPE JSON_PARSER_ERROR",
    _DUPLICATE: "DUPLICATES_DETECTED DUPLICATE_VALUE DUPLICATE_EXTERNAL_ID",
    _QUERY: "MALFORMED_QUERY QUERY_TOO_COMPLICATED OPERATION_TOO_LARGE",
    _CURSOR: "INVALID_QUERY_LOCATOR INVALID_REPLICATION_DATE EXCEEDED_ID_LIMIT",
    _APP: "invalid_client invalid_client_id invalid_request unsupported_grant_type invalid_app_access "
    "redirect_uri_mismatch unauthorized_client invalid_scope",
    _API_OFF: "API_DISABLED_FOR_ORG FUNCTIONALITY_NOT_ENABLED",
    _NETWORK: "NETWORK TIMEOUT HTTP_408 HTTP_502 HTTP_504",
    _NOT_MAPPED: "VALUE_NOT_MAPPED",
    _UNREADABLE: "UNREADABLE_OBJECT",
    _FAULT: "METHOD_NOT_ALLOWED UNSUPPORTED_MEDIA_TYPE INVALID_VERSION GONE INVALID_HEADER_TYPE HTTP_405 HTTP_410 "
    "HTTP_412 HTTP_414 HTTP_415 HTTP_428 HTTP_431",
}
_BY_CODE.update({code: text for text, codes in _SHARED.items() for code in codes.split()})
