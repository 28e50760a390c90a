-- An engine may work for hours between two statements of this transaction.
select set_config('idle_in_transaction_session_timeout', '0', true)
