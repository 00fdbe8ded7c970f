"""What everything stands on: arguments, files, locks, processes, and records of how a result was made."""
