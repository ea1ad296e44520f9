import logging
import sys

import pytest

from config.masking import SecretsFilter, mask

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f"Authorization: OAuth {SECRET}",
        f"using 00D5g000004XyzAEAS!{SECRET}.x_y",
        f"using 00D5g000004XyzA!{SECRET}",
        f"refreshed with 5Aep861{SECRET}",
        f"grant_type=refresh_token&refresh_token={SECRET}&client_id=abc",
        f"{{'client_secret': '{SECRET}', 'client_id': 'abc'}}",
        f'{{"access_token": "{SECRET}", "scope": "api"}}',
        f"assertion=eyJhbGciOiJS.eyJpc3MiOiIz.{SECRET}",
        f"redis://:{SECRET}@redis.example:6379 is gone",
        f"postgresql://lockstep:{SECRET}@db.example/lockstep",
    ],
)
def test_a_secret_is_masked(line: str) -> None:
    assert SECRET not in mask(line)


@pytest.mark.parametrize(
    "line",
    [
        "Pulled 200 of Contact 0035g000004XyzAAAS from 00D5g000004XyzAEAS",
        "GET https://acme.my.salesforce.com/services/data/v62.0/query 200",
        "The token was refused; sign in again",
        "grant_type=refresh_token",
    ],
)
def test_an_ordinary_line_stays_as_it_is(line: str) -> None:
    assert mask(line) == line


def record(message: str, *arguments: object, failed: bool = False) -> logging.LogRecord:
    return logging.LogRecord(
        "lockstep", logging.INFO, __file__, 1, message, arguments, sys.exc_info() if failed else None
    )


def formatted(entry: logging.LogRecord) -> str:
    SecretsFilter().filter(entry)
    return logging.Formatter("%(message)s").format(entry)


def test_a_secret_among_the_arguments_is_masked() -> None:
    assert SECRET not in formatted(record("Sent %s", {"client_secret": SECRET}))


def test_a_secret_in_a_traceback_is_masked() -> None:
    try:
        raise ValueError(f"refused refresh_token={SECRET}")
    except ValueError:
        line = formatted(record("It failed", failed=True))

    assert "ValueError: refused" in line
    assert SECRET not in line


def test_arguments_that_do_not_fit_are_logged_all_the_same() -> None:
    assert "Sent %d" in formatted(record("Sent %d", "many"))
