from typing import Any

from django import forms

from crm.models import Account


class AccountPicker(forms.TextInput):
    """Finds an account by typing: a list of a million can't be a drop-down.

    The hidden field holds the id; the search beside it offers buttons that fill it (lockstep.js).
    """

    template_name = "crm/account_picker.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        number = int(value) if str(value or "").isascii() and str(value or "").isdigit() else None
        account = Account.objects.filter(pk=number).only("name").first() if number else None
        context["account"] = account
        return context


class SeenChoices(forms.MultipleHiddenInput):
    """The choices a page showed; one that showed none says so, or it would seem never to have been shown."""

    def format_value(self, value: Any) -> list[Any]:
        return [*(super().format_value(value) or [])] or [""]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [choice for choice in super().value_from_datadict(data, files, name) or [] if choice]
