#!/bin/bash
# Restores what a backup contains, never over existing data:
#
#   restore list                       the backups, oldest first
#   restore load BACKUP DATABASE       DATABASE as it was then, beside today's, as DATABASE_BACKUP
#   restore copy DATABASE HOST AS      DATABASE of another server, beside today's, as AS
#   restore has DATABASE               whether it is there: yes or no
#   restore compare DATABASE WITH      the tables and views in which they differ
#   restore table TABLE FROM           one table of warehouse, such as silver.spacex_launches, from database FROM
#   restore swap DATABASE FROM         FROM takes the place of DATABASE, which is kept as DATABASE_before, and says so
#   restore forget DATABASE            drops a database that `load` or `swap` has left
set -euo pipefail
export PGDATABASE=postgres PGOPTIONS='-c client_min_messages=warning'

give_up() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 64
}

ask() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

await_server() { # a new pod may start before its network policies apply
    for _ in {1..60}; do
        pg_isready --quiet && return || sleep 1
    done
    give_up "The server does not answer." "'make status' says whether it works; then try again."
}

is_database() {
    [ "$(ask --set=name="$1" <<<"select count(*) from pg_database where datname = :'name'")" = 1 ]
}

version() { # of the warehouse's migrations; nothing if there are none
    ask --dbname="$1" <<<"select version_num from ops.schema_version" 2>/dev/null || true
}

