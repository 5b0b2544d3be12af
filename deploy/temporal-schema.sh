#!/bin/sh
# Brings Temporal's two databases to the schema of this image's version. Safe to repeat: setup-schema leaves a schema
# alone that is newer than 0.0, and update-schema goes on from the version it finds. The databases themselves exist
# already (deploy/postgres), because the role that owns them may not create any.
set -eu

: "${SQL_HOST:?is the host of PostgreSQL}" "${SQL_USER:?is the owner of both databases}" "${SQL_PASSWORD:?is its password}"
export SQL_PLUGIN=postgres12 SQL_PORT="${SQL_PORT:-5432}"

bring_up_to_date() {
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

bring_up_to_date "${TEMPORAL_DATABASE:-temporal}" postgresql/v12/temporal
bring_up_to_date "${TEMPORAL_VISIBILITY_DATABASE:-temporal_visibility}" postgresql/v12/visibility
