#!/bin/sh -eu
# usage: move.sh COMMAND TENANT SOURCE TARGET [NAME=VALUE ...]
#
# COMMAND is a script of this directory: `move` runs check, publish, subscribe, wait, switch and finish,
# each of which is a command, too; `cancel` goes back; `where` shows where the tenant is. TENANT is the
# user's id. SOURCE and TARGET are conninfos, such as service=eu-1, of superusers. Passwords belong in
# ~/.pgpass, or in PGPASSFILE.
# NAME=VALUE: patience=30s, batch=5000, or reach='CONNINFO' by which the target's server reaches the source.
if [ $# -lt 4 ]; then
    sed -n '2,/^if/ s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
command=$1 tenant=$2 source=$3 target=$4
shift 4
case $command in
check | publish | subscribe | wait | switch | finish | move | cancel | where) ;;
*)
    echo "There is no command '$command'; without arguments, $0 says which there are." >&2
    exit 2
    ;;
esac
for each in "$source" "$target" "$@"; do
    case $each in
    *password=* | *://*:*@*)
        echo "A password in a command is for everybody to read: put it into ~/.pgpass." >&2
        exit 2
        ;;
    esac
done
case $tenant in
'' | *[!0-9]*)
    echo "TENANT is the number of a user, not '$tenant'." >&2
    exit 2
    ;;
esac
for each; do
    set -- "$@" -v "$each"
    shift
done
PGAPPNAME=${PGAPPNAME:-tenant $tenant: $command}
# A server ends what it does for somebody who is gone.
PGOPTIONS="${PGOPTIONS:-} -c client_connection_check_interval=1000"
export PGAPPNAME PGOPTIONS
exec psql -X -q -v tenant="$tenant" -v source="$source" -v target="$target" "$@" \
    -f "$(dirname "$0")/$command.sql" -d "$source"
