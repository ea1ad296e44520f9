"""Rows for tests, with good defaults."""

from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from crm.models import Account, Contact, Deal, DealStage, Pipeline, User
from crm.roles import Role

_numbers = count(1)


@cache
def hashed(password: str) -> str:
    """Hashing is slow on purpose; once a test run is enough."""
    return make_password(password)


def make_user(role: Role | None = Role.SALES, **fields: Any) -> User:
    number = next(_numbers)
    fields = {"username": f"user{number}", "email": f"user{number}@example.com"} | fields
    user = User.objects.create(password=hashed("pass"), **fields)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return user


def make_account(**fields: Any) -> Account:
    return Account.objects.create(**({"name": f"Account {next(_numbers)}"} | fields))


def make_contact(**fields: Any) -> Contact:
    number = next(_numbers)
    defaults = {"first_name": "Ann", "last_name": f"Person{number}", "email": f"ann{number}@example.com"}
    return Contact.objects.create(**(defaults | fields))


def make_deal(**fields: Any) -> Deal:
    return Deal.objects.create(**({"name": f"Deal {next(_numbers)}"} | fields))


def make_stage(name: str = "Prospecting", *, locked: bool = False, **fields: Any) -> DealStage:
    pipeline, _ = Pipeline.objects.get_or_create(name="Salesforce", defaults={"locked": locked})
    return DealStage.objects.create(name=name, pipeline=pipeline, **fields)
