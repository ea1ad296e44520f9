from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The indexes don't keep a large table from being written meanwhile."""

    atomic = False
    dependencies = [("integrations", "0014_owner_moves")]
    operations = [
        migrations.AddField(
            model_name="recordlink",
            name="reread",
            field=models.BooleanField(db_default=False, default=False),
        ),
        AddIndexConcurrently(
            model_name="recordlink",
            index=models.Index(
                condition=models.Q(("suppressed_by", ""), _negated=True),
                fields=["suppressed_by"],
                name="link_by_stand_in",
            ),
        ),
        AddIndexConcurrently(
            model_name="recordlink",
            index=models.Index(
                condition=models.Q(("state", "gone"), models.Q(("suppressed_by", ""), _negated=True)),
                fields=["connection", "salesforce_object"],
                name="link_merged_there",
            ),
        ),
        AddIndexConcurrently(
            model_name="recordlink",
            index=models.Index(
                condition=models.Q(("reread", True)),
                fields=["connection", "salesforce_object", "id"],
                name="link_read_again",
            ),
        ),
    ]
