#!/bin/sh
# A stand-in for Docker: writes down how it was called, and answers as a healthy platform does unless told otherwise.
#   FAKE_UP      the exit status of `up`                       FAKE_STATE  the state of every job
#   FAKE_IDLE    the project of which no service is selected
#   FAKE_ANSWER  `KIND NAME FOUND REACHED` for these probes    FAKE_BOUND  another line of what is bound on the host
printf '[%s] %s\n' "${COMPOSE_PROFILES-}" "$*" | head -n 1 >> "$FAKE_LOG"
for last in "$@"; do :; done
case $* in
  *"-p ${FAKE_IDLE-} "*' --services') ;;
  *'-p demo-data config --services') printf 'db\ndb-init\n' ;;
  *'-p demo-web config --services') printf 'web\nweb-connections\n' ;;
  *' config') printf 'password: %s\n' "${WEB_PASSWORD-same}" ;;
  *' up '*) exit "${FAKE_UP:-0}" ;;
  *' ps --all --quiet '*) printf 'id-%s\n' "$last" ;;
  'logs --since now '*) printf 'the log of %s\n' "${last#id-}" ;;
  'inspect --format {{.State'*) printf '%s now\n' "${FAKE_STATE:-exited 0}" ;;
  'ps --quiet '*'project=demo-data '*) printf 'id-db\n' ;;
  'ps --quiet '*'project=demo-web '*) printf 'id-web\nid-cache\n' ;;
  'inspect --format '*id-db) printf 'container id-db db 10.0.0.2\n%s\n' "${FAKE_BOUND-}" ;;
  'inspect --format '*id-web) printf 'container id-web web 10.0.1.3 10.0.0.3\n' ;;
  'inspect --format '*id-cache) printf 'container id-cache cache 10.0.1.4\n' ;;
  'exec -i '*)
    while read -r kind name port _; do
      answer='yes yes'
      [ "$kind" = allow ] || answer='no no'
      case "${FAKE_ANSWER-}" in
        "$kind $name "*) answer=${FAKE_ANSWER#"$kind $name "} ;;
      esac
      printf '%s %s %s %s\n' "$kind" "$name" "$port" "$answer"
    done
    ;;
esac
