from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

STAGED_BEFORE = """
DO $$
DECLARE staged text;
BEGIN
  FOR staged IN SELECT tablename FROM pg_tables WHERE schemaname = 'staging' LOOP
    EXECUTE format('ALTER TABLE staging.%I ADD COLUMN IF NOT EXISTS known boolean NOT NULL DEFAULT false', staged);
  END LOOP;
END $$"""


class Migration(migrations.Migration):
    """Neither index nor constraint keeps a large table from being written meanwhile."""

    atomic = False
    dependencies = [("integrations", "0017_find_tombstones")]
    operations = [
        migrations.AddField(
            model_name="recordlink",
            name="outside",
            field=models.CharField(
                blank=True,
                choices=[("known", "Known"), ("frozen", "Frozen")],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="syncedobject",
            name="outside",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="of the linked, those outside the pull filter"
            ),
        ),
        AddIndexConcurrently(
            model_name="recordlink",
            index=models.Index(
                condition=models.Q(("outside", ""), _negated=True),
                fields=["connection", "salesforce_object", "id"],
                name="link_outside_filter",
            ),
        ),
        AddConstraintNotValid(
            model_name="recordlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("outside__in", ["", "known", "frozen"])), name="link_outside_known"
            ),
        ),
        ValidateConstraint(model_name="recordlink", name="link_outside_known"),
        migrations.RunSQL(STAGED_BEFORE, migrations.RunSQL.noop),
    ]
