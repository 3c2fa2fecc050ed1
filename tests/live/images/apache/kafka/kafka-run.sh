#!/bin/bash
# Stands for every /opt/kafka/bin/kafka-*.sh: the name it is called by says which program is meant.
heap=256M
tools=org.apache.kafka.tools
case ${0##*/} in
  kafka-server-start.sh) class=kafka.Kafka heap=1G ;;
  kafka-storage.sh) class=kafka.tools.StorageTool ;;
  kafka-topics.sh) class=$tools.TopicCommand ;;
  kafka-console-producer.sh) class=$tools.ConsoleProducer ;;
  kafka-console-consumer.sh) class=$tools.consumer.ConsoleConsumer ;;
  kafka-broker-api-versions.sh) class=$tools.BrokerApiVersionsCommand ;;
  kafka-get-offsets.sh) class=$tools.GetOffsetShell ;;
  *)
    echo "${0##*/} is not here" >&2
    exit 1
    ;;
esac
# shellcheck disable=SC2086 # lists of options
exec java ${KAFKA_HEAP_OPTS:--Xmx$heap} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} $KAFKA_OPTS \
  -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties -cp '/opt/kafka/libs/*' "$class" "$@"
