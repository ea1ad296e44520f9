"""The org's schema, its allowances, and the organization itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from integrations.salesforce.describes import (
    FieldPicklist,
    ObjectDescribe,
    ObjectSummary,
    parse_describe,
    parse_field_picklist,
    parse_summary,
)
from integrations.salesforce.door import Door
from integrations.salesforce.errors import Gone, NeedsPerson, classify
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import name, quote, select
from integrations.salesforce.wire import NotModified, org_time

DATA = "/services/data/"
MASTER_RECORD_TYPE = "012000000000000AAA"


@dataclass(frozen=True)
class OrgInfo:
    """Which org it is. `id` has 18 characters."""

    id: str
    name: str
    type: str
    is_sandbox: bool
    instance_name: str
    time_zone: str


@dataclass(frozen=True)
class Identity:
    """Who signed in, to which org. Ids have 18 characters."""

    user_id: str
    org_id: str
    username: str
    display_name: str
    email: str
    time_zone: str
    locale: str
    active: bool


@dataclass(frozen=True)
class Limit:
    """An allowance: how much there is and how much is left."""

    max: int
    remaining: int


@dataclass(frozen=True)
class Limits:
    """The org's allowances by name, such as DailyApiRequests."""

    entries: Mapping[str, Limit]

    def get(self, limit_name: str) -> Limit | None:
        """The allowance of that name, None where the org has none."""
        return self.entries.get(limit_name)

    @property
    def daily_calls(self) -> Limit | None:
        """API calls in 24 hours."""
        return self.get("DailyApiRequests")


@dataclass(frozen=True)
class ApiVersion:
    """An API version the org speaks, such as 62.0."""

    version: str
    label: str
    url: str


class SchemaCalls(Door):
    """Reads of what the org is made of."""

    def versions(self) -> list[ApiVersion]:
        """The API versions of the instance, oldest first; needs no sign-in and costs no call."""
        rows = self._wire.request("GET", "/services/data", anonymous=True).json()
        return [ApiVersion(version=row["version"], label=row["label"], url=row["url"]) for row in rows]

    def organization(self) -> OrgInfo:
        """The org the tokens belong to."""
        fields = ("Id", "Name", "OrganizationType", "IsSandbox", "InstanceName", "TimeZoneSidKey")
        row = self._ask("query", params={"q": select(fields, "Organization", limit=1)})["records"][0]
        return OrgInfo(
            id=to18(row["Id"]),
            name=row["Name"],
            type=row["OrganizationType"] or "",
            is_sandbox=bool(row["IsSandbox"]),
            instance_name=row["InstanceName"] or "",
            time_zone=row["TimeZoneSidKey"] or "UTC",
        )

    def user(self, user_id: str, *, org_id: str = "") -> Identity:
        """A user of the org. Raises Gone if the connected user can't see them."""
        fields = ("Id", "Username", "Name", "Email", "TimeZoneSidKey", "LocaleSidKey", "IsActive")
        soql = select(fields, "User", where=f"Id = {quote(to18(user_id))}")
        rows = self._ask("query", params={"q": soql})["records"]
        if not rows:
            raise Gone(code="NOT_FOUND", message=f"No user {user_id}")
        return Identity(
            user_id=to18(rows[0]["Id"]),
            org_id=org_id,
            username=rows[0]["Username"] or "",
            display_name=rows[0]["Name"] or "",
            email=rows[0]["Email"] or "",
            time_zone=rows[0]["TimeZoneSidKey"] or "",
            locale=rows[0]["LocaleSidKey"] or "",
            active=bool(rows[0]["IsActive"]),
        )

    def describe_global(self) -> list[ObjectSummary]:
        """All objects the connected user sees."""
        return [parse_summary(row) for row in self._ask("sobjects")["sobjects"]]

    def describe(self, sobject: str, *, if_modified_since: datetime | None = None) -> ObjectDescribe | None:
        """The object with its fields; None if nothing changed since. Raises Gone if it isn't there.

        Give back `last_modified` of the describe held as `if_modified_since` (aware).
        """
        headers = (
            {"If-Modified-Since": format_datetime(if_modified_since, usegmt=True)}
            if if_modified_since
            else {}
        )
        try:
            raw = self._ask(f"sobjects/{name(sobject)}/describe", headers=headers)
        except NotModified:
            return None
        return parse_describe(raw, last_modified=org_time(self._answer(), "Last-Modified"))

    def describe_many(self, sobjects: Sequence[str]) -> dict[str, ObjectDescribe | None]:
        """Up to 25 objects in one call; None for one that the connected user can't see. Raises TryLater."""
        requests = [
            {"method": "GET", "url": self._path(f"sobjects/{name(item)}/describe").removeprefix(DATA)}
            for item in sobjects
        ]
        answer = self._ask("composite/batch", method="POST", body={"batchRequests": requests}, reads=True)
        return {item: _described(result) for item, result in zip(sobjects, answer["results"], strict=True)}

    def picklist_values(
        self, sobject: str, record_type_id: str = MASTER_RECORD_TYPE
    ) -> dict[str, FieldPicklist]:
        """The picklists of an object as one record type allows them, by field name."""
        path = f"ui-api/object-info/{name(sobject)}/picklist-values/{to18(record_type_id)}"
        found = (self._ask(path) or {}).get("picklistFieldValues", {})
        return {api_name: parse_field_picklist(api_name, raw) for api_name, raw in found.items()}

    def limits(self) -> Limits:
        """What is left of the org's allowances."""
        rows = self._ask("limits") or {}
        return Limits({key: Limit(max=row["Max"], remaining=row["Remaining"]) for key, row in rows.items()})

    def record_counts(self, sobjects: Sequence[str]) -> dict[str, int]:
        """About how many records there are (Salesforce counts now and then); unknown objects are left out."""
        if not sobjects:
            return {}
        params = {"sObjects": ",".join(name(item) for item in sobjects)}
        found = self._ask("limits/recordCount", params=params) or {}
        return {row["name"]: row["count"] for row in found.get("sObjects", ())}


def _described(result: Mapping[str, Any]) -> ObjectDescribe | None:
    if result["statusCode"] < 300:
        return parse_describe(result["result"])
    error = classify(result["statusCode"], result["result"], None)
    if isinstance(error, NeedsPerson | Gone):
        return None
    raise error
