-- The marker of a source gives way to the next.
delete from ops.published where source = %(source)s
