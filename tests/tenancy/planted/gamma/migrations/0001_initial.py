from django.db import migrations, models

import tessera.fields


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[("id", tessera.fields.KeyField(serialize=False)), ("text", models.TextField(blank=True))],
            options={"abstract": False, "base_manager_name": "objects"},
        ),
    ]
