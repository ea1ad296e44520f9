"""Admin lists by role, and lists of rows that only the machine writes."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from crm.listing import COUNT_LIMIT, bounded_count
from crm.models import Account, Contact, Deal, Kind
from crm.roles import Role, has_role

MODELS: dict[str, Any] = {Kind.CONTACT: Contact, Kind.ACCOUNT: Account, Kind.DEAL: Deal}


class BoundedPaginator(Paginator[Any]):
    """Counts 10,000 rows at most: whoever needs older ones filters or searches."""

    @cached_property
    def count(self) -> int:
        return min(bounded_count(self.object_list).value, COUNT_LIMIT)  # type: ignore[arg-type]


class RoleAdmin(ModelAdmin):
    """Open to `role` and wider ones, whatever Django's model permissions say."""

    role = Role.ADMIN
    paginator: Any = BoundedPaginator
    show_full_result_count = False
    list_fullwidth = True
    list_per_page = 50

    def may(self, request: HttpRequest) -> bool:
        return has_role(request.user, self.role)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A filter typed into the address may hold what PostgreSQL refuses in a text."""
        return "\x00" not in str(value) and bool(super().lookup_allowed(lookup, value, request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request)


class MachineRows(RoleAdmin):
    """To look at only: nobody adds, changes or deletes what the machine writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def badge(tone: str, icon: str, text: str) -> SafeString:
    """The badge component: colour is never the only sign."""
    return format_html(
        '<span class="ls-badge ls-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        tone,
        icon,
        text,
    )


def record_names(pairs: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int | None], Any]:
    """The records behind (kind, id) pairs, in one query a kind."""
    ids: dict[str, set[int]] = {}
    for kind, pk in pairs:
        if kind in MODELS and pk is not None:
            ids.setdefault(kind, set()).add(pk)
    return {
        (kind, record.pk): record
        for kind, wanted in ids.items()
        for record in MODELS[kind].objects.defer("search", "custom").filter(pk__in=wanted)
    }


def record_link(record: Any, kind: str, pk: int | None) -> SafeString | str:
    if record is None:
        return f"{Kind(kind).label} {pk}" if kind and pk else ""
    return format_html('<a class="ls-message" href="{}"><bdi>{}</bdi></a>', record.get_absolute_url(), record)
