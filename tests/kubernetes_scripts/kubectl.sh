#!/bin/sh
# A stand-in for kubectl: writes down how it was called, and answers as a healthy cluster does unless told otherwise.
#   FAKE_ANSWER  `KIND NAME FOUND REACHED` for these probes    FAKE_DENY  what every other probe of the kind deny says
#   FAKE_PORTS   what is open on the node                      FAKE_DOWN  no cluster answers
printf '%s\n' "$*" | head -n 1 >> "$FAKE_LOG"
case $* in
  version) [ -z "${FAKE_DOWN-}" ] ;;
  'get pods '*name=worker,*) ;;
  'get pods '*name=web,*) printf 'shop/web-1 10.244.0.3\nshop/web-2 10.244.0.4\n' ;;
  'get pods '*name=db,*) printf 'shop/db-0 10.244.0.5\n' ;;
  'get pods '*name=cache,*) printf 'shop/cache-1 10.244.0.6\n' ;;
  'get services '*leads*) printf 'leads web.shop 10.96.0.3\nleads db.shop None\nleads cache.shop 10.96.0.6\n' ;;
  'get services '*nodePort*) printf '%s\n' "${FAKE_PORTS-web 80 30000}" ;;
  'exec --stdin '*)
    while read -r kind name port addresses; do
      printf '  %s %s %s %s\n' "$kind" "$name" "$port" "$addresses" >> "$FAKE_LOG"
      answer='yes yes'
      [ "$kind" = allow ] || answer="yes ${FAKE_DENY-no}"
      case "${FAKE_ANSWER-}" in
        "$kind $name "*) answer=${FAKE_ANSWER#"$kind $name "} ;;
      esac
      printf '%s %s %s %s\n' "$kind" "$name" "$port" "$answer"
    done
    ;;
  'port-forward '*)
    printf '%s\n' $$ >> "$FAKE_LOG.forwards"
    exec sleep 600
    ;;
esac
