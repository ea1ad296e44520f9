"""Task, Event and EmailMessage."""

from sandbox.schema.blocks import deleted, id_field, owner, stamps
from sandbox.schema.fields import Field, make
from sandbox.schema.objects import ObjectType, make_object

TASK_STATUSES = ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"]
PRIORITIES = ["High", "Normal", "Low"]
SUBJECTS = ["Call", "Send Letter", "Send Quote", "Other"]
EMAIL_STATUSES = ["0", "1", "2", "3", "4", "5"]


def _related(children: str) -> list[Field]:
    return [
        make("WhoId", "Name ID", "reference", to=["Contact", "Lead"], child=children, cascade=True),
        make(
            "WhatId",
            "Related To ID",
            "reference",
            to=["Account", "Opportunity"],
            child=children,
            cascade=True,
        ),
    ]


def task() -> ObjectType:
    fields = [
        id_field("Activity"),
        *_related("Tasks"),
        make("Subject", "Subject", "combobox", 255, values=SUBJECTS, nameField=True),
        make("ActivityDate", "Due Date Only", "date"),
        make("Status", "Status", "picklist", 40, values=TASK_STATUSES, default="Not Started", nillable=False),
        make("Priority", "Priority", "picklist", 40, values=PRIORITIES, default="Normal", nillable=False),
        make("IsHighPriority", "High Priority", "boolean", readonly=True),
        owner(["Group", "User"]),
        make("Description", "Description", "textarea", 32000),
        deleted(),
        make("AccountId", "Account ID", "reference", to="Account", readonly=True),
        make("IsClosed", "Closed", "boolean", readonly=True),
        *stamps(),
        make("IsArchived", "Archived", "boolean", readonly=True),
        make("CallDurationInSeconds", "Call Duration", "int", digits=8),
        make(
            *("CallType", "Call Type", "picklist", 40),
            values=["Internal", "Inbound", "Outbound"],
            restrictedPicklist=True,
        ),
        make("CallDisposition", "Call Result", "string", 255),
        make("CallObject", "Call Object Identifier", "string", 255),
        make("ReminderDateTime", "Reminder Date/Time", "datetime"),
        make("IsReminderSet", "Reminder Set", "boolean"),
        make(
            "RecurrenceActivityId",
            "Recurrence Activity ID",
            "reference",
            to="Task",
            child="RecurringTasks",
            readonly=True,
        ),
        make("IsRecurrence", "Create Recurring Series of Tasks", "boolean", updateable=False),
        make(
            *("TaskSubtype", "Task Subtype", "picklist", 40),
            values=["Task", "Email", "Call", "ListEmail", "LinkedIn"],
            restrictedPicklist=True,
            updateable=False,
        ),
        make("Type", "Type", "picklist", values=["Call", "Email", "Meeting", "Other"]),
        make("CompletedDateTime", "Completed Date", "datetime", readonly=True),
    ]
    return make_object("Task", "Task", "00T", fields, mruEnabled=False)


def event() -> ObjectType:
    fields = [
        id_field("Activity"),
        *_related("Events"),
        make(
            "Subject",
            "Subject",
            "combobox",
            255,
            values=["Call", "Email", "Meeting", "Other"],
            nameField=True,
        ),
        make("Location", "Location", "string", 255),
        make("IsAllDayEvent", "All-Day Event", "boolean"),
        make("ActivityDateTime", "Due Date Time", "datetime"),
        make("ActivityDate", "Due Date Only", "date"),
        make("DurationInMinutes", "Duration", "int", digits=8),
        make("StartDateTime", "Start Date Time", "datetime"),
        make("EndDateTime", "End Date Time", "datetime"),
        make("EndDate", "End Date", "date", readonly=True),
        make("Description", "Description", "textarea", 32000),
        make("AccountId", "Account ID", "reference", to="Account", readonly=True),
        owner(),
        make("IsPrivate", "Private", "boolean"),
        make(
            *("ShowAs", "Show Time As", "picklist", 40),
            values=["Busy", "OutOfOffice", "Free"],
            restrictedPicklist=True,
        ),
        deleted(),
        make("IsChild", "Is Child", "boolean", readonly=True),
        make("IsGroupEvent", "Is Group Event", "boolean", readonly=True),
        *stamps(),
        make("IsArchived", "Archived", "boolean", readonly=True),
        make("ReminderDateTime", "Reminder Date/Time", "datetime"),
        make("IsReminderSet", "Reminder Set", "boolean"),
        make(
            "EventSubtype",
            "Event Subtype",
            "picklist",
            40,
            values=["Event"],
            restrictedPicklist=True,
            updateable=False,
        ),
        make("Type", "Type", "picklist", values=["Email", "Meeting", "Other", "Call"]),
    ]
    return make_object("Event", "Event", "00U", fields, mruEnabled=False)


