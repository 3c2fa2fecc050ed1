# shellcheck shell=bash
# Where the real tools are that `.ci/tools.sh` installs. Source it, and the external checks of `cargo test` find them.
# Only what is there is exported: a check whose tool is missing skips itself (or fails under PIPEGEN_REQUIRE_TOOLS=1).

PIPEGEN_TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/pipegen-tools
AIRFLOW_VERSION=3.0.4
export PIPEGEN_TOOLS AIRFLOW_VERSION
export PATH="$PIPEGEN_TOOLS/bin:$PATH"

export_if_there() { # VARIABLE PATH
  if [ -e "$2" ]; then export "$1=$2"; fi
}
export_if_there PIPEGEN_COMPOSE "$PIPEGEN_TOOLS/bin/docker-compose"
export_if_there PIPEGEN_AIRFLOW "$PIPEGEN_TOOLS/airflow-$AIRFLOW_VERSION/bin"
# Debian keeps the server programs of each version out of PATH; the newest one wins.
for directory in /usr/lib/postgresql/*/bin; do
  export_if_there PIPEGEN_POSTGRES_BIN "$directory"
done
unset directory
unset -f export_if_there
