import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from config.security import PAGE_POLICY, ContentSecurityPolicy


@pytest.mark.django_db
def test_pages_carry_the_policy_and_refuse_frames(client: Client) -> None:
    answer = client.get("/admin/login/")

    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_view_may_be_stricter() -> None:
    def strict(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})

    answer = ContentSecurityPolicy(strict)(RequestFactory().get("/"))

    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_sign_in_page_keeps_to_the_policy(live_server: LiveServer, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    page.goto(f"{live_server.url}/admin/login/")

    assert page.locator("input[name=username]").is_visible()
    assert not [complaint for complaint in complaints if "Content Security Policy" in complaint]
