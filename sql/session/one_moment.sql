-- All statements of this transaction see what was there at its first one.
set transaction isolation level repeatable read, read only
