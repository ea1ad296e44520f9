import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

KINDS = ("account", "contact", "deal")


def merged_into(kind):
    return migrations.AddField(
        model_name=kind,
        name="merged_into",
        field=models.ForeignKey(
            db_index=False,
            editable=False,
            help_text="the record that took this one in, which is hidden since (spec C9)",
            null=True,
            on_delete=django.db.models.deletion.CASCADE,
            related_name="merged",
            to=f"crm.{kind}",
        ),
    )


def index(kind):
    return AddIndexConcurrently(
        model_name=kind,
        index=models.Index(
            condition=models.Q(("merged_into__isnull", False)),
            fields=["merged_into"],
            name=f"{kind}_merged_into",
        ),
    )


def constraint(kind):
    return AddConstraintNotValid(
        model_name=kind,
        constraint=models.CheckConstraint(
            condition=models.Q(("merged_into__isnull", True), ("hidden", True), _connector="OR"),
            name=f"merged_{kind}_is_hidden",
        ),
    )


class Migration(migrations.Migration):
    """Neither the indexes nor the constraints keep a large table from being written meanwhile."""

    atomic = False
    dependencies = [("crm", "0004_public_suffixes")]
    operations = [
        *map(merged_into, KINDS),
        *map(index, KINDS),
        *map(constraint, KINDS),
        *(ValidateConstraint(model_name=kind, name=f"merged_{kind}_is_hidden") for kind in KINDS),
    ]
