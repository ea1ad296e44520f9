from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Records"

    def ready(self) -> None:
        from crm import checks  # noqa: F401  registers itself
        from crm.catalogue import register_fields
        from crm.history import register_teller
        from crm.merges_told import TELLER

        register_fields()
        register_teller(TELLER)
