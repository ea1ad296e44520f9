"""The settings as a process of its own loads them."""

import os
import subprocess
import sys

import pytest

from config.embedded.locations import PROJECT

PRODUCTION = {
    "PUBLIC_URL": "https://sales.example.com",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789-of-a-test",
    "TOKEN_KEYS": "Zm9yLW1ha2UtY2hlY2stYWxvbmUtMDEyMzQ1Njc4OTA=",
    "DATABASE_URL": "postgresql://lockstep:hunter2@db.example/lockstep",
    "REDIS_URL": "redis://redis.example",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL", "REDIS_URL"])
def test_production_refuses_to_start_without(missing: str) -> None:
    answer = manage("check", **{name: value for name, value in PRODUCTION.items() if name != missing})

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{missing} is not set.")


def test_production_settings_pass_djangos_own_checks() -> None:
    answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert answer.returncode == 0, answer.stderr


def test_plain_http_sends_nobody_to_https() -> None:
    plain = {**PRODUCTION, "PUBLIC_URL": "http://sales.internal:8000"}

    answer = manage("diffsettings", **plain)

    assert "SECURE_SSL_REDIRECT" not in answer.stdout
    assert "SESSION_COOKIE_SECURE" not in answer.stdout
