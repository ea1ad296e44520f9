"""The SQL functions that triggers and generated columns need, before any table."""

from django.db import migrations

from crm import sql


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(sql.CHANGES, sql.CHANGES_UNDO),
        migrations.RunSQL(sql.JOURNAL, sql.JOURNAL_UNDO),
        migrations.RunSQL(sql.TRUNCATE_GUARD, sql.TRUNCATE_GUARD_UNDO),
    ]
