import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm import sql


class Migration(migrations.Migration):
    """Noting every record is a transaction of its own: the triggers' locks don't last so long."""

    atomic = False

    dependencies = [
        ('crm', '0005_merged_into'),
    ]

    operations = [
        migrations.RunSQL(sql.COMPANY, sql.COMPANY_UNDO),
        migrations.CreateModel(
            name='Uncompared',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('account', 'account'), ('contact', 'person'), ('deal', 'deal'), ('contact_role', 'contact role')], max_length=32)),
                ('record_id', models.BigIntegerField()),
                ('transaction', models.BigIntegerField(db_default=models.Func(function='txid_current'))),
            ],
            options={
                'verbose_name_plural': 'uncompared',
            },
        ),
        migrations.AddIndex(
            model_name='uncompared',
            index=models.Index(fields=['transaction'], name='uncompared_by_transaction'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='compare_created', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (coalesce(current_setting('lockstep.skip', true), '') <> 'on')", func="INSERT INTO crm_uncompared (kind, record_id) VALUES ('account', NEW.id); RETURN NULL;", hash='3f9e11b35f30f2a0a5286a4f3c28a53bd3c44e88', operation='INSERT', pgid='pgtrigger_compare_created_b47d9', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='compare_updated', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func="IF (OLD.name, OLD.domain, OLD.merged_into_id) IS DISTINCT FROM (NEW.name, NEW.domain, NEW.merged_into_id) THEN INSERT INTO crm_uncompared (kind, record_id) VALUES ('account', NEW.id); END IF; RETURN NULL;", hash='5459b110c75a0281ab6bd76535d2f42a44f7d184', operation='UPDATE', pgid='pgtrigger_compare_updated_6820c', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='compare_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO crm_uncompared (kind, record_id) VALUES ('account', OLD.id); RETURN NULL;", hash='79959deb80e0b9b1ca15417cb8979a921263168c', operation='DELETE', pgid='pgtrigger_compare_deleted_c19bf', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='compare_created', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (coalesce(current_setting('lockstep.skip', true), '') <> 'on')", func="INSERT INTO crm_uncompared (kind, record_id) VALUES ('contact', NEW.id); RETURN NULL;", hash='82caa400bd62c6a79c7136f1b47a194c701c0696', operation='INSERT', pgid='pgtrigger_compare_created_c0255', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='compare_updated', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func="IF (OLD.email, OLD.last_name, OLD.first_name, OLD.account_id, OLD.merged_into_id) IS DISTINCT FROM (NEW.email, NEW.last_name, NEW.first_name, NEW.account_id, NEW.merged_into_id) THEN INSERT INTO crm_uncompared (kind, record_id) VALUES ('contact', NEW.id); END IF; RETURN NULL;", hash='ae851c2953e326bd1f0536f5ab69807ba3e0daf9', operation='UPDATE', pgid='pgtrigger_compare_updated_7bafa', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='compare_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO crm_uncompared (kind, record_id) VALUES ('contact', OLD.id); RETURN NULL;", hash='f58558cec51fa72c19849a7c499b76b5b553b50e', operation='DELETE', pgid='pgtrigger_compare_deleted_42542', table='crm_contact', when='AFTER')),
        ),
        migrations.RunSQL(
            "INSERT INTO crm_uncompared (kind, record_id) SELECT 'account', id FROM crm_account"
            " UNION ALL SELECT 'contact', id FROM crm_contact",
            migrations.RunSQL.noop,
        ),
    ]
