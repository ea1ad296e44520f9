import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_healthy_installation_says_so(client: Client) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"database": True, "broker": True}
