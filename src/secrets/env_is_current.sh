# Whether the .env file $1 is as `pipegen secrets init` left it: its last line holds the
# hash of everything before the marker, so that no edit goes unnoticed.
pipegen_env_is_current() (
  LC_ALL=C
  export LC_ALL
  marker='# --- derived by pipegen secrets init: do not edit below ---'
  # The last marker is the real one: a value may hold a line that looks like it.
  line=$(awk -v marker="$marker" '$0 == marker { line = NR } END { print line + 0 }' < "$1") || return
  [ "$line" -gt 0 ] || return
  expected=$(sed -n '$s/^PIPEGEN_ENV_SHA256="\([0-9a-f]*\)"$/\1/p' < "$1")
  actual=$(sed "$line,\$d" < "$1" | if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi)
  [ "${actual%% *}" = "$expected" ]
)
