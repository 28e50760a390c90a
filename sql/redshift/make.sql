-- Fills a table of gold where no reader looks.
insert into {table}
{query}