list() {
    cd "$BACKUPS"
    compgen -G '[0-9]*Z' >/dev/null ||
        give_up "There is no backup." "Make one: kubectl -n data-platform create job backup-now --from=cronjob/backup"
    du --human-readable -- [0-9]*Z/*.dump
}

load() {
    local dump="$BACKUPS/$1/$2.dump" beside="$2_${1,,}"
    [ -s "$dump" ] || give_up "There is no $2 in backup $1." "'restore list' shows what there is."
    read_into "$beside" "$dump" <"$dump"
}

copy() { # its certificate has the name of the server that it once was
    local verify=${PGSSLMODE:-prefer}
    PGSSLMODE=${verify/verify-full/verify-ca} pg_dump --dbname="$1" --host="$2" --format=custom --compress=none |
        read_into "$3" "$1 at $2"
}

read_into() { # the dump that comes in, which is called $2
    ! is_database "$1" </dev/null || give_up "$1 already exists." "Use it, or remove it: restore forget $1"
    ask --set=name="$1" <<<'create database :"name" template template0'
    ask --set=name="$1" <<<'revoke all on database :"name" from public'
    pg_restore --exit-on-error --single-transaction --dbname="$1" || {
        forget "$1"
        give_up "$2 could not be loaded." "Postgres' own message is above; nothing was left behind."
    }
    ask --dbname="$1" <<<'analyze'
    echo "$1 has been created. Nothing uses it yet."
}

has() {
    is_database "$1" && echo yes || echo no
}

compare() {
    is_database "$2" || give_up "There is no database $2." "'restore load' creates it."
    local lines
    lines=$(LC_ALL=C join -t '|' -a 1 -a 2 -e - -o 0,1.2,2.2,1.3,2.3 <(contents "$1") <(contents "$2") |
        awk -F '|' '$2 != $3 || $4 != $5 {
            print "  " $1 ": " ($2 == "-" ? "is not there now" : "now " $2) ", " \
                ($3 == "-" ? "was not there then" : "then " $3) ($2 == $3 ? ", and they differ" : "")
        }')
    printf '%s\n' "${lines:+$1 differs from $2:
}${lines:-$1 and $2 have the same contents.}"
}

contents() { # of each table the number of its rows and a sum of what is in them
    ask --dbname="$1" <<'SQL' | LC_ALL=C sort --field-separator='|' --key=1,1
select case
    when relkind = 'v' then format('select %L, %L, null', 'view ' || pg_class.oid::regclass, 'there')
    else format('select %L, count(*) || %L, sum(hashtextextended(t::text, 0)) from %s as t', pg_class.oid::regclass, ' rows', pg_class.oid::regclass)
end
from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
where
    relkind in ('r', 'p', 'v') and not relispartition and nspname !~ '^pg_' and nspname not in ('information_schema', 'stage', 'parts')
    and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e') \gexec
SQL
}

table() {
    local schema="${1%%.*}" name="${1#*.}" from="$2"
    is_database "$from" || give_up "There is no database $from." "'restore load' creates it."
    local table="\"$schema\".\"$name\"" needs=("$schema") missing found views=()
    if [ "$schema" != ops ]; then
        needs+=(parts ops) # where partitions are, and what was counted of them
        [ "$(version warehouse)" = "$(version "$from")" ] ||
            give_up "$from is of another version of the platform, in which tables may have another shape." \
                "Restore the whole database, as the how-to describes: restore swap warehouse $from"
        found=$(views_on "$table" "$from")
        mapfile -t views < <(printf '%s' "$found")
    fi
    for missing in "${needs[@]}"; do
        [ "$(ask --dbname=warehouse --set=name="$missing" <<<"select count(*) from pg_namespace where nspname = :'name'")" = 1 ] ||
            give_up "warehouse has no schema $missing, in which $1 has its rows or its rights." \
                "Restore the whole database, as the how-to describes: restore swap warehouse $from"
    done
    {
        [ ${#views[@]} = 0 ] || printf 'drop view if exists %s;\n' "${views[@]}"
        echo "drop table if exists $table;"
        pg_dump --dbname="$from" --table-and-children="$table" "${views[@]/#/--table=}" || echo 'select the_dump_ended_early;'
        [ "$schema" = ops ] || echo "delete from ops.table_part where table_name = :'name';" # the next run counts again
    } | ask --dbname=warehouse --single-transaction --set=name="$name" --output=/dev/null --file=- ||
        give_up "$1 was not restored." "Postgres' own message is above; warehouse is unchanged."
    echo "$1 is now as it was in $from."
}

views_on() { # our own, which are the same in all databases of a version: those that need others first
    ask --dbname="$2" --set=table="$1" <<'SQL'
with recursive needing as (
    select to_regclass(:'table')::oid as oid, 0 as depth
    union
    select rule.ev_class, needing.depth + 1
    from needing
    inner join pg_depend as need on need.refclassid = 'pg_class'::regclass and need.refobjid = needing.oid
    inner join pg_rewrite as rule on need.classid = 'pg_rewrite'::regclass and need.objid = rule.oid
    where rule.ev_class != needing.oid
)
select format('%I.%I', relnamespace::regnamespace, relname)
from needing inner join pg_class using (oid)
where relkind = 'v' and relowner = to_regrole('platform_admin')
group by oid, relnamespace, relname order by max(depth) desc
SQL
}

swap() {
    local now="$1" from="$2" before aside="$1_aside"
    is_database "$from" || give_up "There is no database $from." "'restore load' creates it."
    before=$(name_for_former "$now" "$from")
    # Who may connect is a property of the database; a restored one has no such grants yet.
    ask --set=now="$now" --set=from="$from" <<'SQL' >/dev/null
select format('grant %s on database %I to %I', r.privilege_type, :'from', r.grantee::regrole::text)
from pg_database, aclexplode(datacl) as r where datname = :'now' and r.grantee != 0 \gexec
select format('alter database %I owner to %I', :'from', datdba::regrole::text) from pg_database where datname = :'now' \gexec
SQL
    ask --set=now="$now" --set=from="$from" --set=before="$before" --set=aside="$aside" <<'SQL' >/dev/null ||
select format('alter database %I with allow_connections false', datname) from pg_database where datname in (:'now', :'from') \gexec
select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname in (:'now', :'from');
begin;
select format('alter database %I rename to %I', datname, :'aside') from pg_database where datname = :'now' \gexec
alter database :"from" rename to :"now";
select format('alter database %I rename to %I', datname, :'before') from pg_database where datname = :'aside' \gexec
commit;
SQL
        {
            allow_connections "$now" "$from"
            give_up "$now could not be swapped." "Postgres' own message is above; try again."
        }
    allow_connections "$now" "$before"
    echo "$now is now what $from was."
    ! is_database "$before" || echo "The previous one is $before. To go back: restore swap $now $before"
}

# Whoever goes back swaps two names; otherwise no former database takes the name of another.
name_for_former() {
    local name="$1_before" number=1
    case $2 in "$1_before"*) name="$2" ;; *)
        while is_database "$name"; do
            number=$((number + 1))
            name="$1_before_$number"
        done
        ;;
    esac
    echo "$name"
}

allow_connections() {
    ask --set=one="$1" --set=other="$2" <<'SQL' >/dev/null
select format('alter database %I with allow_connections true', datname) from pg_database where datname in (:'one', :'other') \gexec
SQL
}

forget() {
    case $1 in *_before | *_before_[0-9]* | *_20*z | *_newest) ;; *) give_up "$1 is in use." "Only a database that 'load' or 'swap' has left can be removed." ;; esac
    ask --set=name="$1" <<<'drop database if exists :"name" with (force)'
}

case "${1:-} $#" in
    "list 1") list ;;
    "load 3" | "copy 4" | "has 2" | "compare 3" | "table 3" | "swap 3" | "forget 2")
        await_server
        "$@"
        ;;
    *)
        sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
        exit 64
        ;;
esac
