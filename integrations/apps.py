from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Sync"

    def ready(self) -> None:
        from crm.history import register_teller
        from integrations import lead_accounts_told
        from integrations.conflicts import telling

        register_teller(telling.TELLER)
        register_teller(lead_accounts_told.TELLER)
