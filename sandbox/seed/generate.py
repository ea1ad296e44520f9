"""Any number of plain rows, fast, and the same for the same seed number: what benchmarks load."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sandbox.org import Org
from sandbox.seed.names import COMPANIES, PEOPLE
from sandbox.seed.stages import STAGE_NAMES, stage_values
from sandbox.seed.stamps import as_stored

CHUNK = 10_000
ROWS_A_SECOND = 200
"""How many rows share a SystemModstamp, as in an org that was loaded by the API."""

Row = dict[str, Any]
Maker = Callable[[int, Random, list[str]], Row]

_FIRSTS = [name for firsts, _ in PEOPLE.values() for name in firsts]
_LASTS = [name for _, lasts in PEOPLE.values() for name in lasts]
_COUNTRIES = [country for _, _, country in COMPANIES]


def generate(org: Org, name: str, count: int, *, seed: int, now: datetime, owner: str) -> None:
    """Load `count` rows; contacts and opportunities go to the accounts that are there."""
    random, maker = Random(f"{name} {seed}"), GENERATORS[name]
    accounts = _accounts(org, owner) if name in ("Contact", "Opportunity") else []
    rows = (maker(number, random, accounts) for number in range(1, count + 1))
    stamped = _stamped(rows, count, now=now, owner=owner)
    while chunk := list(islice(stamped, CHUNK)):
        org.raw_insert(name, chunk)


def _stamped(rows: Iterator[Row], count: int, *, now: datetime, owner: str) -> Iterator[Row]:
    """Stamps rise to `now`; a stamp is rendered once for all its rows."""
    start = now - timedelta(seconds=count // ROWS_A_SECOND + 1)
    stamp = ""
    for number, row in enumerate(rows):
        if number % ROWS_A_SECOND == 0:
            stamp = as_stored(start + timedelta(seconds=number // ROWS_A_SECOND))
        row["CreatedDate"] = row["LastModifiedDate"] = row["SystemModstamp"] = stamp
        row["OwnerId"] = row["CreatedById"] = row["LastModifiedById"] = owner
        yield row


def _account(number: int, random: Random, accounts: list[str]) -> Row:
    return {
        "Name": f"Company {number}",
        "Website": f"https://www.company{number}.example",
        "Phone": f"+1 555 {number:07}",
        "BillingCountry": random.choice(_COUNTRIES),
        "NumberOfEmployees": random.randrange(1, 50_000),
    }


def _contact(number: int, random: Random, accounts: list[str]) -> Row:
    return {
        "FirstName": random.choice(_FIRSTS),
        "LastName": f"{random.choice(_LASTS)} {number}",
        "Email": f"contact{number}@company{number % 5000}.example",
        "Phone": f"+1 555 {number:07}",
        "Title": "Buyer",
        "MailingCountry": random.choice(_COUNTRIES),
        "AccountId": accounts[number % len(accounts)] if accounts else None,
    }


def _lead(number: int, random: Random, accounts: list[str]) -> Row:
    return {
        "FirstName": random.choice(_FIRSTS),
        "LastName": f"{random.choice(_LASTS)} {number}",
        "Company": f"Prospect {number % 10_000}",
        "Email": f"lead{number}@prospect{number % 10_000}.example",
        "Status": "Open - Not Contacted",
    }


def _opportunity(number: int, random: Random, accounts: list[str]) -> Row:
    return {
        "Name": f"Deal {number}",
        **stage_values(random.choice(STAGE_NAMES)),
        "Amount": random.randrange(100, 1_000_000) / 2,
        "CloseDate": f"2030-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}",
        "AccountId": accounts[number % len(accounts)] if accounts else None,
    }


GENERATORS: dict[str, Maker] = {
    "Account": _account,
    "Contact": _contact,
    "Lead": _lead,
    "Opportunity": _opportunity,
}


def _accounts(org: Org, user: str) -> list[str]:
    found = org.query("SELECT Id FROM Account ORDER BY Id LIMIT 50000", user_id=user)
    return [row[0] for row in found.rows()]
