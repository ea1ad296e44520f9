"""Setup's section on external-id fields: the keys a client can upsert by, added and taken away per object."""

from typing import TYPE_CHECKING

from sandbox.pages.frame import Frame
from sandbox.pages.html import Markup, options, table, tag
from sandbox.schema.objects import ObjectType
from sandbox.web import SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

Form = dict[str, str]
LENGTH = 64
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")
EVERY = "every"


def keys(front: "Front", frame: Frame, user: SessionUser, typed: Form) -> list[object]:
    rows = []
    for kind in _kinds(front):
        for name in _keys_of(kind):
            remove = frame.button(
                user, "/ui/setup/key-remove", "Remove", "quiet", object=kind.name, name=name
            )
            rows.append((kind.name, name, remove))
    choices = [(EVERY, "All of these objects"), *((name, name) for name in OBJECTS)]
    chosen = typed.get("object", EVERY)
    fields = [
        tag("div", tag("label", "Object", for_="k-object"), _select(choices, chosen)),
        tag(
            "div",
            tag("label", "API name", for_="k-name"),
            tag("input", name="key", id="k-name", value=typed.get("key", "Lockstep_Id__c"), required=True),
        ),
    ]
    hint = tag("p", f"Text of {LENGTH} characters, external id, unique, in any case.", class_="hint")
    form = frame.form(
        user, "/ui/setup/key", tag("div", *fields, class_="fields"), hint, tag("button", "Add field")
    )
    found = table(("Object", "Field", ""), rows) if rows else tag("p", "No object has one.")
    return [found, form]


def add_key(front: "Front", form: Form) -> None:
    """On the object named, or on every one that lacks it. Raises ApiError when it is there, ValueError."""
    name = form.get("key", "").strip()
    if not name.endswith("__c") or not name.removesuffix("__c").isidentifier():
        raise ValueError("The API name of a custom field is a word that ends with __c.")
    wanted = form.get("object", "")
    for kind in _kinds(front):
        if wanted == kind.name or (wanted == EVERY and not kind.has(name)):
            front.org.add_field(kind.name, name, "string", length=LENGTH, externalId=True, unique=True)


def remove_key(front: "Front", form: Form) -> None:
    front.org.drop_field(form.get("object", ""), form.get("name", ""))


def _kinds(front: "Front") -> list[ObjectType]:
    return [kind for name in OBJECTS if (kind := front.org.registry.find(name))]


def _keys_of(kind: ObjectType) -> list[str]:
    return [field.name for field in kind.fields.values() if field.says("externalId") and field.says("custom")]


def _select(choices: list[tuple[str, str]], chosen: str) -> Markup:
    return tag("select", options(choices, chosen), name="object", id="k-object")
