-- How long a statement may take, waiting for a lock included; 0 means no limit.
set statement_timeout to {milliseconds}
