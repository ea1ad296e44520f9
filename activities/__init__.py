"""E-mails, notes, tasks, calls, meetings, summaries; sequences; the activity log."""
