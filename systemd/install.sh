#!/usr/bin/env bash
# Installs Coffer for good: the two programs with their manual pages and completions, and
# units of systemd whose sockets start the daemon when somebody asks for it. Can be run again, to upgrade; --uninstall takes
# away what it has installed, and never a vault.
set -euo pipefail
umask 022

usage() {
  cat <<'END'
Usage: bash systemd/install.sh [--user | --system] [--prefix DIR] [--programs DIR]
       bash systemd/install.sh [--user | --system] [--prefix DIR] --uninstall

  --user          for yourself, with your own vault (default, but for root)
  --system        for all users of the machine, with one vault; as root
  --prefix DIR    programs go to DIR/bin, manual pages and completions to DIR/share
                  (default: ~/.local, with --system /usr/local)
  --programs DIR  install coffer and cofferd from there, and build nothing
  --uninstall     take programs and units away; the vault stays

With DESTDIR set, all files go below it, and nothing is started.
END
}
say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$@" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
mode= prefix= programs= uninstall=
while [ $# -gt 0 ]; do
  case $1 in
    --user | --system) mode=${1#--} ;;
    --prefix | --programs)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      declare "${1#--}=${2%/}"; shift ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[ -n "$mode" ] || { [ "$(id -u)" = 0 ] && mode=system || mode=user; }

