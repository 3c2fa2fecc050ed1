#!/bin/bash
# The documented contract of the official image: KAFKA_A_B is the setting a.b, two underscores are one, three are a
# dash; CLUSTER_ID formats the storage. https://github.com/apache/kafka/blob/trunk/docker/examples/README.md
set -e
properties=/opt/kafka/config/server.properties

for name in $(compgen -e KAFKA_); do
  case $name in
    KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JVM_PERFORMANCE_OPTS | KAFKA_JMX_* | KAFKA_LOG4J_*) continue ;;
  esac
  key=$(tr '[:upper:]' '[:lower:]' <<<"${name#KAFKA_}" | sed -e 's/___/\x01/g' -e 's/__/\x02/g' -e 's/_/./g' -e 's/\x02/_/g' -e 's/\x01/-/g')
  printf '%s=%s\n' "$key" "${!name}"
done >"$properties"
if [ ! -s "$properties" ]; then
  echo 'the official image has settings of its own for this case; this one has not' >&2
  exit 1
fi
grep -qE '^log\.dirs?=' "$properties" || echo log.dirs=/tmp/kraft-combined-logs >>"$properties"

/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" --config "$properties"
exec /opt/kafka/bin/kafka-server-start.sh "$properties"
