from django.contrib.admin.apps import AdminConfig


class LockstepAdmin(AdminConfig):
    default_site = "config.site.LockstepSite"
