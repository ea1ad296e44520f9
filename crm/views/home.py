"""Sales home: what is mine, by stage; and what to do first while there is nothing."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count as DatabaseCount
from django.http import HttpResponse

from crm.duplicates import twins_of_mine
from crm.listing import COUNT_LIMIT, bounded_count
from crm.models import Account, Contact, ContactStage, Deal, DealStage, User
from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required

RECORDS: tuple[Any, ...] = (Contact, Account, Deal)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of mine stand in a stage; `percent` of all mine, for the bar. No stage has an empty name."""

    name: str
    stage: int | None
    number: int
    percent: int


@role_required(Role.SALES)
def home(request: SignedInRequest) -> HttpResponse:
    mine = {model: model._default_manager.filter(owner=request.user, hidden=False) for model in RECORDS}
    counts = {model._meta.model_name: bounded_count(rows) for model, rows in mine.items()}
    context = {
        "counts": counts,
        "is_empty": not any(counts.values()),
        "twins": twins_of_mine(request.user),
        "deal_stages": by_stage(Deal, DealStage, request.user),
        "people_stages": by_stage(Contact, ContactStage, request.user),
    }
    return render_page(request, "crm/home.html", context, title="Home")


def by_stage(model: Any, stages: Any, user: User) -> list[Share]:
    """The stages in their order, of 10,000 records at most; those without any of mine are left out."""
    mine = model.objects.filter(owner=user, hidden=False).order_by()
    some = model.objects.filter(pk__in=mine.values("pk")[:COUNT_LIMIT])
    counted = some.order_by().values("stage").annotate(number=DatabaseCount("pk"))
    numbers = dict(counted.values_list("stage", "number"))
    total = sum(numbers.values()) or 1
    names = [
        *stages.objects.filter(pk__in=[pk for pk in numbers if pk]).values_list("pk", "name"),
        (None, ""),
    ]
    return [
        Share(name, pk, numbers[pk], round(100 * numbers[pk] / total)) for pk, name in names if pk in numbers
    ]
