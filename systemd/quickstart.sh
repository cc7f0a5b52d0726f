#!/usr/bin/env bash
# Builds Coffer and does its main job once, in a throwaway vault: keys are made,
# kept, and put into the environment of a command. Nothing stays but the build.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
step() { printf '\n== %s\n' "$*"; }

case ${1-} in
  '') ;;
  -h | --help)
    echo "Usage: bash systemd/quickstart.sh"
    echo "Builds Coffer and shows what it does, in a vault that is removed at the end."
    exit 0 ;;
  *) echo "Usage: bash systemd/quickstart.sh" >&2; exit 2 ;;
esac

step "building (the first time takes a minute or two)"
programs=$root/.build/quickstart
bash "$root/systemd/build.sh" "$programs"

scratch=$(mktemp -d)
daemon=
end() {
  status=$?
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  [ $status = 0 ] || cat "$scratch/log" 2>/dev/null || true
  rm -rf "$scratch"
  exit $status
}
trap end EXIT

export PATH=$programs:$PATH
export COFFER_HOME=$scratch/state COFFER_KEY_FILE=$scratch/key
unset COFFER_SOCKET COFFER_API_KEY STRIPE_KEY

# Shows a command and runs it; on standard error, which no redirection takes away.
show() { printf '$ %s\n' "$*" >&2; "$@"; }

step "starting the daemon (coffer would do it by itself), and making a vault"
cofferd --state "$COFFER_HOME" 2>"$scratch/log" &
daemon=$!
for _ in $(seq 500); do [ -S "$COFFER_HOME/socket" ] && break; sleep 0.01; done
show coffer init --organization acme --key-file "$COFFER_KEY_FILE" --no-recovery
show coffer workspace add web

step "issuing a key of each type (their texts go to a file, since they are shown only once)"
for key in me/laptop web/deploy org/billing; do
  show coffer create "$key" --expires 30d >>"$scratch/texts"
done

step "keeping a vendor's key, from standard input"
echo '$ coffer import web/stripe --env STRIPE_KEY < FILE'
printf 'sk_test_%s' "$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" |
  coffer import web/stripe --env STRIPE_KEY

step "running a command with them; it tells their lengths, not their values"
lengths='echo "stripe: ${#STRIPE_KEY}, deploy: ${#DEPLOY}, laptop: ${#LAPTOP}, billing: ${#BILLING}"'
echo "$ coffer run -w web -k me/laptop -k org/billing -- sh -c '$lengths'"
coffer run -w web -k me/laptop -k org/billing -- sh -c "$lengths"

step "what is in the vault"
show coffer list

step "ending the daemon, and removing the vault"
kill "$daemon"
wait "$daemon"
daemon=

cat <<EOF

That was Coffer. To have it for good:

  bash systemd/install.sh

Then 'coffer init --organization NAME' makes your vault, and 'coffer help' lists the rest.
EOF
