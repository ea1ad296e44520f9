"""Objects that describe the org itself: its record types, its lists, its own row."""

from typing import Any

from sandbox.schema.blocks import address, id_field, phone, stamps
from sandbox.schema.fields import Field, make
from sandbox.schema.objects import ObjectType, make_object

_FIXED: dict[str, Any] = {"createable": False, "deletable": False, "undeletable": False, "layoutable": False}


def record_type() -> ObjectType:
    fields = [
        id_field("Record Type"),
        make("Name", "Name", "string", 80, readonly=True, nameField=True),
        make("DeveloperName", "Record Type Name", "string", 80, readonly=True),
        make("NamespacePrefix", "Namespace Prefix", "string", 15, readonly=True),
        make("Description", "Description", "string", 255, readonly=True),
        make("BusinessProcessId", "Business Process ID", "string", 18, readonly=True),
        make("SobjectType", "SObject Type Name", "picklist", 40, values=[], readonly=True),
        make("IsActive", "Active", "boolean", readonly=True),
        *stamps(),
    ]
    return make_object("RecordType", "Record Type", "012", fields, updateable=False, **_FIXED)


def organization() -> ObjectType:
    fields = [
        id_field("Organization"),
        make("Name", "Name", "string", 80, required=True, nameField=True),
        make("Division", "Division", "string", 80),
        *address("", ""),
        phone("Phone", "Phone"),
        make("PrimaryContact", "Primary Contact", "string", 80),
        make("DefaultLocaleSidKey", "Locale", "picklist", 40, values=["en_US"], default="en_US"),
        make("LanguageLocaleKey", "Language", "picklist", 40, values=["en_US"], default="en_US"),
        make("TimeZoneSidKey", "Time Zone", "picklist", 40, values=["GMT"], default="GMT"),
        make("FiscalYearStartMonth", "Fiscal Year Starts In", "int", digits=2),
        make("OrganizationType", "Edition", "picklist", 40, values=["Enterprise Edition"], readonly=True),
        make("InstanceName", "Instance Name", "string", 5, readonly=True),
        make("IsSandbox", "Is Sandbox", "boolean", readonly=True),
        make("NamespacePrefix", "Namespace Prefix", "string", 15, readonly=True),
        *stamps(),
    ]
    return make_object("Organization", "Organization", "00D", fields, **_FIXED)


def _list_fields(label: str) -> list[Field]:
    return [
        id_field(label),
        make("MasterLabel", "Master Label", "string", 255, readonly=True, nameField=True),
        make("ApiName", "API Name", "string", 255, readonly=True),
        make("SortOrder", "Sort Order", "int", digits=9, readonly=True),
        make("IsDefault", "Is Default", "boolean", readonly=True),
    ]


def task_status() -> ObjectType:
    closed = make("IsClosed", "Is Closed", "boolean", readonly=True)
    fields = [*_list_fields("Task Status Value"), closed, *stamps()]
    return make_object("TaskStatus", "Task Status Value", "01T", fields, updateable=False, **_FIXED)


def task_priority() -> ObjectType:
    high = make("IsHighPriority", "Is High Priority", "boolean", readonly=True)
    fields = [*_list_fields("Task Priority Value"), high, *stamps()]
    return make_object("TaskPriority", "Task Priority Value", "01P", fields, updateable=False, **_FIXED)
