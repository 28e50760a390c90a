-- A key stands once. (Staging proves it by building the primary key; this query names the culprits.)
select key, copies from ops.double_keys(%(schema)s, %(table)s)
