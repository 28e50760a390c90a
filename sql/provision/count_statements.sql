-- The view of what each kind of statement cost, in all databases; exporters look for it in public.
create extension if not exists pg_stat_statements with schema public
