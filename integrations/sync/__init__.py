"""The processes: pull, push, lifecycle, reconcile, undo. Each is handed the org and the clock."""
