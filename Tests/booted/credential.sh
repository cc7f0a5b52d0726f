# Credentials of systemd: one that unlocks the vault, and those that it gives to units.
systemctl stop cofferd.service
rm -r /var/lib/private/coffer
cd /root || exit
coffer init --system --organization acme --owner root --owner-uid 0 --key-file /root/key --no-recovery
# The README has a person at the terminal, who is asked.
note readme env COFFER_KEY_FILE=/root/key bash -ex "$results/readme.sh"
note unattended coffer status --system
note unattended-files ls -A /root /etc/credstore.encrypted
coffer workspace add web
printf sk_live_granted_marker | coffer import web/stripe --env STRIPE_KEY
note unattended-run coffer run -k web/stripe -- printenv STRIPE_KEY
cp /etc/credstore.encrypted/coffer.key /run/good

# What becomes of the daemon with other credentials: noted under NAME.
restarted() {
  systemctl restart cofferd.service
  note "$1-active" systemctl is-active cofferd.service cofferd.socket
  note "$1" timeout 20 coffer status --system
  note "$1-text" property cofferd.service StatusText
  note "$1-exit" property cofferd.service ExecMainStatus
  note "$1-journal" journalctl -o cat --no-pager -n 20 -u cofferd.service
}
head -c 32 /dev/urandom >/run/other
systemd-creds encrypt --name=coffer.key /run/other /etc/credstore.encrypted/coffer.key
restarted wrong

rm /etc/credstore.encrypted/coffer.key
restarted missing
systemd-creds encrypt --name=other /run/other /etc/credstore.encrypted/coffer.key
restarted foreign
cp /run/good /etc/credstore.encrypted/coffer.key
note repaired timeout 20 coffer status --system
systemctl kill -s USR1 cofferd.service
note signalled coffer status --system
systemctl restart cofferd.service

unlock() { coffer unlock --system --key-file /root/key; }

# unit NAME: one that loads a credential, and keeps what it was given.
unit() {
  cat >"/etc/systemd/system/$1.service" <<END
[Service]
Type=oneshot
RemainAfterExit=yes
LoadCredential=stripe:/run/coffer/credential
ExecStart=/bin/sh -c 'printf "got <%%s>" "\$\$(cat \${CREDENTIALS_DIRECTORY}/stripe)" >/run/given-$1'
END
}
given() { cat "/run/given-$1"; }
for name in granted ungranted waiting ended killed; do unit "$name"; done
systemctl daemon-reload
for name in granted waiting ended killed; do
  note "grant-$name" coffer grant --unit "$name.service" web/stripe
done
note granted-start timeout 20 systemctl start granted.service
note granted given granted
note ungranted-start timeout 20 systemctl start ungranted.service
note ungranted-exit property ungranted.service ExecMainStatus
note ungranted given ungranted
note stranger as ada python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("/run/coffer/credential")'

# A vault that is locked while a unit wants its key.
rm /etc/credstore.encrypted/coffer.key
coffer lock --system
systemctl start --no-block waiting.service
sleep 1
note waiting-state property waiting.service ActiveState
note waiting-nothing given waiting
unlock
until_true systemctl is-active waiting.service
note waiting given waiting

# A daemon that ends, and one that is killed, while a unit waits.
for name in ended killed; do
  coffer lock --system
  systemctl start --no-block "$name.service"
  sleep 1
  note "$name-state" property "$name.service" ActiveState
  case $name in
    ended) systemctl restart cofferd.service ;;
    killed) systemctl kill -s KILL cofferd.service ;;
  esac
  until_true unlock
  until_true sh -c "[ \$(systemctl show -P ActiveState $name.service) != activating ]"
  note "$name" given "$name"
  note "$name-result" property "$name.service" ActiveState
done

# What it leaves behind.
note uninstall bash "$source/install.sh" --system --uninstall
note uninstalled systemctl list-unit-files 'coffer*'
note uninstalled-files ls /run/coffer /usr/local/bin
note uninstalled-vault ls /var/lib/private/coffer
