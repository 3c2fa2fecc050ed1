#!/bin/sh
# The documented contract of the official image, as far as we use it: https://hub.docker.com/_/nginx
set -e
if [ "$1" = nginx ]; then
  if [ -n "${NGINX_ENTRYPOINT_LOCAL_RESOLVERS:-}" ]; then
    NGINX_LOCAL_RESOLVERS=$(awk '$1 == "nameserver" { print ($2 ~ ":") ? "[" $2 "]" : $2 }' /etc/resolv.conf | paste -sd ' ')
    export NGINX_LOCAL_RESOLVERS
  fi
  # Only what is set: nginx has variables of its own, with the same spelling.
  defined=$(env | cut -d = -f 1 | sed 's/.*/${&}/' | tr '\n' ' ')
  for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    name=$(basename "$template" .template)
    envsubst "$defined" < "$template" > "/etc/nginx/conf.d/$name"
  done
fi
exec "$@"