def email_message() -> ObjectType:
    fields = [
        id_field("Email Message"),
        make("ParentId", "Parent ID", "reference", to="Case", updateable=False),
        make("ActivityId", "Activity ID", "reference", to="Task", updateable=False),
        *stamps(),
        make("TextBody", "Text Body", "textarea", 32000),
        make("HtmlBody", "HTML Body", "textarea", 131072),
        make("Headers", "Headers", "textarea", 32000),
        make("Subject", "Subject", "string", 3000, nameField=True),
        make("FromName", "From Name", "string", 1000),
        make("FromAddress", "From Address", "email", 1000),
        make("ToAddress", "To Address", "string", 4000),
        make("CcAddress", "CC Address", "string", 4000),
        make("BccAddress", "BCC Address", "string", 4000),
        make("Incoming", "Is Incoming", "boolean", updateable=False),
        make("HasAttachment", "Has Attachment", "boolean", readonly=True),
        make(
            "Status",
            "Status",
            "picklist",
            40,
            values=EMAIL_STATUSES,
            restrictedPicklist=True,
            default="0",
            nillable=False,
        ),
        make("MessageDate", "Message Date", "datetime"),
        deleted(),
        make("ReplyToEmailMessageId", "Email Message ID", "reference", to="EmailMessage"),
        make("IsExternallyVisible", "Is Externally Visible", "boolean"),
        make("MessageIdentifier", "Message ID", "string", 765, idLookup=True),
        make("ThreadIdentifier", "Thread ID", "string", 765),
        make("IsClientManaged", "Is Client Managed", "boolean", updateable=False),
        make("FromId", "From ID", "reference", to=["Contact", "Lead", "User"], updateable=False),
        make(
            "RelatedToId",
            "Related To ID",
            "reference",
            to=["Account", "Opportunity", "Contact", "Lead"],
            child="Emails",
        ),
        make("IsTracked", "Is Tracked", "boolean"),
        make("IsOpened", "Opened?", "boolean", readonly=True),
        make("FirstOpenedDate", "First Opened", "datetime"),
        make("LastOpenedDate", "Last Opened", "datetime"),
        make("IsBounced", "Is Bounced?", "boolean", readonly=True),
    ]
    return make_object("EmailMessage", "Email Message", "02s", fields, mruEnabled=False)


def email_message_relation() -> ObjectType:
    """Whom an e-mail went to. The key prefix is made up."""
    fields = [
        id_field("Email Message Relation"),
        make(
            *("EmailMessageId", "Email Message ID", "reference"),
            to="EmailMessage",
            child="EmailMessageRelations",
            cascade=True,
            required=True,
            updateable=False,
        ),
        make(
            *("RelationId", "Relation ID", "reference"),
            to=["Contact", "Lead", "User"],
            child="EmailMessageRelations",
            cascade=True,
        ),
        make(
            *("RelationType", "Relation Type", "picklist", 40),
            values=["ToAddress", "CcAddress", "BccAddress", "FromAddress", "OtherAddress"],
            restrictedPicklist=True,
            required=True,
            updateable=False,
        ),
        make("RelationAddress", "Relation Address", "string", 4000, updateable=False),
        *stamps(),
        deleted(),
    ]
    return make_object(
        "EmailMessageRelation", "Email Message Relation", "0Em", fields, undeletable=False, mruEnabled=False
    )


def event_relation() -> ObjectType:
    """Who is invited to an event, and what they answered."""
    fields = [
        id_field("Event Relation"),
        make(
            *("RelationId", "Relation ID", "reference"),
            to=["Contact", "Lead", "User"],
            child="EventRelations",
            cascade=True,
            required=True,
            updateable=False,
        ),
        make(
            *("EventId", "Event ID", "reference"),
            to="Event",
            child="EventRelations",
            cascade=True,
            required=True,
            updateable=False,
        ),
        make(
            *("Status", "Status", "picklist", 40),
            values=["New", "Declined", "Accepted", "Uninvited", "Maybe"],
            restrictedPicklist=True,
            default="New",
        ),
        make("RespondedDate", "Responded Date", "datetime"),
        make("Response", "Comment", "string", 255),
        *stamps(),
        deleted(),
    ]
    return make_object("EventRelation", "Event Relation", "0RE", fields, undeletable=False, mruEnabled=False)
