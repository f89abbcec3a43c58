"""Customers and what they order."""

from django.db import models


class Customer(models.Model):
    """Who orders."""

    email = models.EmailField(unique=True)


class Order(models.Model):
    """What is ordered."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    code = models.CharField(max_length=12, unique=True)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    placed_at = models.DateTimeField()

    class Meta:
        """How it is looked for."""

        indexes = [models.Index(fields=["placed_at"], name="by_time")]
