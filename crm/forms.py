"""The forms of people, accounts and deals.

Each field carries the value its user saw. Only what the user changed is written, so two people may edit one
record at once; where both changed the same field, the second is told what stands there now.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.http import QueryDict

from crm.history import custom_value_in_words
from crm.layout import GROUPS, custom_fields, moment_in, several
from crm.models import Account, Contact, CustomField, Deal, DealStage, Kind, Pipeline, Record, User
from crm.widgets import AccountPicker, SeenChoices
from mappings.catalogue import built_in_fields
from mappings.converters import normalise
from mappings.field_types import NUMBERS, FieldType

CUSTOM = "custom_"
NONE = "None"


class LongText(forms.CharField):
    """Browsers send CRLF; the database keeps what everyone else writes."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class SeveralChoices(forms.MultipleChoiceField):
    hidden_widget = SeenChoices


class RecordForm(forms.ModelForm[Any]):
    """`record` is locked by the caller when data is given (see `crm.views.records.edit`)."""

    kind: Kind

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.custom_fields = custom_fields(self.kind)
        stored = dict(self.instance.custom)
        for custom in self.custom_fields:
            self.fields[CUSTOM + custom.name] = form_field(custom, stored.get(custom.name))
            self.initial[CUSTOM + custom.name] = as_typed(custom, stored.get(custom.name))
        known = built_in_fields(self.kind)
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or self[name].html_initial_name in self.data
            if name in known:
                field.label = known[name].label
            if isinstance(field, forms.ModelChoiceField) and field.empty_label:
                field.empty_label = NONE
        if "owner" in self.fields:
            self.fields["owner"].queryset = owners(self.instance.owner_id)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk:
            for name in self.changed_data:
                if self.fields[name].show_hidden_initial:
                    self.refuse_overwriting(name)
        return cleaned

    def refuse_overwriting(self, name: str) -> None:
        """The record may have changed since its page was opened; nobody overwrites what they never saw."""
        field = self.fields[name]
        bound = self[name]
        seen = self._widget_data_value(field.hidden_widget(), bound.html_initial_name)  # type: ignore[attr-defined]
        now = field.prepare_value(self.get_initial_for_field(field, name))
        try:
            moved = field.has_changed(field.to_python(seen), now)
        except ValidationError:
            moved = True
        wanted = bound.data
        if moved and field.has_changed(self.get_initial_for_field(field, name), wanted):
            self.add_error(
                name,
                f"Somebody changed this to “{self.words(name)}” while you were editing."
                " Save again to put yours in its place, or take theirs.",
            )
            self.renew(bound.html_initial_name, now)

    def renew(self, hidden: str, now: Any) -> None:
        """Having been told, the user has seen the new value: saving again is a choice."""
        data = cast(QueryDict, self.data).copy()
        seen = (now or [""]) if isinstance(now, list) else ["" if now is None else now]
        data.setlist(hidden, [str(item) for item in seen])
        self.data = data

    def words(self, name: str) -> str:
        """What stands in the record now; the form's values reach the instance only after `clean`."""
        if not name.startswith(CUSTOM):
            value = getattr(self.instance, name)
            return "nothing" if value in (None, "") else str(value)
        key = name.removeprefix(CUSTOM)
        return custom_value_in_words(self.kind, key, self.instance.custom.get(key)) or "nothing"

    def save(self, commit: bool = True) -> Any:
        values = {name: self.cleaned_data[name] for name in self.changed_data if not name.startswith(CUSTOM)}
        custom = {
            name.removeprefix(CUSTOM): plain(self.cleaned_data[name])
            for name in self.changed_data
            if name.startswith(CUSTOM)
        }
        self.instance.change(self.consequences(values), custom)
        return self.instance

    def consequences(self, values: dict[str, Any]) -> dict[str, Any]:
        return values

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        grouped = [(title, [self[key] for key in keys]) for title, keys in GROUPS[self.kind]]
        custom = [self[CUSTOM + field.name] for field in self.custom_fields]
        return [*grouped, ("More", custom)] if custom else grouped


class ContactForm(RecordForm):
    kind = Kind.CONTACT

    class Meta:
        model = Contact
        fields = [key for _, keys in GROUPS[Kind.CONTACT] for key in keys]
        field_classes = {"street": LongText}
        widgets = {"account": AccountPicker, "street": forms.Textarea(attrs={"rows": 2})}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not any(cleaned.get(name) for name in ("first_name", "last_name", "email")):
            self.add_error("last_name", "Give a name or an e-mail address, so that the person can be found.")
        return cleaned

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and "email" in self.changed_data:
            validate_email(email)
        return email


