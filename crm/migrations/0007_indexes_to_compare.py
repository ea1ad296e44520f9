import django.db.models.deletion
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """No index keeps a large table from being written meanwhile."""

    atomic = False
    dependencies = [
        ('crm', '0006_compare_records'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='account',
            index=models.Index(models.Func('name', function='lockstep_company', output_field=models.TextField()), models.F('id'), name='account_by_company'),
        ),
        AddIndexConcurrently(
            model_name='contact',
            index=models.Index(models.F('account'), django.db.models.functions.text.Lower('last_name'), django.db.models.functions.text.Lower('first_name'), models.F('id'), condition=models.Q(('account__isnull', False)), name='contact_by_account'),
        ),
        migrations.AlterField(
            model_name='contact',
            name='account',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='contacts', to='crm.account'),
        ),
        RemoveIndexConcurrently(
            model_name='account',
            name='account_by_domain',
        ),
        AddIndexConcurrently(
            model_name='account',
            index=models.Index(models.F('domain'), models.F('id'), condition=models.Q(('domain', ''), _negated=True), name='account_by_domain'),
        ),
        RemoveIndexConcurrently(
            model_name='contact',
            name='contact_by_email',
        ),
        AddIndexConcurrently(
            model_name='contact',
            index=models.Index(django.db.models.functions.text.Lower('email'), models.F('id'), condition=models.Q(('email', ''), _negated=True), name='contact_by_email'),
        ),
    ]
