"""Fixtures for the tests of all apps, on this checkout's own test servers, whatever the shell says.

PostgreSQL and broker start with the first connection (config/embedded) and stop after the last test. Settings
are loaded here, not by pytest-django's option, which would load them before the environment is set.
"""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["LOCKSTEP_SERVERS"] = "test"
os.environ["DEBUG"] = "on"
for _name in ("REDIS_URL", "SECRET_KEY", "TOKEN_KEYS", "PLAN", "PUBLIC_URL", "ALLOWED_HOSTS", "EMAIL_URL"):
    os.environ.pop(_name, None)

django.setup()
