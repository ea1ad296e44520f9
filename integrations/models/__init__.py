from integrations.models.agreements import OutdatedAgreement
from integrations.models.audit import AuditEntry
from integrations.models.conflicts import FieldConflict
from integrations.models.connection import WINDOW, Connection, ConnectionState
from integrations.models.errors import SyncError
from integrations.models.lead_accounts import AccountWithDomain, DomainToMatch
from integrations.models.links import RecordLink
from integrations.models.outbox import (
    CapturedAccount,
    CapturedContact,
    CapturedContactRole,
    CapturedDeal,
    OutboxEntry,
)
from integrations.models.owners import OwnerMove, SalesforceOwner
from integrations.models.runs import SyncedObject, SyncRun
from integrations.models.schema import ObjectSchema
from integrations.models.sync_settings import SyncSettings
from integrations.models.usage import ApiAllowance, ApiUsage, WaitingCount

__all__ = [
    "WINDOW",
    "AccountWithDomain",
    "ApiAllowance",
    "ApiUsage",
    "AuditEntry",
    "CapturedAccount",
    "CapturedContact",
    "CapturedContactRole",
    "CapturedDeal",
    "Connection",
    "ConnectionState",
    "DomainToMatch",
    "FieldConflict",
    "ObjectSchema",
    "OutdatedAgreement",
    "OutboxEntry",
    "OwnerMove",
    "RecordLink",
    "SalesforceOwner",
    "SyncError",
    "SyncRun",
    "SyncSettings",
    "SyncedObject",
    "WaitingCount",
]
