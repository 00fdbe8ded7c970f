"""A service that measures videos for others: a queue on disk, one process for each job, an HTTP interface."""
