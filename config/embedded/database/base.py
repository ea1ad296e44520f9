from typing import Any

from django.db.backends.postgresql import base

from config.embedded import postgres


class DatabaseWrapper(base.DatabaseWrapper):
    """Hooked at a connection's parameters, which pooled, direct and `listen` connections all ask for."""

    def get_connection_params(self) -> dict[str, Any]:
        postgres.use()
        parameters: dict[str, Any] = super().get_connection_params()
        return parameters
