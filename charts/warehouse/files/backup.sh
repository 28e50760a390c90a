#!/bin/bash
# Makes one backup, a folder with a dump of each database: complete and verified, or not there at all. Then deletes the
# oldest ones until $KEEP are left.
set -euo pipefail

give_up() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" | tee /dev/termination-log >&2
    exit 75
}

export DUMP="pg_dump --format=custom --compress=$COMPRESSION --lock-wait-timeout=10min"

# A run that publishes while pg_dump reads would leave half of each state in the dump: docs/adr/0001. So a session of
# our own holds the locks of the sources until pg_dump has ended: runs that publish wait for them, readers do not. If
# that session is lost meanwhile, its last statement fails, and the backup with it.
dump_while_nobody_publishes() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null --dbname=warehouse <<'SQL'
set lock_timeout = '10min';
select pg_advisory_lock_shared(49, hashtext(source)) from (
    select source from ops.schedule union select source from ops.run order by source
) as sources;
\! $DUMP --dbname=warehouse --file=.partial/unfinished && mv .partial/unfinished .partial/warehouse.dump
select pg_advisory_unlock_all();
SQL
}

cd "$BACKUPS"
exec 9>.lock
flock --nonblock 9 || give_up "Another backup is being made." "Wait until it has finished: kubectl get jobs shows it."
rm -rf .partial .old # left by one that was killed
mkdir .partial
trap 'rm -rf .partial' EXIT

for _ in {1..60}; do pg_isready --quiet && break || sleep 1; done # a new pod may start before its network policies apply

room="The log says why; on the volume $(df --human-readable --output=avail . | tail -n 1 | tr -d ' ') are free."
dump_while_nobody_publishes || give_up "The server could not be asked, or was lost." "The log says why."
[ -s .partial/warehouse.dump ] || give_up "The dump of warehouse failed." "$room"
$DUMP --dbname=airflow --file=.partial/airflow.dump || give_up "The dump of airflow failed." "$room"
for file in .partial/*.dump; do
    pg_restore --file=/dev/null "$file" || give_up "$file cannot be read back." "$room"
done

name=$(date --utc +%Y%m%dT%H%M%SZ)
sync .partial/* .partial
mv --no-target-directory .partial "$name"
sync .
du --human-readable "$name"/*.dump

mapfile -t made < <(ls --directory -- [0-9]*Z | sort --reverse)
for old in "${made[@]:KEEP}"; do
    mv --no-target-directory "$old" .old
    rm -rf .old
    echo "$old was deleted."
done
