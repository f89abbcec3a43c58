"""Meant to keep codes unique; production has some twice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A constraint that production's rows do not admit."""

    dependencies = [("shop", "0002_orders_by_time")]
    operations = [
        migrations.AlterField("order", "code", models.CharField(max_length=12, unique=True)),
    ]
