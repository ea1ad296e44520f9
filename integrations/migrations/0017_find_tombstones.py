from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index doesn't keep a large table from being written meanwhile."""

    atomic = False
    dependencies = [("integrations", "0016_merged_links")]
    operations = [
        AddIndexConcurrently(
            model_name="recordlink",
            index=models.Index(fields=["-id"], name="link_skipped", condition=models.Q(state="tombstone")),
        ),
    ]
