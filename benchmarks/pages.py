"""python -m benchmarks.pages: how long each page takes, and how many queries, in a workspace of a million people.

The real views through Django's test client, in a database of its own on the test servers, which goes afterwards.
"""

import argparse
import io
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from statistics import median, quantiles
from urllib.parse import quote

os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "LOCKSTEP_SERVERS": "test", "DEBUG": "on"}
os.environ.pop("DATABASE_URL", None)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection as database  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.filling import fill  # noqa: E402
from crm.listing import COUNT_LIMIT  # noqa: E402
from crm.models import Account, Contact, ContactStage, Deal, DealStage, User  # noqa: E402
from integrations.models import SyncError  # noqa: E402

TARGET = 0.2  # seconds that 95 of 100 requests stay below (docs/pages.md)
NEXT = re.compile(r"after=(\d+)")
SEARCHES = {
    "a rare word": "quetzalcoatl",
    "a common first name": "james",
    "two common words": "james smith",
    "a common and a rare word": "james quetzalcoatl",
    "an e-mail": "james.smith42@gmail.com",
    "a mail host of thousands": "gmail.com",
    "a company of the oldest rows alone": "bigcorp",
    "common, but for the newest": "james bigcorp",
    "one letter": "j",
    "one letter, seldom": "q",
    "nothing there": "xyzzyx",
    "a hostile text": "') | 'a':* & (!",
    "ten single letters": "a b c d e f g h i j",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, and the queries of one request."""

    times: list[float]
    queries: int

    def __str__(self) -> str:
        mark = "" if self.p95 < TARGET else " **"
        return f"{1000 * median(self.times):6.0f} {1000 * self.p95:6.0f} {self.queries:4}{mark}"

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--keep", action="store_true", help="keep the database, and use it again")
    options = parser.parse_args()
    for people in options.people:
        with workspace_of(people, keep=options.keep):
            say(f"\n{people:,} people: p50 ms, p95 ms, queries")
            for name, page in pages().items():
                if options.only in name:
                    say(f"{name:55} {measured(page, options.requests)}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def workspace_of(people: int, *, keep: bool) -> Iterator[None]:
    """A database with so many people."""
    settings.DEBUG = False  # which would keep every query's text
    settings.ALLOWED_HOSTS = ["testserver"]
    usual = database.settings_dict["NAME"]
    database.settings_dict["TEST"]["NAME"] = f"pages_{people}"
    database.creation.create_test_db(verbosity=0, autoclobber=not keep, serialize=False, keepdb=keep)
    try:
        if not Contact.objects.exists():
            began = time.perf_counter()
            fill(people)
            say(f"filled in {time.perf_counter() - began:.0f} s")
        yield
    finally:
        database.creation.destroy_test_db(usual, verbosity=0, keepdb=keep)


def measured(page: Callable[[], None], requests: int) -> Measured:
    """The first request, which also warms the caches, is for counting alone."""
    with CaptureQueriesContext(database) as captured:
        page()
        queries = len(captured)
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        page()
        times.append(time.perf_counter() - began)
    return Measured(times, queries)


def pages() -> dict[str, Callable[[], None]]:
    """What to measure, by name."""
    first, admin = User.objects.order_by("pk")[:2]
    seller, staff = signed_in(first), signed_in(admin)
    found = {title: (seller, address) for title, address in lists(seller).items()}
    found |= {title: (seller, address) for title, address in records().items()}
    found |= {title: (staff, address) for title, address in machine_rows().items()}
    return {title: opener(*page) for title, page in found.items()} | {"manage.py salesforce status": status}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def opener(client: Client, address: str) -> Callable[[], None]:
    def open_page() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")

    return open_page


def lists(client: Client) -> dict[str, str]:
    rare, common = stage_ids()
    found: dict[str, str] = {}
    for name in ("people", "accounts", "deals"):
        found |= {
            name: f"/{name}/",
            f"{name}, 20th page": twentieth_page(client, f"/{name}/?"),
            f"{name}, mine": f"/{name}/?owner=me",
            f"{name}, without stage": f"/{name}/?stage=none",
            f"{name}, mine, found": f"/{name}/?owner=me&q=b",
        }
    found |= {
        "people, a common stage": f"/people/?stage={common}",
        "people, mine, a rare stage": f"/people/?owner=me&stage={rare}",
        "people, mine, common name": "/people/?owner=me&q=james",
        "people, a rare stage, common name": f"/people/?stage={rare}&q=james",
        "people, potential duplicates": "/people/?duplicates=yes",
        "people, potential duplicates found": "/people/?duplicates=yes&q=james",
        "people of an account": "/people/?account=5",
        "people of an account, found": "/people/?account=5&q=a",
        "people, common name, 20th page": twentieth_page(client, "/people/?q=james&"),
        "people, oldest company, 20th page": twentieth_page(client, "/people/?q=bigcorp&"),
        "deals, board": "/deals/?view=board",
        "deals, found": "/deals/?q=renewal",
        "accounts, found": "/accounts/?q=group",
        "accounts by a city": "/accounts/?q=london",
        "accounts to choose from": "/accounts/choices/?account_search=b",
    }
    return found | {f"people: {title}": f"/people/?q={quote(text)}" for title, text in SEARCHES.items()}


def stage_ids() -> tuple[int, int]:
    """The rarest and the commonest stage of people."""
    ids = list(ContactStage.objects.order_by("pk").values_list("pk", flat=True))
    return ids[-1], ids[0]


def twentieth_page(client: Client, address: str) -> str:
    """Reached by its links."""
    place = address
    for _ in range(19):
        onward = NEXT.search(client.get(place).content.decode())
        if onward is None:
            break
        place = f"{address}{onward[0]}"
    return place


def records() -> dict[str, str]:
    account, deal = Account.objects.order_by("pk")[5], Deal.objects.order_by("pk")[5]
    ids = ",".join(map(str, Contact.objects.order_by("-pk").values_list("pk", flat=True)[:50]))
    return {
        "a person changed 5,000 times": "/people/1/",
        "their history further back": "/people/1/history/?before=4000",
        "why a field has its value": "/people/1/why/title/",
        "why another has it": "/people/1/why/city/",
        "a person with a potential duplicate": "/people/100/",
        "compare and merge": "/people/100/compare/101/",
        "whom to merge with": "/people/100/merge/",
        "whom to merge with, found": "/people/100/merge/?q=james",
        "an account's page": f"/accounts/{account.pk}/",
        "a deal's page": f"/deals/{deal.pk}/",
        "fifty badges": f"/integrations/fragments/badges/contact/?ids={ids}",
        "home": "/home/",
        "home, my problems": "/integrations/fragments/home/",
    }


def machine_rows() -> dict[str, str]:
    last = min(SyncError.objects.count(), COUNT_LIMIT) // 50
    errors, waiting, runs = (
        f"/admin/integrations/{name}/" for name in ("syncerror", "outboxentry", "syncrun")
    )
    return {
        "overview": "/integrations/salesforce/",
        "overview's progress": "/integrations/salesforce/progress/",
        "connection": "/integrations/salesforce/connection/",
        "skipped": "/integrations/skipped/",
        "skipped, of accounts": "/integrations/skipped/?object=Account",
        "not visible": "/integrations/not-visible/",
        "conflicts": "/integrations/conflicts/",
        "owners": "/integrations/salesforce/owners/",
        "owners, what each has": "/integrations/salesforce/owners/counts/",
        "errors": errors,
        "errors, closed": f"{errors}?state=closed",
        "errors, all": f"{errors}?state=all",
        "errors, last page": f"{errors}?state=all&p={last}",
        "errors, one code": f"{errors}?code=DUPLICATES_DETECTED",
        "errors, of pulls": f"{errors}?source__exact=pull",
        "errors, found": f"{errors}?q=LastName",
        "errors, nothing found": f"{errors}?q=xyzzyx",
        "errors, by id": f"{errors}?q=003000000000000420",
        "waiting": waiting,
        "waiting, held": f"{waiting}?state__exact=held",
        "waiting, backfill": f"{waiting}?live__exact=0",
        "waiting, sent": f"{waiting}?state__exact=in_flight",
        "runs": runs,
        "runs, failed": f"{runs}?state__exact=failed",
        "runs, by hand": f"{runs}?trigger__exact=manual",
        "runs, of accounts": f"{runs}?object=Account",
        "audit": "/admin/integrations/auditentry/",
        "audit, found": "/admin/integrations/auditentry/?q=settings",
        "deal stages": f"/admin/crm/dealstage/{DealStage.objects.order_by('pk')[0].pk}/change/",
    }


def status() -> None:
    with redirect_stdout(io.StringIO()):
        call_command("salesforce", "status")


if __name__ == "__main__":
    main()
