#!/usr/bin/env bash
# Installs the real tools that the external checks run against what we render:
#
#   .ci/tools.sh [compose] [shellcheck] [postgres] [pgbouncer] [redis] [airflow] [etcd] [kubernetes] [helm] [kubeconform] [kind] [templates]
#
# Without an argument it installs all of them.
#
# Everything comes from package registries (Debian, the Go module proxy, PyPI) and is kept below
# ~/.cache/pipegen-tools; a second run finds it there and is done. Then `source .ci/env.sh`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=.ci/env.sh
source "$here/env.sh"

COMPOSE_VERSION=v5.5.1
UV_VERSION=0.13.8
KUBERNETES_VERSION=v1.34.4
HELM_VERSION=v3.22.0
KUBECONFORM_VERSION=v0.8.0
KIND_VERSION=v0.33.0
SPRIG_VERSION=v3.3.0
# Airflow's constraint files are on no registry. The packages of the day after the release (2025-08-08) stand in for them.
AIRFLOW_DAY=2025-08-09
AIRFLOW_PROVIDERS=(fab postgres celery redis amazon databricks)

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

need_go() {
  PATH=$PATH:/usr/local/go/bin
  has go || fail "$1 is built from source: install Go 1.25 or newer (Debian 12 has 1.19) into PATH or /usr/local/go"
  export GOFLAGS='-mod=mod -trimpath' CGO_ENABLED=0
}

# go_install PROGRAM PACKAGE VERSION: the folder's name remembers the version, as few programs built so know their own.
go_install() {
  local home=$PIPEGEN_TOOLS/$1-$3
  if [ ! -x "$home/$1" ]; then
    need_go "$1"
    GOBIN=$home go install -ldflags '-s -w' "$2@$3" 2>"$PIPEGEN_TOOLS/src/$1.log" ||
      fail "go install $2: $(tail -n 3 "$PIPEGEN_TOOLS/src/$1.log")"
  fi
  ln -sfn "$home/$1" "$PIPEGEN_TOOLS/bin/$1"
}

# Compose is built from its Go module: no registry has the binary, and Debian's is years older.
install_compose() {
  local binary=$PIPEGEN_TOOLS/bin/docker-compose module=github.com/docker/compose/v5
  if [ "v$("$binary" version --short 2>/dev/null)" = "$COMPOSE_VERSION" ]; then return; fi
  need_go Compose
  local source=$PIPEGEN_TOOLS/src/compose-$COMPOSE_VERSION
  mkdir -p "$source"
  (
    cd "$source"
    [ -f go.mod ] || go mod init ci.local/compose
    go get "$module/cmd@$COMPOSE_VERSION" >get.log 2>&1 || fail "go get: $(tail -n 3 get.log)"
    go build -ldflags "-s -w -X $module/internal.Version=$COMPOSE_VERSION" -o docker-compose "$module/cmd"
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

# Unpacked instead of installed: the package would start a daemon that nobody wants here.
install_etcd() {
  if has etcd; then return; fi
  local source=$PIPEGEN_TOOLS/src/etcd
  mkdir -p "$source"
  (
    cd "$source"
    apt-get download -qq etcd-server 2>/dev/null || { apt-get update -qq && apt-get download -qq etcd-server; }
    dpkg -x etcd-server_*.deb .
    ln -sfn "$source/usr/bin/etcd" "$PIPEGEN_TOOLS/bin/etcd"
  )
}

# The API server and its client. k8s.io/kubernetes takes its parts from folders of its own, and no other module inherits
# that. So its go.mod becomes ours, with each folder k8s.io/X replaced by the published module k8s.io/X of that release.
install_kubernetes() {
  local home=$PIPEGEN_TOOLS/kubernetes-$KUBERNETES_VERSION module=k8s.io/kubernetes program
  if [ ! -x "$home/kubectl" ]; then
    need_go Kubernetes
    build_kubernetes "$home" "$module"
  fi
  for program in kube-apiserver kubectl; do
    ln -sfn "$home/$program" "$PIPEGEN_TOOLS/bin/$program"
  done
}

build_kubernetes() { # HOME MODULE
  local source=$PIPEGEN_TOOLS/src/kubernetes-$KUBERNETES_VERSION parts=v0.${KUBERNETES_VERSION#v1.} version=k8s.io/component-base/version
  mkdir -p "$source" "$1"
  (
    cd "$source"
    go mod download "$2@$KUBERNETES_VERSION"
    cache=$(go env GOMODCACHE)
    sed -e "s#^module .*#module ci.local/kubernetes#" -e "s#=> ./staging/src/\(k8s.io/[^ ]*\)#=> \1 $parts#" \
      "$cache/cache/download/$2/@v/$KUBERNETES_VERSION.mod" >go.mod
    install -m 644 "$cache/$2@$KUBERNETES_VERSION/go.sum" go.sum
    go mod edit -require="$2@$KUBERNETES_VERSION"
    go build -ldflags "-s -w -X $version.gitVersion=$KUBERNETES_VERSION -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES_VERSION")" \
      -o ./ "$2/cmd/kube-apiserver" "$2/cmd/kubectl" 2>build.log || fail "go build: $(tail -n 3 build.log)"
    mv kube-apiserver kubectl "$1"
  )
}

install_helm() { go_install helm helm.sh/helm/v3/cmd/helm "$HELM_VERSION"; }

install_kubeconform() { go_install kubeconform github.com/yannh/kubeconform/cmd/kubeconform "$KUBECONFORM_VERSION"; }

# go_build PROGRAM MODULE VERSION: a program of ours, PROGRAM.go beside this file, with one module.
go_build() {
  local home=$PIPEGEN_TOOLS/$1-$3
  local source=$PIPEGEN_TOOLS/src/$1-$3
  mkdir -p "$source" "$home"
  if [ ! -x "$home/$1" ] || ! cmp -s "$here/$1.go" "$source/main.go"; then
    need_go "$1"
    (
      cd "$source"
      cp "$here/$1.go" main.go
      [ -f go.mod ] || go mod init "ci.local/$1" 2>/dev/null
      go get "$2@$3" >get.log 2>&1 || fail "go get: $(tail -n 3 get.log)"
      go build -ldflags '-s -w' -o "$home/$1" .
    )
  fi
  ln -sfn "$home/$1" "$PIPEGEN_TOOLS/bin/$1"
}

# Not kind itself, which needs a container engine to say whether it can read a file: only its type.
install_kind() { go_build kind-config sigs.k8s.io/kind "$KIND_VERSION"; }

# Not External Secrets itself, whose modules are on no registry: the engine of its templates.
install_templates() { go_build go-template github.com/Masterminds/sprig/v3 "$SPRIG_VERSION"; }

mkdir -p "$PIPEGEN_TOOLS/bin" "$PIPEGEN_TOOLS/src"
exec 9>"$PIPEGEN_TOOLS/.lock" # two runs at once would build into the same folders
flock 9
tools=(compose shellcheck postgres pgbouncer redis airflow etcd kubernetes helm kubeconform kind templates)
[ $# -gt 0 ] || set -- "${tools[@]}"
for tool; do
  declare -F "install_$tool" >/dev/null || fail "no tool is called '$tool'; write one of ${tools[*]}"
  started=$SECONDS
  "install_$tool"
  printf 'tools: %-11s %4d s\n' "$tool" $((SECONDS - started))
done
