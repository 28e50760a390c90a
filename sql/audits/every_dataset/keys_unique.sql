-- Keys are unique. (Staging proves it by building the primary key; this query names the duplicates.)
select key as repeated, copies from ops.double_keys(%(schema)s, %(table)s)
