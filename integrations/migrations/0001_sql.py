"""The SQL that the outbox triggers call, before any table."""

from django.db import migrations

from integrations import triggers


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(triggers.OUTBOX, triggers.OUTBOX_UNDO),
        migrations.RunSQL("CREATE SCHEMA staging", "DROP SCHEMA staging CASCADE"),
    ]
