from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Records"

    def ready(self) -> None:
        from crm.catalogue import register_fields

        register_fields()