destination=${DESTDIR-}
case $mode in
  system)
    [ "$(id -u)" = 0 ] || [ -n "$destination" ] || fail "--system needs root. Build as yourself, then install:" \
      "  bash systemd/build.sh .build/install" \
      "  sudo bash systemd/install.sh --system --programs .build/install"
    : "${prefix:=/usr/local}"
    units=/etc/systemd/system
    sockets=(cofferd.socket cofferd-credential.socket)
    manager=(systemctl)
    vault=/var/lib/private/coffer
    case $prefix/ in
      /home/* | /root/* | /run/* | /tmp/* | /var/tmp/*)
        fail "$prefix: the system's daemon sees nothing below it; choose another --prefix" ;;
    esac ;;
  user)
    : "${prefix:=$HOME/.local}"
    units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    sockets=(cofferd.socket)
    manager=(systemctl --user)
    vault=$HOME/.local/state/coffer ;;
esac
# It becomes part of a unit, in which these characters mean something.
[[ $prefix == /* && $prefix =~ ^[A-Za-z0-9/._+@-]+$ ]] ||
  fail "$prefix: --prefix takes an absolute path of letters, digits and / . _ + @ -"

# Whether the manager of these units runs, and may be told.
has_manager() {
  [ -z "$destination" ] && command -v systemctl >/dev/null || return 1
  if [ "$mode" = system ]; then [ -d /run/systemd/system ]
  else "${manager[@]}" show-environment >/dev/null 2>&1; fi
}

changed=
# put MODE FILE TARGET: installs a file, if it is not there as it is.
put() {
  local target=$destination$3
  if cmp -s "$2" "$target" && [ "$(stat -c %a "$target")" = "$1" ]; then
    say "$target is up to date"
    return
  fi
  mkdir -p "$(dirname "$target")"
  # A running program cannot be written, but it can be replaced.
  install -m "$1" "$2" "$target.new"
  mv -f "$target.new" "$target"
  say "$target"
  changed=yes
}

# The files that are installed besides the programs: SOURCE TARGET, a line each.
files() {
  local unit
  for unit in cofferd.service "${sockets[@]}"; do echo "$mode/$unit $units/$unit"; done
  if [ "$mode" = system ]; then
    echo "sysusers.d/coffer.conf /etc/sysusers.d/coffer.conf"
    echo "tmpfiles.d/coffer.conf /etc/tmpfiles.d/coffer.conf"
  fi
}
# shellcheck source=systemd/share.sh
. "$root/systemd/share.sh"
hardening=$units/cofferd.service.d/hardened.conf

uninstall() {
  local file
  if has_manager; then
    say "stopping cofferd, which locks the vault"
    "${manager[@]}" disable --now --quiet "${sockets[@]}" 2>/dev/null || true
    "${manager[@]}" stop --quiet cofferd.service 2>/dev/null || true
  fi
  for file in "$prefix/bin/coffer" "$prefix/bin/cofferd" "${shared_files[@]/#/$prefix/share/}" \
    "$hardening" $(files | cut -d ' ' -f 2); do
    [ -e "$destination$file" ] || continue
    rm -f "$destination$file"
    say "removed $destination$file"
  done
  rmdir "$destination$units/cofferd.service.d" 2>/dev/null || true
  ! has_manager || "${manager[@]}" daemon-reload
  [ ! -e "$destination$vault/slots" ] || say "the vault stays, in $destination$vault"
}

# Puts the drop-in there that shuts the daemon of a user in, if what it asks for works.
harden() {
  local source=$root/systemd/user/cofferd.service.d/hardened.conf properties
  mapfile -t properties < <(sed -n 's/^[A-Z].*=/-p&/p' "$source")
  if ! has_manager; then
    say "$hardening: left out, since it cannot be tried without your manager"
  elif systemd-run --user --quiet --wait "${properties[@]}" true 2>/dev/null; then
    put 644 "$source" "$hardening"
  else
    say "$hardening: left out, since user namespaces do not work here"
  fi
}

start() {
  if ! has_manager; then
    say "no systemd that could be told; once it runs: ${manager[*]} daemon-reload," \
      "${manager[*]} enable --now ${sockets[*]}"
    [ "$mode" = user ] || say "without systemd, start '$prefix/bin/cofferd --system' yourself"
    return
  fi
  local was_running=
  "${manager[@]}" daemon-reload
  if [ -n "$changed" ]; then
    ! "${manager[@]}" is-active --quiet cofferd.service || was_running=yes
    # A socket is made anew only while neither it nor its service is there.
    "${manager[@]}" stop cofferd.service "${sockets[@]}"
  fi
  "${manager[@]}" enable --now --quiet "${sockets[@]}"
  say "started ${sockets[*]}"
  [ -n "$was_running" ] || return 0
  if "${manager[@]}" start cofferd.service; then
    say "restarted cofferd.service, which has locked the vault, unless a credential opens it"
  else
    say "cofferd.service does not start; why: ${manager[*]} status cofferd.service"
  fi
}

if [ -n "$uninstall" ]; then
  uninstall
  exit
fi

if [ -z "$programs" ]; then
  [ -z "${SUDO_UID-}" ] || fail "a build by root would leave files of root in $root. Build as yourself, then install:" \
    "  bash systemd/build.sh .build/install" \
    "  sudo bash systemd/install.sh --$mode --programs .build/install"
  programs=$root/.build/install
  bash "$root/systemd/build.sh" "$programs"
fi
[ -x "$programs/cofferd" ] || fail "$programs: cofferd is not there; 'bash systemd/build.sh $programs' makes it"
# shellcheck source=systemd/dependencies.sh
. "$root/systemd/dependencies.sh"
"$programs/cofferd" --version >/dev/null 2>&1 || install_packages libsodium23
"$programs/cofferd" --version >/dev/null || fail "$programs/cofferd does not run here"

put 755 "$programs/coffer" "$prefix/bin/coffer"
put 755 "$programs/cofferd" "$prefix/bin/cofferd"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
print_shared "$programs" "$scratch/share"
for file in "${shared_files[@]}"; do put 644 "$scratch/share/$file" "$prefix/share/$file"; done
while read -r source target; do
  sed "s|^ExecStart=[^ ]*|ExecStart=$prefix/bin/cofferd|" "$root/systemd/$source" >"$scratch/unit"
  put 644 "$scratch/unit" "$target"
done < <(files)
if [ "$mode" = user ]; then
  harden
elif [ -z "$destination" ]; then
  if command -v systemd-sysusers >/dev/null; then
    say "making the group coffer, and the place of credentials"
    systemd-sysusers /etc/sysusers.d/coffer.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/coffer.conf
  else
    say "there is no systemd-sysusers, so nobody made the group coffer"
  fi
fi
start
if [ "$mode" = system ]; then
  say "who may connect is in the group coffer: usermod -aG coffer USER"
  say "next: coffer init --system --organization NAME --owner LOGIN --owner-uid UID"
else
  case :$PATH: in *:"$prefix/bin":*) ;; *) say "put $prefix/bin into your PATH" ;; esac
  say "next: coffer init --organization NAME"
fi
