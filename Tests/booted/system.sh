# The system's daemon: installed, used by several uids, hung, broken, upgraded.
install=(bash "$source/install.sh" --system)
note refuse-as-user as ada "${install[@]}" --programs /run/programs
note install "${install[@]}" --programs /run/programs
note install-again "${install[@]}" --programs /run/programs
note nodes stat -c '%a %U:%G %n' /run/coffer /run/coffer/socket /run/coffer/credential /etc/credstore.encrypted
usermod -aG coffer ada
usermod -aG coffer bob

note before systemctl is-active cofferd.service
note activated coffer status --system
note after systemctl is-active cofferd.service
note init coffer init --system --organization acme --owner ada --owner-uid 1000 \
  --key-file /root/key --no-recovery
note state stat -L -c '%a %U' /var/lib/coffer
unlock() { coffer unlock --system --key-file /root/key; }

# Rights by uid.
as ada coffer workspace add web
as ada coffer user add bob --uid 1001
as ada coffer grant bob viewer web
note import as ada sh -c 'printf sk_live_system_marker | coffer import web/stripe --env STRIPE_KEY'
note viewer-run as bob coffer run -k web/stripe -- printenv STRIPE_KEY
note viewer-import as bob sh -c 'printf x | coffer import web/other'
note outside as eve coffer status --system
note outside-run as eve coffer run -k web/stripe -- echo ran
note issued as ada coffer create me/laptop

# A passphrase, which takes more memory than anything else; and a wrong one.
install -m 600 -o ada /root/key /home/ada/key
note passphrase as ada sh -c \
  'printf right_passphrase_marker | coffer slot add passphrase --key-file ~/key --new-passphrase-fd 0'
coffer lock --system
note right-passphrase sh -c 'printf right_passphrase_marker | coffer unlock --system --passphrase-fd 0'
coffer lock --system
note wrong-passphrase sh -c 'printf wrong_passphrase_marker | coffer unlock --system --passphrase-fd 0'
unlock

# What the daemon is kept from.
probe_unit /etc/systemd/system/cofferd.service /etc/systemd/system/probe.service
systemctl daemon-reload
systemctl start probe.service
note probe journalctl -o cat --no-pager -u probe.service

# A daemon that hangs.
drop_in() {
  mkdir -p /etc/systemd/system/cofferd.service.d
  printf '[Service]\n%s\n' "$1" >/etc/systemd/system/cofferd.service.d/test.conf
  systemctl daemon-reload
}
drop_in WatchdogSec=2
systemctl restart cofferd.service
unlock
sleep 3
note watchdog-alive property cofferd.service NRestarts
for number in $(seq 20); do
  as ada coffer create "me/acknowledged$number" >/dev/null && echo "me/acknowledged$number"
done >"$results/acknowledged"
former=$(property cofferd.service MainPID)
kill -STOP "$former"
# Its last words reach nobody, and the next change waits in vain.
note hung timeout 20 setpriv --reuid ada --regid ada --init-groups coffer create me/unacknowledged
until_true sh -c "[ \$(systemctl show -P MainPID cofferd.service) != $former ]"
until_true systemctl is-active cofferd.service
note watchdog-restarts property cofferd.service NRestarts
unlock
note watchdog-list as ada coffer list
systemctl kill -s KILL cofferd.service
sleep 0.1
note crashed coffer status --system
rm -r /etc/systemd/system/cofferd.service.d
systemctl daemon-reload

# A daemon that ends at once, with a client that waits for it.
for status in 1 75 78; do
  systemctl stop cofferd.service
  # More often than systemd allows unless told.
  drop_in $'RestartSec=100ms\nExecStart=\nExecStart=/bin/sh -c "exit '$status'"'
  note "ends-$status" timeout 20 coffer status --system
  for number in $(seq 7); do timeout 20 coffer status --system >/dev/null 2>&1; done
  note "ends-$status-socket" systemctl is-active cofferd.socket
  rm -r /etc/systemd/system/cofferd.service.d
  systemctl daemon-reload
  note "ends-$status-repaired" timeout 20 coffer status --system
done

# A vault that is damaged.
systemctl stop cofferd.service
cp -a /var/lib/private/coffer/slots /run/slots
printf x >>/var/lib/private/coffer/slots
note damaged coffer status --system
note damaged-active systemctl is-active cofferd.service
systemctl stop cofferd.service
cp -a /run/slots /var/lib/private/coffer/slots
unlock
note undamaged as bob coffer run -k web/stripe -- printenv STRIPE_KEY

# An upgrade.
cp -r /run/programs /run/newer
printf '\n' >>/run/newer/cofferd
note upgrade "${install[@]}" --programs /run/newer
note upgraded coffer status --system
unlock
