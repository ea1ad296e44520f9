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
