"""Where embedded servers find their programs and keep their files."""

import os
from pathlib import Path

import pytest
from kombu import Connection

from config.embedded import accounts, broker, locations
from config.embedded.locations import EmbeddedServerError

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root runs the server as somebody else")


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """Two parts of a package, in a folder that only its owner enters, as pytest makes them."""
    for part in ("package/bin", "package.libs"):
        (tmp_path / "home" / part).mkdir(parents=True)
        (tmp_path / "home" / part / "file").write_text(part, encoding="utf-8")
    return tmp_path / "home"


def test_programs_that_can_be_read_are_used_where_they_are(installation: Path) -> None:
    me = accounts.Account(os.getuid(), os.getgid())

    assert accounts.readable_root(installation, ("package/bin", "package.libs"), "name", me) == installation


@needs_root
def test_programs_that_cannot_be_read_are_copied_with_their_libraries(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SHARED", tmp_path / "shared")

    root = accounts.readable_root(
        installation, ("package/bin", "package.libs"), "name", accounts.server_account()
    )

    assert root == tmp_path / "shared" / "name"
    assert (root / "package/bin/file").read_text(encoding="utf-8") == "package/bin"
    assert (root / "package.libs/file").stat().st_mode & 0o004


@needs_root
def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    os.chown(tmp_path / "taken", 12345, 12345)

    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        locations.make_private(tmp_path / "taken", os.getuid())


def test_a_socket_path_is_short_enough_for_any_system() -> None:
    assert len(os.fsencode(locations.socket_directory("postgres") / ".s.PGSQL.5432")) < 100


def test_without_any_redis_messages_go_through_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "executable", lambda: None)
    monkeypatch.setattr(broker, "server_directory", lambda name: tmp_path / name)
    broker.use()
    settings = broker.celery_settings()

    with Connection(settings["broker_url"], transport_options=settings["broker_transport_options"]) as files:
        files.SimpleQueue("live").put({"id": 7})
        message = files.SimpleQueue("live").get(timeout=5)

    assert message.payload == {"id": 7}
