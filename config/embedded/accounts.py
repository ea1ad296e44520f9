"""The system user an embedded PostgreSQL runs as: PostgreSQL refuses to run as root."""

import dataclasses
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

# For root only: what its unprivileged server reads and writes when it may not enter the checkout.
SHARED = Path("/var/lib/lockstep")


@dataclasses.dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    @property
    def differs(self) -> bool:
        return self.uid != os.getuid()

    def popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments that make subprocess run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}

    def enters(self, directory: Path) -> bool:
        """Whether the account may read the directory, through all that lies above it."""
        if not self.differs:
            return True
        for check in ("-r", "-x"):
            probe = subprocess.run(
                ["/usr/bin/env", "test", check, str(directory)],
                cwd="/",
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                check=False,
            )
            if probe.returncode != 0:
                return False
        return True


def server_account() -> Account:
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def shared_directory() -> Path:
    SHARED.mkdir(parents=True, exist_ok=True)
    SHARED.chmod(0o755)  # whatever the umask says
    return SHARED


def readable_root(root: Path, parts: tuple[str, ...], name: str, account: Account) -> Path:
    """Where the account reads those parts of a folder: the folder itself, else a copy of them, made once.

    The parts keep their places, since programs find their libraries relative to themselves.
    """
    present = [part for part in parts if (root / part).exists()]
    if all(account.enters(root / part) for part in present):
        return root
    copy = shared_directory() / name
    if not copy.exists():
        unfinished = copy.with_name(f"{name}.{os.getpid()}")
        for part in present:
            shutil.copytree(root / part, unfinished / part, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(unfinished)], check=True)
        try:
            unfinished.rename(copy)
        except OSError:  # another checkout was faster
            shutil.rmtree(unfinished)
    return copy
