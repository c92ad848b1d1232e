import django.db.models.deletion
from django.db import migrations, models

import tessera.fields


class Migration(migrations.Migration):
    initial = True
    dependencies = [("alpha", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", tessera.fields.KeyField(serialize=False)),
                ("text", models.TextField(blank=True)),
                (
                    "thing",
                    models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="alpha.thing"),
                ),
            ],
            options={"abstract": False, "base_manager_name": "objects"},
        ),
    ]
