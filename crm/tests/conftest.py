import pytest
from django.test import Client

from crm.models import User
from crm.roles import Role
from crm.tests.factories import make_user


@pytest.fixture
def ann(db: None) -> User:
    """A seller."""
    return make_user(Role.SALES, username="ann", email="ann@acme.example", first_name="Ann", last_name="Ash")


@pytest.fixture
def as_ann(ann: User) -> Client:
    client = Client()
    client.force_login(ann)
    return client
