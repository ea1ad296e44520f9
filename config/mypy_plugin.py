"""django-stubs imports the settings, which refuse to load without an environment."""

import os

from mypy_django_plugin.main import plugin

__all__ = ["plugin"]

os.environ.setdefault("DEBUG", "on")
