from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Sync"

    def ready(self) -> None:
        from crm.history import register_teller
        from integrations.conflicts.telling import TELLER

        register_teller(TELLER)
