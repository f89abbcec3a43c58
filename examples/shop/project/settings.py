"""Settings of the shop."""

import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only for development")
INSTALLED_APPS = ["shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "HOST": os.environ.get("DATABASE_HOST", "db.example.org"),
        "OPTIONS": {"options": "-c lock_timeout=2s"},
    }
}
