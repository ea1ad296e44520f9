from django.db import migrations

from crm import sql


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunSQL(sql.GUARD_TABLES, sql.UNGUARD_TABLES)]
