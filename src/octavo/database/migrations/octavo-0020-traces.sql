-- What is over and holds no file is found by when it ended, to be deleted in its time.

create index scheduled_tick_over on octavo.scheduled_tick (organization_id, settled_at) where settled_at is not null;
create index delivery_over on octavo.delivery (organization_id, ended_at) where run_id is null and ended_at is not null;
