from django.contrib import admin
from django.urls import include, path

from config.health import healthz
from config.navigation import favicon

urlpatterns = [
    path("", include("crm.urls")),
    path("", include("integrations.urls")),
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon),
    path("admin/", admin.site.urls),
]

handler403 = "crm.pages.forbidden"
handler404 = "crm.pages.not_found"
