#!/usr/bin/env bash
# Builds the two programs that are shipped, and puts them into a directory:
# coffer, fully static and position-independent, and cofferd, with the Swift
# runtime inside and the system's libsodium. Their manual pages, and what
# completes command lines in shells, are printed by the programs themselves.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: bash systemd/build.sh DIR

Builds coffer and cofferd for release and puts them into DIR, which is made if
it is not there; into DIR/share their manual pages and completions. Needs Swift 6.3; installs libsodium-dev (apt) if it is missing.
EOF
}

case ${1-} in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 2; }

directory=$1
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=systemd/dependencies.sh
. "$root/systemd/dependencies.sh"

command -v swift >/dev/null || { echo "build: Swift is missing: see swift.org/install" >&2; exit 1; }
install_packages libsodium-dev

settings=(--package-path "$root" -c release -Xlinker -s)
# Each has a scratch path of its own: with other flags all is compiled anew.
daemon=(--scratch-path "$root/.build/shipped/cofferd" --product cofferd)
# The RUNPATH that SwiftPM adds makes a static PIE crash before main, and gold
# cannot link one. Packed relocations are half a megabyte less to read at each start.
client=(
  --scratch-path "$root/.build/shipped/coffer" --product coffer
  --static-swift-stdlib --disable-local-rpath
  -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xswiftc -Xclang-linker -Xswiftc -static-pie
  -Xlinker --pack-dyn-relocs=relr
)
echo "build: cofferd, with the system's libsodium"
swift build "${settings[@]}" "${daemon[@]}"
echo "build: coffer, static"
swift build "${settings[@]}" "${client[@]}"

mkdir -p "$directory"
put() {
  # A running program cannot be written, but it can be replaced.
  install -m 755 "$2/$1" "$directory/$1.new"
  mv -f "$directory/$1.new" "$directory/$1"
  echo "build: $directory/$1 ($(stat -c %s "$directory/$1") bytes)"
}
put coffer "$(swift build "${settings[@]}" "${client[@]}" --show-bin-path)"
put cofferd "$(swift build "${settings[@]}" "${daemon[@]}" --show-bin-path)"

# shellcheck source=systemd/share.sh
. "$root/systemd/share.sh"
print_shared "$directory" "$directory/share"
echo "build: $directory/share (manual pages, completions)"
