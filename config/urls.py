from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from config.health import healthz

urlpatterns = [
    path("", RedirectView.as_view(url="/home/")),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
]
