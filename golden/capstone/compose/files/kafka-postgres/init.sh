#!/bin/sh
# Makes roles and databases on every start, and fills a new database once.
# Reads PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE (the superuser's), and one password per owner.
set -eu

run() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

run --file "$(dirname "$0")/init.sql"
