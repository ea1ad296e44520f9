"""All settings, read from the environment (README, "Environment"). Nonsense is refused with a sentence."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext

from config import environment, local_secrets
from config.embedded import broker, postgres
from config.embedded.locations import STATE, for_tests

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# What kind of installation this is
DEBUG = environment.flag("DEBUG")
PLAN = environment.choice("PLAN", ("paid", "free"), default="paid")
PUBLIC_URL = environment.public_url("PUBLIC_URL", default="http://localhost:8000")
_IS_HTTPS = PUBLIC_URL.startswith("https:")

# Secrets
if DEBUG:
    SECRET_KEY = environment.text("SECRET_KEY") or local_secrets.secret_key(STATE)
    TOKEN_KEYS = environment.fernet_keys("TOKEN_KEYS") or [local_secrets.token_key(STATE)]
else:
    _FOR_DEVELOPMENT = "For development set DEBUG=on, which makes one."
    SECRET_KEY = environment.required(
        "SECRET_KEY", f"It signs sessions: 50 random characters. {_FOR_DEVELOPMENT}"
    )
    environment.required("TOKEN_KEYS", f"It encrypts Salesforce tokens: a Fernet key. {_FOR_DEVELOPMENT}")
    TOKEN_KEYS = environment.fernet_keys("TOKEN_KEYS")

# How long a worker may be silent before another takes its run over
SYNC_LEASE_SECONDS = environment.whole_number("SYNC_LEASE_SECONDS", 60, least=1, most=600)

# What the connect form is prefilled with in a demo; a real installation has none
DEMO_SALESFORCE = (
    {
        "login_url": environment.text("DEMO_SALESFORCE_URL"),
        "client_id": environment.text("DEMO_SALESFORCE_CLIENT_ID", "lockstep-sandbox-client"),
        "client_secret": environment.text("DEMO_SALESFORCE_CLIENT_SECRET", "lockstep-sandbox-secret"),
    }
    if DEBUG and environment.text("DEMO_SALESFORCE_URL")
    else {}
)

# Hosts
_PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or [
    _PUBLIC_HOST,
    *(["localhost", "127.0.0.1"] if DEBUG else []),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
USE_X_FORWARDED_HOST = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _IS_HTTPS else None

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "config.apps.LockstepAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "django_celery_beat",
    "import_export",
    "pgtrigger",
    "mappings",
    "crm",
    "activities",
    "prospects",
    "integrations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.security.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.middleware.TimezoneMiddleware",
    "crm.middleware.FragmentMessages",
    "crm.middleware.RefusalsInWords",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "crm.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets of our own live in templates/ too

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# PostgreSQL, the only dialect
_LOCAL_SERVERS = "Set it, or DEBUG=on for a server of this checkout's own."
if DEBUG and not environment.text("DATABASE_URL"):
    _DATABASE: dict[str, Any] = {
        "ENGINE": "config.embedded.database",
        "NAME": postgres.DATABASE,
        "USER": postgres.USER,
        "HOST": str(postgres.SERVER.socket_directory),
    }
else:
    environment.required("DATABASE_URL", _LOCAL_SERVERS)
    _DATABASE = dict(
        dj_database_url.parse(environment.address("DATABASE_URL", ("postgres", "postgresql")), conn_max_age=0)
    )

# A chunk of a pull, looked through by each of its statements, is to stay in memory.
_SESSION = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=300s -c temp_buffers=32MB"
if for_tests():
    _SESSION += " -c lockstep.allow_truncate=on"  # tests with transactions of their own empty the tables

DATABASES = {
    "default": {
        **_DATABASE,
        "CONN_MAX_AGE": 0,  # connections go back to the pool, which keeps them
        "CONN_HEALTH_CHECKS": True,  # a pooled connection may have outlived a restart of PostgreSQL
        "OPTIONS": {
            **_DATABASE.get("OPTIONS", {}),
            # Opened by the first query, thus after Celery and gunicorn have forked (docs/decisions/0003).
            "pool": {
                "min_size": 0,
                "max_size": environment.whole_number("DATABASE_POOL", 8, least=1, most=100),
                "timeout": 15,
            },
            "connect_timeout": 10,
            "application_name": "lockstep",
            "options": _SESSION,
        },
    },
}

# Celery is the doorbell, the outbox is the truth: messages carry ids, and results are rows
if DEBUG and not environment.text("REDIS_URL"):
    EMBEDDED_BROKER = True
    _BROKER = broker.celery_settings()
else:
    EMBEDDED_BROKER = False
    environment.required("REDIS_URL", _LOCAL_SERVERS)
    _BROKER = {"broker_url": environment.address("REDIS_URL", ("redis", "rediss", "redis+socket"))}

CELERY_BROKER_URL = _BROKER["broker_url"]
# Redis gives a message to another worker when the first stays silent this long; no task may run longer.
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKER.get("broker_transport_options", {"visibility_timeout": 900})
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "live"
CELERY_TASK_ROUTES = {
    f"integrations.tasks.{task}": {"queue": "pull"}
    for task in ("prepare_workspace", "scheduled_pull", "pull_slice", "show_or_hide")
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = "UTC"
DJANGO_CELERY_BEAT_TZ_AWARE = True

# Signing in
AUTHENTICATION_BACKENDS = ["crm.signing_in.EmailOrName"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/home/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Cookies and transport
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_SECURE = _IS_HTTPS
SECURE_SSL_REDIRECT = _IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _IS_HTTPS
SECURE_HSTS_PRELOAD = _IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Words, time, mail
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["config.formats"]
globals().update(
    environment.mail_settings("EMAIL_URL", default="console:" if DEBUG else "smtp://localhost:25?tls=off")
)
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", f"lockstep@{_PUBLIC_HOST}")

# Files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "collected"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "config.masking.SecretsFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["secrets"], "formatter": "line"},
    },
    "root": {
        "handlers": ["console"],
        "level": environment.choice(
            "LOG_LEVEL", ("debug", "info", "warning", "error"), default="info"
        ).upper(),
    },
    # Django's own handlers know no filter of ours; its records go to the root's.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}

UNFOLD = {
    "SITE_TITLE": "Lockstep",
    "SITE_HEADER": "Lockstep",
    "SITE_URL": "/home/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_ICON": "config.navigation.icon",
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.navigation.icon"}],
    "STYLES": ["config.navigation.stylesheet"],
    "SCRIPTS": ["config.navigation.script"],
    "SIDEBAR": {"navigation": "config.navigation.sidebar"},
}
