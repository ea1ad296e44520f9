"""Where the embedded servers of this checkout keep their files."""

import hashlib
import os
import stat
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("LOCKSTEP_STATE") or PROJECT / ".lockstep").resolve()


class EmbeddedServerError(Exception):
    """An embedded server can't run; the message says why and what to do."""


def for_tests() -> bool:
    """Tests run on servers of their own, which trade durability for speed."""
    return os.environ.get("LOCKSTEP_SERVERS") == "test"


def server_directory(name: str) -> Path:
    """Locks, log and (where its user may go there) the data of one server."""
    return STATE / (f"test-{name}" if for_tests() else name)


def socket_directory(name: str) -> Path:
    """A path short enough for a UNIX socket (104 bytes on macOS), however deep the checkout lies."""
    digest = hashlib.sha256(os.fsencode(server_directory(name))).hexdigest()[:12]
    return Path("/tmp") / f"lockstep-{os.getuid()}-{digest}"


def make_private(directory: Path, owner: int) -> None:
    """Make a directory that only `owner` (and root) enters.

    The socket directory's name can be guessed, so one that somebody else made first is refused.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.getuid()):
        raise EmbeddedServerError(f"{directory} belongs to somebody else. Remove it and start again.")
    directory.chmod(0o700)
    if found.st_uid != owner:
        os.chown(directory, owner, -1)
