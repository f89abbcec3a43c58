"""An index for the list of the last orders, built while shops go on selling."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Without a transaction. What an interrupted build has left is dropped first."""

    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS by_time", migrations.RunSQL.noop),
        AddIndexConcurrently("order", models.Index(fields=["placed_at"], name="by_time")),
    ]
