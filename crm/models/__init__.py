from crm.models.accounts import Account
from crm.models.contacts import Contact
from crm.models.custom_fields import CustomField
from crm.models.deals import ContactRole, Deal
from crm.models.domains import FreeMailDomain, PublicSuffix
from crm.models.duplicates import PastDuplicate, PotentialDuplicate, Uncompared
from crm.models.journal import JournalEntry
from crm.models.records import Kind, Record
from crm.models.stages import AccountStage, ContactStage, DealStage, Pipeline
from crm.models.users import User

__all__ = [
    "Account",
    "AccountStage",
    "Contact",
    "ContactRole",
    "ContactStage",
    "CustomField",
    "Deal",
    "DealStage",
    "FreeMailDomain",
    "JournalEntry",
    "Kind",
    "PastDuplicate",
    "Pipeline",
    "PotentialDuplicate",
    "PublicSuffix",
    "Record",
    "Uncompared",
    "User",
]
