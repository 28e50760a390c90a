#!/bin/bash
# Restores the newest backup into a server of its own, which goes with the pod: a backup that never was restored is a hope.
set -euo pipefail

give_up() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" | tee /dev/termination-log >&2
    exit 65
}

newest=$(find "$BACKUPS" -maxdepth 1 -name '[0-9]*Z' | sort | tail -n 1)
[ -n "$newest" ] || give_up "There is no backup." "kubectl -n data-platform create job backup-now --from=cronjob/backup"
begun=$SECONDS
export PGDATA=/scratch/pgdata PGHOST=/tmp PGUSER=postgres
unset PGPORT PGPASSWORD PGDATABASE PGSSLMODE PGSSLROOTCERT
initdb --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
pg_ctl start --silent --wait --log=/scratch/log --options="-c listen_addresses= -c unix_socket_directories=/tmp \
    -c shared_buffers=32MB -c maintenance_work_mem=16MB -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0"
trap 'pg_ctl stop --silent --mode=immediate || true' EXIT

for dump in "$newest"/*.dump; do
    database=$(basename "$dump" .dump)
    createdb "$database"
    pg_restore --no-owner --no-privileges --exit-on-error --dbname="$database" "$dump" ||
        give_up "$database of backup ${newest##*/} could not be restored." "The log says why; is the volume of the backups well?"
done
found=$(psql --no-psqlrc --tuples-only --no-align --dbname=warehouse --command="
    select format('version %s, %s runs, the last of %s', (select version_num from ops.schema_version), count(*), max(started_at))
    from ops.run") || give_up "Backup ${newest##*/} has no ledger." "The warehouse had none that night: make status"
echo "Backup ${newest##*/} came back in $((SECONDS - begun)) s: $found."
