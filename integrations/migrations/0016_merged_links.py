from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_stand_ins")]
    operations = [
        migrations.AddField(
            model_name="recordlink",
            name="merged_record_id",
            field=models.BigIntegerField(
                help_text="the record that was merged away here when the link ended (C9)", null=True
            ),
        ),
    ]
