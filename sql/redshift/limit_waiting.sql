-- How long a statement may take, such as waiting for a lock; 0 is without limit.
set statement_timeout to {milliseconds}
