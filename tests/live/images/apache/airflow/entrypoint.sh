#!/bin/bash
# The documented contract of the official image, as far as we use it: wait for the database and the broker, then run
# `airflow` with the arguments. https://airflow.apache.org/docs/docker-stack/entrypoint.html
set -eo pipefail
umask 0002

# wait_for URL: until something listens there.
wait_for() {
  local address=${1##*@} host port
  address=${address%%[/?]*} host=${address%%:*} port=${address##*:}
  for _ in $(seq 20); do
    if nc -z -w 1 "$host" "$port"; then return; fi
    sleep 3
  done
  echo "ERROR! Maximum number of retries (20) reached." >&2
  exit 1
}

case ${1:-} in
  bash | python) exec "$@" ;;
  airflow) shift ;;
esac
wait_for "${AIRFLOW__DATABASE__SQL_ALCHEMY_CONN:?}"
case ${AIRFLOW__CORE__EXECUTOR:-}:${1:-} in
  *Celery*:scheduler | *Celery*:celery) wait_for "${AIRFLOW__CELERY__BROKER_URL:?}" ;;
esac
exec airflow "$@"
