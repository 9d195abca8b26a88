#!/usr/bin/env bash
# Makes the keys and passwords that compose.postgres.yaml reads, once: a file that is there is left as it is.
#
#   deploy/make-secrets.sh [FOLDER]     (secrets/ beside compose.postgres.yaml)
#
# Keep encryption-key apart from the backups of the database: together they open every stored secret.
set -euo pipefail
folder=${1:-$(dirname "$0")/../secrets}

random() { head -c "$1" /dev/urandom; }
letters() { random 512 | LC_ALL=C tr -dc 'A-Za-z0-9' | head -c "$1"; }

# The files are readable for all because a container's user is another than yours; the folder is readable for you alone.
umask 022
mkdir -p "$folder"
chmod 700 "$folder"

keep() {
    if [ -e "$folder/$1" ]; then
        cat >/dev/null
        echo "$folder/$1 is there already"
    else
        cat >"$folder/$1"
        echo "$folder/$1 made"
    fi
}

letters 32 | keep postgres-password
echo "postgres://waypost:$(cat "$folder/postgres-password")@postgres/waypost" | keep database-url
echo "wp_$(letters 40)" | keep bootstrap-key
random 32 | base64 | keep encryption-key
