"""Times and numbers as every page shows them, and messages that travel with fragments."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from crm.middleware import FragmentMessages, TimezoneMiddleware
from crm.models import User
from crm.templatetags.lockstep import (
    ago,
    day_or_text,
    duration,
    is_web_address,
    money,
    number,
    relative,
    web_address,
)

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "just now"),
        (40, "40 s ago"),
        (180, "3 min ago"),
        (2 * 3600 + 600, "2 h ago"),
        (86400 * 3, "3 days ago"),
        (86400 * 60, "2 Apr 2030"),
        (-(4 * 3600 + 12 * 60), "in 4 h 12 min"),
    ],
)
def test_times_are_relative(seconds: int, said: str) -> None:
    assert relative(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (3600, "1 h"), (90_000, "1 day 1 h"), (300_000, "3 days")]
)
def test_stretches_of_time_have_two_units_at_most(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_the_exact_time_is_there_on_hover_in_the_viewers_zone() -> None:
    with timezone.override("Europe/Paris"):
        assert 'title="1 Jun 2030, 14:00:00 CEST"' in ago(NOW)


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234567, "1,234,567"), (Decimal("12.50"), "12.5"), (Decimal("1000.00"), "1,000"), (None, ""), (0, "0")],
)
def test_numbers_have_separators(value: Any, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("421210.50"), "421,210.50"),
        (1000, "1,000.00"),
        (0.125, "0.125"),
        (Decimal("-1E+3"), "-1,000.00"),
        ("many", "many"),
        ("NaN", "NaN"),
        (None, ""),
    ],
)
def test_money_has_two_decimals(value: Any, said: str) -> None:
    assert money(value) == said


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://acme.example/x", True),
        ("www.acme.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("see our page", False),
        ("https://a b", False),
    ],
)
def test_only_web_addresses_become_links(text: str, is_one: bool) -> None:
    assert is_web_address(text) is is_one


def test_a_bare_host_is_opened_by_https() -> None:
    assert web_address("www.acme.example") == "https://www.acme.example"


@pytest.mark.parametrize(
    ("value", "said"), [(date(2030, 1, 31), "31 Jan 2030"), ("2030-01-31", "31 Jan 2030"), ("soon", "soon")]
)
def test_days_of_custom_fields_are_texts(value: Any, said: str) -> None:
    assert day_or_text(value) == said


def answer_to(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Saved – 1 person")
    return HttpResponse("fragment")


@pytest.mark.parametrize(("htmx", "travels"), [(True, True), (False, False)])
def test_messages_travel_with_fragments_only(htmx: bool, travels: bool) -> None:
    request: Any = RequestFactory().get("/")
    request.htmx = htmx
    request._messages = CookieStorage(request)
    response = FragmentMessages(answer_to)(request)
    assert ("HX-Trigger" in response.headers) is travels


def test_times_are_shown_in_the_viewers_zone() -> None:
    request: Any = RequestFactory().get("/")
    request.user = User(time_zone="Asia/Tokyo")
    shown = TimezoneMiddleware(lambda _: HttpResponse(timezone.get_current_timezone_name()))(request)
    assert shown.content == b"Asia/Tokyo"


@override_settings(DEBUG=True)
def test_a_missing_record_is_told_in_words_under_debug_too(as_ann: Client) -> None:
    assert "may have been deleted" in as_ann.get("/people/4711/").content.decode()
