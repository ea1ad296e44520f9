"""Users, stages and custom fields: what an admin keeps in order."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from crm.admin_rights import RoleAdmin
from crm.models import AccountStage, ContactStage, CustomField, DealStage, Pipeline, User
from crm.roles import Role
from crm.templatetags.lockstep import number

admin.site.unregister(Group)

LOCKED = (
    "Deal stages follow Salesforce: they come from its opportunity stages at each pull, so none is made here."
    " Add the stage in Salesforce instead."
)


class RoleField(forms.ChoiceField):
    """The one role of a user; more than one would say no more than the widest."""

    def __init__(self) -> None:
        choices = [("", "No role: can't see anything"), *((role.value, role.label) for role in Role)]
        help_text = "Sales works with records. Staff also sees sync errors and runs. Admin may do everything."
        super().__init__(choices=choices, required=False, help_text=help_text, widget=UnfoldAdminSelectWidget)


def granted_role(user: User) -> Role | None:
    """The role a user has, or would have again once they are active."""
    names = {group.name for group in user.groups.all()}
    return Role.ADMIN if user.is_superuser else next((role for role in Role if role.value in names), None)


class ChangeUserForm(UserChangeForm):
    role = RoleField()
    time_zone = forms.ChoiceField(
        choices=[(name, name) for name in sorted(available_timezones())], widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = granted_role(self.instance) or ""


class OwnUserForm(ChangeUserForm):
    """Another admin changes these, so that nobody locks themselves out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "is_active"):
            self.fields[name].disabled = True
            self.fields[name].help_text = "Another admin changes yours, so that nobody locks themselves out."


class AddUserForm(UserCreationForm):
    role = RoleField()


@admin.register(User)
class UserAdmin(DjangoUserAdmin, RoleAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = ChangeUserForm
    add_form = AddUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "held_role", "time_zone", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        ("Access", {"fields": ("role", "is_active")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "email", "first_name", "last_name", "role", "password1", "password2")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Name", ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="Role")
    def held_role(self, user: User) -> str:
        held = granted_role(user)
        return held.label if held else "No role"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only superusers touch superusers: an Admin who set their password would become one."""
        protected = obj is not None and obj.is_superuser and not request.user.is_superuser
        return self.may(request) and not protected

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Users are deactivated, so that history keeps their names."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "role" in form.changed_data and form.instance != request.user:
            form.instance.groups.set(Group.objects.filter(name=form.cleaned_data["role"]))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Fields of the form class are shared by all requests, so the own page has a class with its own."""
        if obj is not None and obj == request.user:
            kwargs["form"] = OwnUserForm
        return super().get_form(request, obj, change=change, **kwargs)


class PlainStageAdmin(RoleAdmin):
    list_display: ClassVar[Any] = ("name", "position")
    ordering: ClassVar[Any] = ("position", "name")
    used_by: ClassVar[str]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A stage in which records stand can't go."""
        return obj is not None and self.may(request) and not getattr(obj, self.used_by).exists()


@admin.register(ContactStage)
class ContactStageAdmin(PlainStageAdmin):
    used_by = "contacts"


@admin.register(AccountStage)
class AccountStageAdmin(PlainStageAdmin):
    used_by = "accounts"


@admin.register(DealStage)
class DealStageAdmin(PlainStageAdmin):
    """Stages of a locked pipeline are to look at (spec G1)."""

    used_by = "deals"
    list_display = ("name", "pipeline", "position", "chance", "closed", "won", "in_use")
    list_select_related = ("pipeline",)
    list_filter = ("pipeline", "is_active")
    ordering = ("pipeline", "position", "name")

    @admin.display(description="Probability", ordering="probability")
    def chance(self, stage: DealStage) -> str:
        return "" if stage.probability is None else f"{number(stage.probability)} %"

    @admin.display(description="Closed", boolean=True, ordering="is_closed")
    def closed(self, stage: DealStage) -> bool:
        return stage.is_closed

    @admin.display(description="Won", boolean=True, ordering="is_won")
    def won(self, stage: DealStage) -> bool:
        return stage.is_won

    @admin.display(description="In use", boolean=True, ordering="is_active")
    def in_use(self, stage: DealStage) -> bool:
        return stage.is_active

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if self.may(request) and not Pipeline.objects.filter(locked=False).exists():
            raise PermissionDenied(LOCKED)
        page: HttpResponse = super().add_view(request, form_url, extra_context)
        return page

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The button goes once Salesforce leads; the page itself stays, to say why."""
        page = request.resolver_match.url_name if request.resolver_match else None
        return self.may(request) and (
            page == "crm_dealstage_add" or Pipeline.objects.filter(locked=False).exists()
        )

    def has_change_permission(self, request: HttpRequest, obj: DealStage | None = None) -> bool:
        return self.may(request) and not (obj is not None and obj.pipeline.locked)

    def has_delete_permission(self, request: HttpRequest, obj: DealStage | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self.has_change_permission(request, obj)


@admin.register(CustomField)
class CustomFieldAdmin(RoleAdmin):
    list_display = ("label", "kind", "name", "type")
    list_filter = ("kind", "type")
    search_fields = ("label", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: CustomField | None = None) -> tuple[str, ...]:
        """Values are stored under the name and in the type's form."""
        return ("kind", "name", "type") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: CustomField | None = None) -> bool:
        """Maps and stored values would dangle."""
        return False
