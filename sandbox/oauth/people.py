"""The users of the org as the sign-in knows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """A row of User, as far as signing in needs it; `id` has 18 characters."""

    id: str
    username: str
    name: str
    email: str
    active: bool = True
    api_enabled: bool = True
    first_name: str = ""
    last_name: str = ""
    timezone: str = "UTC"
    locale: str = "en_US"
    language: str = "en_US"
    user_type: str = "Standard"
    last_modified: str = ""


class People(Protocol):
    def by_id(self, user_id: str) -> Person | None: ...

    def by_username(self, username: str) -> Person | None: ...

    def everyone(self) -> list[Person]: ...


class Roster:
    """People from a list, for a sign-in without an org behind it."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = list(people)

    def by_id(self, user_id: str) -> Person | None:
        return next((person for person in self._people if person.id == user_id), None)

    def by_username(self, username: str) -> Person | None:
        wanted = username.lower()
        return next((person for person in self._people if person.username.lower() == wanted), None)

    def everyone(self) -> list[Person]:
        return list(self._people)
