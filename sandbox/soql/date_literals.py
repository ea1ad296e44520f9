"""TODAY, LAST_N_DAYS:7 and their kin, as ranges of days; weeks begin on Sunday, all is UTC."""

import re
from collections.abc import Callable
from datetime import date, timedelta

_Period = Callable[[date, int], date]
_N = re.compile(r"(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS):(\d+)")
_AGO = re.compile(r"N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS)_AGO:(\d+)")
_NAMED = re.compile(r"(THIS|LAST|NEXT)_(WEEK|MONTH|QUARTER|YEAR|90_DAYS)")
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def is_date_literal(word: str) -> bool:
    named = _NAMED.fullmatch(word)
    if named:
        return word != "THIS_90_DAYS"
    return word in _DAYS or bool(_N.fullmatch(word) or _AGO.fullmatch(word))


def _months(day: date, count: int) -> date:
    number = day.year * 12 + day.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


_START: dict[str, _Period] = {
    "DAY": lambda today, n: today + timedelta(n),
    "WEEK": lambda today, n: today - timedelta(today.isoweekday() % 7) + timedelta(7 * n),
    "MONTH": lambda today, n: _months(today, n),
    "QUARTER": lambda today, n: _months(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * n),
    "YEAR": lambda today, n: date(today.year + n, 1, 1),
}


def day_range(word: str, today: date) -> tuple[date, date]:
    """The first day of the literal's range and the first day after it."""
    word = word.upper()
    if word in _DAYS:
        first = today + timedelta(_DAYS[word])
        return first, first + timedelta(1)
    if word in {"LAST_90_DAYS", "NEXT_90_DAYS"}:
        word = f"{word[:4]}_N_DAYS:90"
    many = _N.fullmatch(word)
    if many:
        return _many(many.group(1), many.group(2)[:-1], int(many.group(3)), today)
    ago = _AGO.fullmatch(word)
    if ago:
        start = _START[ago.group(1)[:-1]]
        return start(today, -int(ago.group(2))), start(today, 1 - int(ago.group(2)))
    named = _NAMED.fullmatch(word)
    assert named is not None, word
    start, step = _START[named.group(2)], {"LAST": -1, "THIS": 0, "NEXT": 1}[named.group(1)]
    return start(today, step), start(today, step + 1)


def _many(side: str, unit: str, count: int, today: date) -> tuple[date, date]:
    """LAST_N_DAYS includes today; LAST_N_WEEKS and the longer ones end before the current one."""
    start = _START[unit]
    if side == "NEXT":
        return start(today, 1), start(today, count + 1)
    if unit == "DAY":
        return start(today, -count), start(today, 1)
    return start(today, -count), start(today, 0)
