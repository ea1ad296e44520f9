from django.urls import path, register_converter

from integrations.configuration.pages import PAGES
from integrations.views import (
    comparing,
    conflicts,
    connecting,
    filters,
    not_visible,
    overview,
    owners,
    records,
    settings,
    skipped,
    switches,
)

register_converter(comparing.Folder, "folder")

urlpatterns = [
    path("<folder:kind>/<int:pk>/merge/", comparing.merge_with, name="merge_with"),
    path("<folder:kind>/<int:pk>/compare/<int:other>/", comparing.compare_page, name="compare"),
    path("<folder:kind>/<int:pk>/compare/<int:other>/told/", comparing.told, name="compare_told"),
    path("integrations/", overview.integrations, name="integrations"),
    path("integrations/conflicts/", conflicts.conflicts, name="conflicts"),
    path("integrations/skipped/", skipped.skipped, name="skipped"),
    path("integrations/not-visible/", not_visible.not_visible, name="not_visible"),
    path("integrations/salesforce/", overview.salesforce, name="salesforce"),
    path("integrations/salesforce/progress/", overview.progress, name="salesforce_progress"),
    path("integrations/salesforce/banner/", overview.banner, name="salesforce_banner"),
    path("integrations/salesforce/connection/", overview.connection, name="salesforce_connection"),
    path("integrations/salesforce/owners/", owners.owners, name="salesforce_owners"),
    path("integrations/salesforce/owners/counts/", owners.counts, name="salesforce_owner_counts"),
    path("integrations/salesforce/owners/match/", owners.match, name="salesforce_match_owners"),
    path("integrations/salesforce/owners/<str:salesforce_id>/", owners.owner, name="salesforce_owner"),
    path("integrations/salesforce/test/", connecting.test, name="salesforce_test"),
    path("integrations/salesforce/sign-in/", connecting.sign_in_again, name="salesforce_sign_in"),
    path("integrations/salesforce/callback", connecting.callback, name="salesforce_callback"),
    path("integrations/salesforce/confirm/", connecting.confirm_org, name="salesforce_confirm_org"),
    path("integrations/salesforce/activate/", switches.activate, name="salesforce_activate"),
    path("integrations/salesforce/extend/", switches.extend, name="salesforce_extend"),
    path("integrations/salesforce/pause/", switches.pause, name="salesforce_pause"),
    path("integrations/salesforce/resume/", switches.resume, name="salesforce_resume"),
    path("integrations/salesforce/read-only/", switches.read_only, name="salesforce_read_only"),
    path("integrations/salesforce/pull/", switches.pull, name="salesforce_pull"),
    path("integrations/salesforce/check/", switches.check, name="salesforce_check"),
    path("integrations/salesforce/disconnect/", switches.disconnect, name="salesforce_disconnect"),
    path("integrations/fragments/badges/<str:kind>/", records.badges, name="salesforce_badges"),
    path("integrations/fragments/badge/<str:kind>/<int:pk>/", records.badge, name="salesforce_badge"),
    path(
        "integrations/fragments/deletion/<str:kind>/<int:pk>/", records.deletion, name="salesforce_deletion"
    ),
    path(
        "integrations/fragments/questions/<str:kind>/<int:pk>/",
        conflicts.questions,
        name="salesforce_questions",
    ),
    path("integrations/fragments/owners/<str:kind>/", owners.there, name="salesforce_owners_there"),
    path("integrations/fragments/skipped/<str:kind>/<int:pk>/", skipped.of_record, name="salesforce_skipped"),
    path("integrations/fragments/home/", records.home, name="salesforce_home"),
    *(
        path(
            f"integrations/salesforce/{page.slug}/",
            settings.settings_page,
            {"slug": page.slug},
            page.url_name,
        )
        for page in PAGES.values()
    ),
    *(
        path(
            f"integrations/salesforce/{page.slug}/row/",
            settings.new_map_row,
            {"slug": page.slug},
            f"{page.url_name}_row",
        )
        for page in PAGES.values()
        if page.object
    ),
    *(
        path(
            f"integrations/salesforce/{page.slug}/{name}/",
            view,
            {"slug": page.slug},
            f"{page.url_name}_{name}",
        )
        for page in PAGES.values()
        if page.object
        for name, view in (("condition", filters.condition), ("matches", filters.matches))
    ),
]
