-- etl_picture_facts: one row per status of pictures without facts, whose day is three days past and more.
-- From a view of its own, as the exporter's role may not look into silver and gold.
select
    'picture_facts' as source,
    status,
    pictures as overdue
from ops.pictures_without_facts
