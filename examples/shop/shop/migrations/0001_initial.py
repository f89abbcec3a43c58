"""Customers and orders."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """What production has."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer", models.ForeignKey("shop.Customer", on_delete=models.CASCADE)),
                ("code", models.CharField(max_length=12)),
                ("total", models.DecimalField(max_digits=10, decimal_places=2)),
                ("placed_at", models.DateTimeField()),
            ],
        ),
    ]
