#!/usr/bin/env bash
# Installs the real tools that the external checks run against what we render:
#
#   .ci/tools.sh [compose] [shellcheck] [postgres] [pgbouncer] [redis] [airflow]     (all of them without an argument)
#
# Everything comes from package registries (Debian, the Go module proxy, PyPI) and is kept below
# ~/.cache/pipegen-tools; a second run finds it there and is done. Then `source .ci/env.sh`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=.ci/env.sh
source "$here/env.sh"

COMPOSE_VERSION=v5.5.1
UV_VERSION=0.13.8
# Airflow's constraint files are on no registry. The packages of the day after the release (2025-08-08) stand in for them.
AIRFLOW_DAY=2025-08-09
AIRFLOW_PROVIDERS=(fab postgres celery redis)

fail() {
  printf 'tools: %s\n' "$*" >&2
  exit 1
}

# apt_install PACKAGE...: without prompts, and without the recommended packages.
apt_install() {
  [ "$(id -u)" = 0 ] || fail "as root: apt-get install $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@" >/dev/null
}

has() { command -v "$1" >/dev/null; }

# Compose is built from its Go module: no registry has the binary, and Debian's is years older.
install_compose() {
  local binary=$PIPEGEN_TOOLS/bin/docker-compose module=github.com/docker/compose/v5
  if [ "v$("$binary" version --short 2>/dev/null)" = "$COMPOSE_VERSION" ]; then return; fi
  PATH=$PATH:/usr/local/go/bin
  has go || fail 'Compose is built from source: install Go 1.25 or newer (Debian 12 has 1.19) into PATH or /usr/local/go'
  local source=$PIPEGEN_TOOLS/src/compose-$COMPOSE_VERSION
  mkdir -p "$source"
  (
    cd "$source"
    export GOFLAGS=-mod=mod CGO_ENABLED=0
    [ -f go.mod ] || go mod init ci.local/compose
    go get "$module/cmd@$COMPOSE_VERSION" >get.log 2>&1 || fail "go get: $(tail -n 3 get.log)"
    go build -trimpath -ldflags "-s -w -X $module/internal.Version=$COMPOSE_VERSION" -o docker-compose "$module/cmd"
    mv docker-compose "$binary"
  )
}

install_shellcheck() {
  has shellcheck || apt_install shellcheck
}

# The tests start a server of their own, so Debian's must neither be created nor started.
install_postgres() {
  if [ -n "${PIPEGEN_POSTGRES_BIN:-}" ]; then return; fi
  mkdir -p /etc/postgresql-common
  printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
  apt_install postgresql
}

# Its package would start one for the whole machine, with its own settings.
install_pgbouncer() {
  if has pgbouncer; then return; fi
  apt_install pgbouncer
  if [ -x /etc/init.d/pgbouncer ]; then /etc/init.d/pgbouncer stop >/dev/null; fi
}

# In Debian the server is a link to a program of redis-tools; the package redis-server only adds a daemon that nobody wants here.
install_redis() {
  if has redis-server; then return; fi
  has redis-check-rdb || apt_install redis-tools
  ln -sfn "$(command -v redis-check-rdb)" "$PIPEGEN_TOOLS/bin/redis-server"
}

install_uv() {
  local home=$PIPEGEN_TOOLS/uv-$UV_VERSION
  if [ -x "$home/bin/uv" ]; then return; fi
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

install_airflow() {
  local home=$PIPEGEN_TOOLS/airflow-$AIRFLOW_VERSION uv=$PIPEGEN_TOOLS/uv-$UV_VERSION/bin/uv
  local wanted=("apache-airflow==$AIRFLOW_VERSION" "${AIRFLOW_PROVIDERS[@]/#/apache-airflow-providers-}")
  if [ "$(cat "$home/.installed" 2>/dev/null)" = "${wanted[*]} $AIRFLOW_DAY" ]; then return; fi
  install_uv
  # Airflow 3.0 does not know Python 3.13.
  "$uv" venv --quiet --clear --no-python-downloads --python '>=3.10,<3.13' "$home"
  "$uv" pip install --quiet --system-certs --python "$home/bin/python" --exclude-newer "$AIRFLOW_DAY" "${wanted[@]}"
  printf '%s' "${wanted[*]} $AIRFLOW_DAY" >"$home/.installed"
}

mkdir -p "$PIPEGEN_TOOLS/bin"
exec 9>"$PIPEGEN_TOOLS/.lock" # two runs at once would build into the same folders
flock 9
[ $# -gt 0 ] || set -- compose shellcheck postgres pgbouncer redis airflow
for tool; do
  declare -F "install_$tool" >/dev/null || fail "no tool is called '$tool'; write compose, shellcheck, postgres, pgbouncer, redis or airflow"
  started=$SECONDS
  "install_$tool"
  printf 'tools: %-10s %4d s\n' "$tool" $((SECONDS - started))
done
