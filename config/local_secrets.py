"""Keys that a development checkout makes for itself, so that sessions and tokens outlive a restart."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def secret_key(state: Path) -> str:
    return _kept(state / "secret.key", lambda: secrets.token_urlsafe(50))


def token_key(state: Path) -> str:
    return _kept(state / "token.key", lambda: Fernet.generate_key().decode())


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Read the key, or make it; when several processes make it at once, all use the first one's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.touch(mode=0o600)
        unfinished.write_text(make(), encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(unfinished)
        unfinished.unlink()
    return path.read_text(encoding="utf-8")
