#!/bin/bash
# Sets the superuser's password from the Secret, then starts the server as its image does.
set -euo pipefail
config=(-c config_file=/etc/postgresql/postgresql.conf)

give_up() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" | tee /dev/termination-log >&2
    exit 78
}

# Two servers on one volume destroy it, and a pod deleted by force may be alive when its successor starts. The lock is
# the server's: it inherits the open file, and only when its last process has ended can another start.
exec 9>"$(dirname "$PGDATA")/lock"
flock --nonblock 9 || { echo "The previous server is still running: waiting for it to end." >&2; flock 9; }

if [ -s "$PGDATA/PG_VERSION" ]; then
    major=$(<"$PGDATA/PG_VERSION")
    [ "$major" = "${PG_MAJOR:-$major}" ] || give_up "The data is from PostgreSQL $major, the image has $PG_MAJOR." \
        "Set the image back to postgres:$major; the chart's README.md says how to change the major version."
    # Nobody can connect yet, and a server in single-user mode neither logs nor counts statements.
    password=$(<"$POSTGRES_PASSWORD_FILE")
    printf "alter role \"%s\" password '%s'\n" "$POSTGRES_USER" "${password//\'/\'\'}" |
        postgres --single "${config[@]}" -c shared_preload_libraries= -c log_min_duration_statement=-1 \
            -c log_min_error_statement=panic -c log_statement=none -j postgres >/dev/null
fi
# A renewed certificate needs no restart. In a session of its own and without our lock: the server would take the end of a
# child for a crash, and a successor would wait for it. It ends with the server, which keeps our process id.
renew() {
    local seen now
    seen=$(cksum /etc/postgresql/tls/tls.crt)
    while sleep 15 && kill -0 "$1"; do
        now=$(cksum /etc/postgresql/tls/tls.crt)
        [ "$now" = "$seen" ] || kill -HUP "$(head -n 1 "$PGDATA/postmaster.pid")" && seen=$now
    done
}
export -f renew
(setsid bash -c 'renew "$0"' $$ 9>&- >/dev/null 2>&1 &)
exec docker-entrypoint.sh postgres "${config[@]}"
