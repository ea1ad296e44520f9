from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config import environment
from config.environment import EnvironmentProblem


@pytest.mark.parametrize(
    ("written", "read"), [("on", True), ("1", True), ("True", True), ("no", False), ("", False)]
)
def test_a_flag_is_on_or_off(monkeypatch: pytest.MonkeyPatch, written: str, read: bool) -> None:
    monkeypatch.setenv("DEBUG", written)

    assert environment.flag("DEBUG") is read


def test_a_flag_that_is_neither_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "maybe")

    with pytest.raises(EnvironmentProblem, match="DEBUG must be on or off, not 'maybe'"):
        environment.flag("DEBUG")


def test_a_variable_can_be_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    monkeypatch.delenv("SECRET_KEY", raising=False)

    assert environment.text("SECRET_KEY") == "from the file"


def test_a_missing_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "absent"))
    monkeypatch.delenv("SECRET_KEY", raising=False)

    with pytest.raises(EnvironmentProblem, match="SECRET_KEY_FILE names .*absent, which can't be read"):
        environment.text("SECRET_KEY")


def test_what_is_required_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)

    with pytest.raises(EnvironmentProblem, match="SECRET_KEY is not set. Make one."):
        environment.required("SECRET_KEY", "Make one.")


@pytest.mark.parametrize("written", ["many", "-1", "0", "101", "1.5", "٣"])
def test_a_number_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("DATABASE_POOL", written)

    with pytest.raises(EnvironmentProblem, match="DATABASE_POOL must be a whole number from 1 to 100"):
        environment.whole_number("DATABASE_POOL", 8, least=1, most=100)


def test_a_choice_outside_its_options_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAN", "gold")

    with pytest.raises(EnvironmentProblem, match="PLAN must be one of paid, free"):
        environment.choice("PLAN", ("paid", "free"), default="paid")


def test_words_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " a.example , b.example,, ")

    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_a_refused_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db.example")

    with pytest.raises(EnvironmentProblem) as refusal:
        environment.address("DATABASE_URL", ("postgresql",))

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "written", ["https://sales.example.com/path", "sales.example.com", "ftp://x", "https://"]
)
def test_the_public_url_is_scheme_and_host_alone(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("PUBLIC_URL", written)

    with pytest.raises(EnvironmentProblem, match="PUBLIC_URL must be"):
        environment.public_url("PUBLIC_URL", default="")


def test_a_slash_after_the_public_url_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://sales.example.com/")

    assert environment.public_url("PUBLIC_URL", default="") == "https://sales.example.com"


def test_a_token_key_that_is_none_is_refused_by_place_not_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_KEYS", f"{Fernet.generate_key().decode()},hunter2")

    with pytest.raises(EnvironmentProblem, match="key 2 is not a Fernet key") as refusal:
        environment.fernet_keys("TOKEN_KEYS")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("console:", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("file:///var/mail%20box", {"EMAIL_FILE_PATH": "/var/mail box"}),
        (
            "smtp://me:p%40ss@mail.example",
            {"EMAIL_PORT": 587, "EMAIL_HOST_PASSWORD": "p@ss", "EMAIL_USE_TLS": True},
        ),
        (
            "smtp://mail.example:25?tls=off",
            {"EMAIL_PORT": 25, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": False},
        ),
        ("smtps://mail.example", {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True, "EMAIL_USE_TLS": False}),
    ],
)
def test_mail_is_configured_by_one_address(
    monkeypatch: pytest.MonkeyPatch, written: str, expected: dict[str, str | int | bool]
) -> None:
    monkeypatch.setenv("EMAIL_URL", written)

    settings = environment.mail_settings("EMAIL_URL", default="console:")

    assert settings == settings | expected
