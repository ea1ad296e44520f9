"""How times, numbers and counts read on every page. `{% load lockstep %}`"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.layout import several
from crm.models import User
from crm.roles import Role, has_role

register = template.Library()

WEB_ADDRESS = re.compile(r"(https?://[^\s]+|[\w-]+(\.[\w-]+)+(:\d+)?(/[^\s]*)?)", re.IGNORECASE)
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """4 h 12 min; at most two units, the smaller only where it tells something."""
    whole = int(abs(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        minutes = whole % HOUR // MINUTE
        return f"{whole // HOUR} h" + (f" {minutes} min" if minutes else "")
    days, hours = whole // DAY, whole % DAY // HOUR
    return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours and days < 3 else "")


def relative(moment: datetime, now: datetime) -> str:
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 10:
        return "just now"
    if seconds > 30 * DAY:
        return formats.date_format(timezone.localtime(moment), "j M Y")
    return f"{rounded(seconds)} ago" if seconds > 0 else f"in {duration(seconds)}"


def rounded(seconds: float) -> str:
    """The past needs one unit only."""
    return duration(seconds - seconds % (DAY if seconds >= DAY else HOUR if seconds >= HOUR else 1))


@register.filter
def ago(moment: datetime | None, otherwise: str = "never") -> SafeString | str:
    """`3 min ago` or `in 4 h 12 min`, the exact time on hover."""
    if moment is None:
        return otherwise
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        exact(moment),
        relative(moment, timezone.now()),
    )


@register.filter
def exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'j M Y, H:i:s')} {local.tzname()}"


@register.filter
def upcoming(moment: datetime) -> str:
    """A moment to come, to the minute: `on 24 Nov at 08:06`."""
    return formats.date_format(timezone.localtime(moment), r"\o\n j M \a\t H:i")


@register.filter
def lasts(span: timedelta | float | None) -> str:
    """A stretch of time in words: `4 h 12 min`."""
    if span is None:
        return ""
    return duration(span.total_seconds() if isinstance(span, timedelta) else span)


@register.filter
def number(value: int | float | Decimal | None, otherwise: str = "") -> str:
    """12,345; decimals only where there are any. What is no number, as SQL may write into a custom field, stays."""
    if value is None:
        return otherwise
    try:
        exact_value = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    whole = exact_value == exact_value.to_integral_value()
    return f"{exact_value:,.0f}" if whole else f"{exact_value.normalize():,f}"


@register.filter
def money(value: int | float | Decimal | None, otherwise: str = "") -> str:
    """421,210.50: two decimals, more only where there are more. What is no number stays, as in `number`."""
    if value is None:
        return otherwise
    try:
        exact_value = Decimal(str(value)).normalize()
        places = max(2, -int(exact_value.as_tuple().exponent))
    except (InvalidOperation, ValueError):
        return str(value)
    return f"{exact_value:,.{places}f}"


@register.filter
def day(value: date | None, otherwise: str = "") -> str:
    return formats.date_format(value, "j M Y") if value else otherwise


@register.filter
def is_admin(user: User) -> bool:
    return has_role(user, Role.ADMIN)


@register.filter
def is_staff_or_admin(user: User) -> bool:
    return has_role(user, Role.STAFF)


@register.filter
def is_web_address(text: str) -> bool:
    """Whether a pulled text may become a link: http, https or a bare host; never `javascript:`."""
    return WEB_ADDRESS.fullmatch(text) is not None


@register.filter
def web_address(text: str) -> str:
    return text if "://" in text else f"https://{text}"


@register.filter
def listed(value: Any) -> str:
    """Several values: `a;b` reads `a, b`."""
    return ", ".join(map(str, several(value)))


@register.filter
def said_of(said: dict[str, str], key: str) -> str:
    """What stands beside the field of this key; empty text for nothing."""
    return said.get(key, "")


@register.filter
def minute(value: Any) -> str:
    """A time to the minute, in the zone of whoever looks; any other value as it is."""
    if not isinstance(value, datetime):
        return str(value)
    return formats.date_format(timezone.localtime(value) if timezone.is_aware(value) else value, "j M Y, H:i")


@register.filter
def day_or_text(value: Any) -> str:
    """Custom dates are texts."""
    parsed = parse_date(value) if isinstance(value, str) and ISO_DAY.fullmatch(value) else value
    return day(parsed) if isinstance(parsed, date) else str(value)
