"""Settings, addresses, the Celery app and the embedded servers."""
