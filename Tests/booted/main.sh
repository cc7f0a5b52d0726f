# Runs as the one job of a throwaway system (BootedSystem.swift), and keeps what the
# parts note: a file NAME of what a command printed, and NAME.status of how it ended.
results=/run/results
source=/run/source/systemd
export results source PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin LC_ALL=C.UTF-8
cd /

note() {
  local name=$1
  shift
  "$@" >"$results/$name" 2>&1
  echo $? >"$results/$name.status"
}

# as USER COMMAND...: as a fresh login of that user.
as() {
  local user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups env -i HOME="/home/$user" \
    PATH="/home/$user/.local/bin:$PATH" XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" "$@"
}

# until_true COMMAND...: waits until it succeeds, for ten seconds.
until_true() {
  local try
  for try in $(seq 200); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.05
  done
  return 1
}

# property UNIT NAME: what systemd knows of a unit.
property() { systemctl show -P "$2" "$1"; }

# probe UNIT-FILE TARGET: a unit that tries what the daemon must not do, with all
# that shuts the daemon in.
probe_unit() {
  sed -e '/^Type=/s/=.*/=oneshot/' -e '/^ExecStart=/s|=.*|=/usr/bin/python3 /run/booted/probe.py|' \
    -e 's/^StateDirectory=.*/StateDirectory=probe/' -e '/^LoadCredential/d' \
    -e '/^\(Sockets\|Requires\|Wants\|After\|Restart\|WatchdogSec\)=/d' "$1" >"$2"
}
export -f note as until_true property probe_unit

# A user's manager gets by without what PAM would do for it.
mkdir -p /etc/pam.d /etc/systemd/system/user@.service.d
printf '%s required pam_permit.so\n' account session >/etc/pam.d/systemd-user
printf '[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\n' >/etc/systemd/system/user@.service.d/test.conf
systemctl daemon-reload
useradd -U -u 1000 -m ada
useradd -U -u 1001 -m bob
useradd -U -u 1002 -m eve
for part in user system credential; do
  timeout 100 bash "/run/booted/$part.sh" >"$results/$part.log" 2>&1
done
journalctl --no-pager -o short >"$results/journal" 2>&1
