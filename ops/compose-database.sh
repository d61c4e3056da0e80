#!/bin/sh
# Run once by the database's image: the login that Octavo uses, which is no superuser, and its database.
set -eu
psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 --set password="$OCTAVO_PASSWORD" <<'SQL'
create role octavo login createrole nosuperuser nobypassrls password :'password';
create database octavo owner octavo encoding 'UTF8' template template0;
SQL
