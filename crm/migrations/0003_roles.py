from django.db import migrations


def make_groups(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ("Admin", "Staff", "Sales"):
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_refuse_truncate"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
