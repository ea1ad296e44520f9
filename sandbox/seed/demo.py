"""The demo: some forty companies, their people, leads and deals, and every oddity a sync must survive.

The same rows every time; only their dates are counted back from the day the org is made.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice, product
from random import Random
from typing import Any

from sandbox.org import Org
from sandbox.seed.names import COMPANIES, FREE_MAIL, LONG_LINES, PEOPLE, TITLES
from sandbox.seed.stages import STAGE_NAMES, stage_values
from sandbox.seed.stamps import as_stored, days_before
from sandbox.seed.users import USERS

CONTACTS, LEADS, OPPORTUNITIES = 380, 130, 115
LONG_TEXT = 32_000
SOURCES = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]
ROLES = ["Decision Maker", "Influencer", "Evaluator", "Economic Buyer"]

Row = dict[str, Any]


@dataclass
class Demo:
    org: Org
    now: datetime
    queues: list[str]
    random: Random = field(default_factory=lambda: Random(20240229))

    def plant(self) -> None:
        accounts = self._accounts()
        contacts = self._contacts(accounts)
        self._opportunities(accounts, contacts)
        self._leads(contacts)
        self._removed(accounts, contacts)

    def _stamped(self, row: Row, days: float | None = None) -> Row:
        """With an owner and dates: made in the last 400 days, touched since."""
        made = self.random.uniform(20, 400) if days is None else days
        touched = as_stored(days_before(self.now, self.random.uniform(1, made)))
        owner = self.random.choice(USERS[2:])
        who = {"OwnerId": owner.id, "CreatedById": USERS[0].id, "LastModifiedById": owner.id}
        dates = {"LastModifiedDate": touched, "SystemModstamp": touched}
        return who | {"CreatedDate": as_stored(days_before(self.now, made))} | dates | row

    def _accounts(self) -> list[Row]:
        rows = []
        for number, (name, domain, country) in enumerate(COMPANIES, 1):
            row = {
                "Name": name,
                "Website": f"https://www.{domain}" if domain else None,
                "BillingCountry": country,
                "BillingStreet": f"{number} Main Street\nFloor {number % 5}",
                "Phone": f"+1 555 01{number:02}",
                "Industry": self.random.choice(["Banking", "Energy", "Retail", "Technology", None]),
                "NumberOfEmployees": self.random.randint(1, 20_000),
                "AnnualRevenue": self.random.randint(1, 900) * 10_000,
                "Description": long_text(number) if number == 1 else None,
            }
            rows.append(self._stamped(row))
        return self._insert("Account", rows)

    def _contacts(self, accounts: list[Row]) -> list[Row]:
        rows = []
        for number, ((first, last), account) in enumerate(islice(zip(names(), cycle(accounts)), CONTACTS), 1):
            domain = (account["Website"] or "https://www.personal.example").removeprefix("https://www.")
            row = {
                "FirstName": None if number % 45 == 0 else first,
                "LastName": last,
                "Email": None if number % 19 == 0 else f"person{number}@{domain}",
                "AccountId": None if number % 31 == 0 else account["Id"],
                "Title": self.random.choice(TITLES),
                "Phone": f"+49 30 {number:06}",
                "MailingCity": self.random.choice(["Αθήνα", "São Paulo", "東京", "Zürich", "القاهرة"]),
                "MailingCountry": account["BillingCountry"],
                "LeadSource": self.random.choice(SOURCES),
                "HasOptedOutOfEmail": number % 17 == 0,
                "Description": long_text(number) if number in (7, 8) else None,
            }
            rows.append(self._stamped(row))
        loaded = as_stored(days_before(self.now, 33))
        for row in rows[100:160]:  # one data load: sixty rows on one stamp
            row |= {"SystemModstamp": loaded, "LastModifiedDate": loaded, "CreatedDate": loaded}
        return self._insert("Contact", rows + self._duplicates(rows))

    def _duplicates(self, rows: list[Row]) -> list[Row]:
        """The same e-mail in other case, and the same name at the same company."""
        mailed = [row for row in rows if row["Email"] and row["AccountId"]]
        again = [{**row, "Email": row["Email"].upper(), "Title": "Duplicate"} for row in mailed[:8]]
        namesakes = [
            {**row, "Email": f"second{n}@namesake.example"} for n, row in enumerate(mailed[20:26], 1)
        ]
        return again + namesakes

    def _opportunities(self, accounts: list[Row], contacts: list[Row]) -> None:
        rows = []
        for number in range(1, OPPORTUNITIES + 1):
            account, stage = self.random.choice(accounts), self.random.choice(STAGE_NAMES)
            what = self.random.choice(["Pilot", "Renewal", "Rollout"])
            row = {
                "Name": f"{account['Name'][:80]} – {what} {number}",
                "AccountId": account["Id"],
                **stage_values(stage),
                "Amount": None if number % 13 == 0 else self.random.randint(1, 500) * 1000.5,
                "CloseDate": days_before(self.now, self.random.randint(-120, 200)).date().isoformat(),
                "LeadSource": self.random.choice(SOURCES),
                "NextStep": "Ask “when?”" if number % 7 == 0 else None,
            }
            rows.append(self._stamped(row))
        self._roles(self._insert("Opportunity", rows), contacts)

    def _roles(self, opportunities: list[Row], contacts: list[Row]) -> None:
        by_account: dict[str, list[Row]] = {}
        for contact in contacts:
            by_account.setdefault(contact["AccountId"], []).append(contact)
        rows = []
        for opportunity in opportunities:
            known = by_account.get(opportunity["AccountId"], [])
            for place, contact in enumerate(self.random.sample(known, min(len(known), 2))):
                row = {"OpportunityId": opportunity["Id"], "ContactId": contact["Id"]}
                rows.append(row | {"Role": self.random.choice(ROLES), "IsPrimary": place == 0})
        self.org.raw_insert("OpportunityContactRole", rows)

    def _leads(self, contacts: list[Row]) -> None:
        rows = []
        for number, (first, last) in enumerate(islice(names(), 40, 40 + LEADS), 1):
            free = number % 6 == 0
            domain = self.random.choice(FREE_MAIL) if free else self.random.choice(COMPANIES)[1]
            row = {
                "FirstName": first,
                "LastName": last,
                "Company": "[not provided]" if free else self.random.choice(COMPANIES)[0],
                "Email": f"lead{number}@{domain or 'unknown.example'}",
                "Status": self.random.choice(["Open - Not Contacted", "Working - Contacted"]),
                "LeadSource": self.random.choice(SOURCES),
                "Rating": self.random.choice(["Hot", "Warm", "Cold", None]),
            }
            rows.append(self._stamped(row))
        for row, queue in zip(rows[::11], cycle(self.queues)):
            row["OwnerId"] = queue
        self._insert("Lead", rows + self._leads_of(contacts))

    def _leads_of(self, contacts: list[Row]) -> list[Row]:
        """Leads that are contacts too: some by e-mail alone, some converted."""
        mailed = [contact for contact in contacts if contact["Email"] and contact["AccountId"]][40:65]
        rows = []
        for number, contact in enumerate(mailed):
            row = {
                "FirstName": contact["FirstName"],
                "LastName": contact["LastName"],
                "Company": "Same Person Ltd",
                "Email": contact["Email"].swapcase() if number % 3 == 0 else contact["Email"],
                "Status": "Open - Not Contacted",
            }
            if number >= 12:
                row |= {
                    "Status": "Closed - Converted",
                    "IsConverted": True,
                    "ConvertedDate": days_before(self.now, 15).date().isoformat(),
                    "ConvertedAccountId": contact["AccountId"],
                    "ConvertedContactId": contact["Id"],
                }
            rows.append(self._stamped(row))
        return rows

    def _removed(self, accounts: list[Row], contacts: list[Row]) -> None:
        """The recycle bin: what was merged away (its master named) and what was just deleted."""
        gone = {"IsDeleted": True}
        for number in range(5):
            master = contacts[60 + number]
            merged = {
                "FirstName": master["FirstName"],
                "LastName": master["LastName"],
                "Email": master["Email"],
            }
            self._insert(
                "Contact",
                [
                    self._stamped(merged | gone | {"MasterRecordId": master["Id"]}, days=9),
                    self._stamped(
                        {"LastName": f"Deleted {number}", "Email": f"gone{number}@left.example"} | gone, 6
                    ),
                ],
            )
        merged = {"Name": "Tailspin Toys (old)", "MasterRecordId": accounts[24]["Id"]}
        self._insert(
            "Account", [self._stamped(merged | gone, 8), self._stamped({"Name": "Closed Down Co"} | gone, 5)]
        )
        lead = {"LastName": "Vanished", "Company": "Gone", "Status": "Open - Not Contacted"}
        self._insert(
            "Lead", [self._stamped(lead | gone | {"Email": f"v{n}@gone.example"}, 4) for n in range(3)]
        )
        deal = {"Name": "Deleted deal", "StageName": "Prospecting", "CloseDate": self.now.date().isoformat()}
        self._insert("Opportunity", [self._stamped(deal | gone, 7)])

    def _insert(self, name: str, rows: list[Row]) -> list[Row]:
        ids = self.org.raw_insert(name, rows)
        return [row | {"Id": record_id} for row, record_id in zip(rows, ids, strict=True)]


def names() -> list[tuple[str, str]]:
    """Every first with every last name of its language, the languages taken in turn."""
    languages = [list(product(firsts, lasts)) for firsts, lasts in PEOPLE.values()]
    longest = max(map(len, languages))
    return [pairs[turn] for turn in range(longest) for pairs in languages if turn < len(pairs)]


def long_text(number: int) -> str:
    """As long as a long text area may be, with everything in it that breaks careless code."""
    start = "\r\n".join(LONG_LINES) + "\r\n"
    return (start * (LONG_TEXT // len(start) + 1))[number : LONG_TEXT + number]
