"""The push's org, workspace and cast: merges are made where both sides hold the records."""

from integrations.tests.push.conftest import connection, desk, org, push_process, seller

__all__ = ["connection", "desk", "org", "push_process", "seller"]
