from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Records"

    def ready(self) -> None:
        from crm import checks, duplicates, merges_told  # noqa: F401  checks register themselves
        from crm.catalogue import register_fields
        from crm.history import register_teller

        register_fields()
        register_teller(merges_told.TELLER)
        register_teller(duplicates.TELLER)
