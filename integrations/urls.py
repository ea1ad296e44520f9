from django.urls import path

from integrations.views import records

urlpatterns = [
    path("integrations/fragments/badges/<str:kind>/", records.badges, name="salesforce_badges"),
    path("integrations/fragments/badge/<str:kind>/<int:pk>/", records.badge, name="salesforce_badge"),
    path(
        "integrations/fragments/deletion/<str:kind>/<int:pk>/", records.deletion, name="salesforce_deletion"
    ),
    path("integrations/fragments/home/", records.home, name="salesforce_home"),
]
