from django.db import migrations, models

import tessera.fields

FROZEN = """
CREATE TYPE alpha_mood AS ENUM ('calm', 'cross');
CREATE FUNCTION alpha_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.name = 'frozen; 100%' THEN RAISE EXCEPTION 'frozen'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alpha_thing_frozen BEFORE UPDATE ON alpha_thing FOR EACH ROW EXECUTE FUNCTION alpha_refuse();
"""


def name_first(apps, schema_editor):
    apps.get_model("alpha", "Thing").objects.create(name="first", amount=7)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Thing",
            fields=[
                ("id", tessera.fields.KeyField(serialize=False)),
                ("name", models.CharField(db_index=True, max_length=50)),
                ("amount", models.IntegerField(default=0)),
            ],
            options={"abstract": False, "base_manager_name": "objects"},
        ),
        migrations.RunSQL(FROZEN),
        migrations.RunPython(name_first),
        migrations.AddField("thing", "code", models.CharField(default="none", max_length=20)),
        migrations.AddConstraint(
            "thing", models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="alpha_thing_not_negative")
        ),
        migrations.AddConstraint("thing", models.UniqueConstraint(fields=("name",), name="alpha_thing_once")),
    ]
