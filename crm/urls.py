from django.urls import URLPattern, path
from django.views.generic import RedirectView

from crm.models import Kind
from crm.views import lists, records
from crm.views.home import home


def record_pages(kind: Kind, folder: str, page: str) -> list[URLPattern]:
    """The pages below one list: `page` names the record's own, the others are `edit_contact` and so on."""
    given = {"kind": kind}
    return [
        path(f"{folder}/new/", records.new, given, name=f"new_{kind}"),
        path(f"{folder}/<int:pk>/", records.show, given, name=page),
        path(f"{folder}/<int:pk>/edit/", records.edit, given, name=f"edit_{kind}"),
        path(f"{folder}/<int:pk>/delete/", records.delete, given, name=f"delete_{kind}"),
        path(f"{folder}/<int:pk>/history/", records.history, given, name=f"history_{kind}"),
        path(f"{folder}/<int:pk>/why/<str:field>/", records.why, given, name=f"why_{kind}"),
    ]


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home")),
    path("home/", home, name="home"),
    path("people/", lists.people, name="people"),
    path("accounts/", lists.accounts, name="accounts"),
    path("deals/", lists.deals, name="deals"),
    path("accounts/choices/", records.pick_account, name="account_choices"),
    *record_pages(Kind.CONTACT, "people", "person"),
    *record_pages(Kind.ACCOUNT, "accounts", "account"),
    *record_pages(Kind.DEAL, "deals", "deal"),
]
