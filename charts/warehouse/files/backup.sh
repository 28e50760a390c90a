#!/bin/bash
# Makes one backup, a folder with a dump of each database: complete and verified, or not there at all. Then deletes the
# oldest ones until $KEEP are left.
set -euo pipefail

give_up() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" | tee /dev/termination-log >&2
    exit 75
}

DUMP="pg_dump --format=custom --compress=$COMPRESSION --lock-wait-timeout=10min"

cd "$BACKUPS"
exec 9>.lock
flock --nonblock 9 || give_up "Another backup is being made." "Wait until it has finished: kubectl get jobs shows it."
rm -rf .partial .old # left by one that was killed
mkdir .partial
trap 'rm -rf .partial' EXIT

for _ in {1..60}; do pg_isready --quiet && break || sleep 1; done # a new pod may start before its network policies apply

room="The log says why; on the volume $(df --human-readable --output=avail . | tail -n 1 | tr -d ' ') are free."
for database in warehouse airflow; do
    $DUMP --dbname=$database --file=.partial/$database.dump || give_up "The dump of $database failed." "$room"
done
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
