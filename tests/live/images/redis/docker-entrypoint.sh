#!/bin/sh
# The documented contract of the official image, as far as we use it: https://hub.docker.com/_/redis
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then set -- redis-server "$@"; fi
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec gosu redis "$0" "$@"
  fi
  # The official build has its protected mode off.
  set -- "$@" --protected-mode no
fi
exec "$@"
