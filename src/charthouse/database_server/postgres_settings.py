"""Settings of the embedded PostgreSQL server."""

# Written into the configuration of a new cluster, where an operator may change them.
SETTINGS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_parallel_workers_per_gather": "0",  # requests are many and short
    "jit": "off",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}
# Set at every start, so that they hold for clusters of earlier versions too. Errors, and the details, statements and
# parameters of any message, quote rows of the record: the log gets none of them. What callers did wrong is in the
# request log; what the server did wrong, in Charthouse's own log, by SQLSTATE.
LOG_SETTINGS = {
    "log_min_messages": "log",  # above error: the server's own messages, fatal errors and panics
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",  # no detail, which has the statement that a crashed process was running
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_duration": "off",
    "log_lock_waits": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "debug_print_parse": "off",
    "debug_print_rewritten": "off",
    "debug_print_plan": "off",
}
