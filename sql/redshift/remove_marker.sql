-- Removes the marker of a source to make room for the next.
delete from ops.published where source = %(source)s