class AccountForm(RecordForm):
    kind = Kind.ACCOUNT

    class Meta:
        model = Account
        fields = [key for _, keys in GROUPS[Kind.ACCOUNT] for key in keys]
        field_classes = {"street": LongText, "description": LongText}
        widgets = {"street": forms.Textarea(attrs={"rows": 2})}


class DealForm(RecordForm):
    kind = Kind.DEAL

    class Meta:
        model = Deal
        fields = [key for _, keys in GROUPS[Kind.DEAL] for key in keys]
        field_classes = {"description": LongText}
        widgets = {"account": AccountPicker, "close_date": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stage"].queryset = choosable_stages(self.instance.stage_id)  # type: ignore[attr-defined]
        self.fields["close_date"].widget.format = "%Y-%m-%d"

    def consequences(self, values: dict[str, Any]) -> dict[str, Any]:
        """Probability follows the stage, unless it was typed in the same edit (spec G4)."""
        stage = values.get("stage")
        if stage is not None and stage.probability is not None:
            return {"probability": stage.probability} | values
        return values


FORMS: dict[str, type[RecordForm]] = {form.kind: form for form in (ContactForm, AccountForm, DealForm)}


def owners(current: int | None) -> Any:
    return User.objects.filter(Q(is_active=True) | Q(pk=current)).order_by("first_name", "last_name", "email")


def choosable_stages(current: int | None) -> Any:
    """Those of the locked pipeline where there is one: it follows Salesforce (spec G1)."""
    stages = DealStage.objects.select_related("pipeline")
    locked = Pipeline.objects.filter(locked=True)
    open_now = Q(is_active=True, pipeline__in=locked) if locked.exists() else Q(is_active=True)
    return stages.filter(open_now | Q(pk=current))


def form_field(custom: CustomField, value: Any) -> forms.Field:
    """The form field for a custom one (spec F2)."""
    type_ = FieldType(custom.type)
    shared: dict[str, Any] = {"label": custom.label, "required": False}
    if type_ in NUMBERS:
        return forms.DecimalField(max_digits=18, **shared)
    if type_ in (FieldType.PICKLIST, FieldType.MULTIPICKLIST):
        return choices_field(type_, custom.options, value, shared)
    simple: dict[FieldType, Any] = {
        FieldType.CHECKBOX: lambda: forms.BooleanField(**shared),
        FieldType.DATE: lambda: forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **shared),
        FieldType.DATETIME: lambda: forms.DateTimeField(help_text="like 2030-01-31 14:30", **shared),
        FieldType.LONG_TEXT: lambda: LongText(max_length=131_072, **shared),
        FieldType.USER: lambda: forms.ModelChoiceField(
            owners(value if isinstance(value, int) else None), **shared
        ),
    }
    return simple.get(type_, lambda: forms.CharField(max_length=255, **shared))()  # type: ignore[no-any-return]


def choices_field(type_: FieldType, options: list[Any], value: Any, shared: dict[str, Any]) -> forms.Field:
    """A value that is no option any more stays choosable, so that saving another field doesn't lose it."""
    held = several(value)
    texts = list(dict.fromkeys([*map(str, options), *map(str, held)]))
    if type_ == FieldType.PICKLIST:
        return forms.ChoiceField(choices=[("", NONE), *((text, text) for text in texts)], **shared)
    return SeveralChoices(choices=[(text, text) for text in texts], **shared)


def as_typed(custom: CustomField, value: Any) -> Any:
    """A stored value as its form field takes it: times and lists are texts in `custom`."""
    if custom.type == FieldType.MULTIPICKLIST:
        return several(value) or None
    if custom.type == FieldType.DATETIME and isinstance(value, str):
        return moment_in(value) or value
    return value


def plain(value: Any) -> Any:
    """A cleaned value as JSON, in the form a pull gives it; None where it is empty."""
    if value in (None, "", []):
        return None
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, User):
        return value.pk
    if isinstance(value, datetime):
        return normalise(value, "datetime", field="time")
    return value.isoformat() if hasattr(value, "isoformat") else value


def form_for(record: Record, data: Any = None) -> RecordForm:
    return FORMS[record.kind](data, instance=record)
