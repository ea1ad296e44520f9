"""The people of an org: its rows of User."""

from typing import Any

from sandbox.ids import is_id, to18
from sandbox.ledger import Ledger
from sandbox.oauth.people import Person
from sandbox.org import Org

_SOQL = (
    "SELECT Id, Username, Name, FirstName, LastName, Email, IsActive, UserType, TimeZoneSidKey, LocaleSidKey,"
    " LanguageLocaleKey, LastModifiedDate FROM User"
)


class OrgPeople:
    """Reads with the sight of `system_user`. Who has no API permission is an option of the ledger."""

    def __init__(self, org: Org, ledger: Ledger, system_user: str) -> None:
        self._org = org
        self._ledger = ledger
        self._system_user = system_user

    def by_id(self, user_id: str) -> Person | None:
        return self._one(f"Id = '{to18(user_id)}'") if is_id(user_id) else None

    def by_username(self, username: str) -> Person | None:
        escaped = username.replace("\\", "\\\\").replace("'", "\\'")
        return self._one(f"Username = '{escaped}'")

    def everyone(self) -> list[Person]:
        return self._read(f"{_SOQL} ORDER BY Name")

    def _one(self, condition: str) -> Person | None:
        return next(iter(self._read(f"{_SOQL} WHERE {condition} LIMIT 1")), None)

    def _read(self, soql: str) -> list[Person]:
        without_api = set(self._ledger.option("without_api", []))
        rows = self._org.query(soql, user_id=self._system_user).records()
        return [_person(row, api_enabled=row["Id"] not in without_api) for row in rows]


def _person(row: dict[str, Any], *, api_enabled: bool) -> Person:
    return Person(
        id=row["Id"],
        username=row["Username"],
        name=row["Name"] or row["Username"],
        email=row["Email"] or "",
        active=bool(row["IsActive"]),
        api_enabled=api_enabled,
        first_name=row["FirstName"] or "",
        last_name=row["LastName"] or "",
        timezone=row["TimeZoneSidKey"] or "UTC",
        locale=row["LocaleSidKey"] or "en_US",
        language=row["LanguageLocaleKey"] or "en_US",
        user_type=row["UserType"] or "Standard",
        last_modified=row["LastModifiedDate"] or "",
    )
