# A user's own daemon, in a user's manager. Nothing is installed for the system yet.
loginctl enable-linger ada
until_true as ada systemctl --user is-active basic.target

install=(as ada bash "$source/install.sh" --user)
units=/home/ada/.config/systemd/user
note user-install "${install[@]}" --programs /run/programs
note user-install-again "${install[@]}" --programs /run/programs
note user-before as ada systemctl --user is-active cofferd.service
note user-init as ada coffer init --organization acme --key-file /home/ada/key --no-recovery
note user-after as ada systemctl --user is-active cofferd.service
note user-node stat -c '%a %U' /home/ada/.local/state/coffer /home/ada/.local/state/coffer/socket
printf sk_live_user_marker | as ada coffer import me/stripe
note user-run as ada coffer run -k me/stripe -- printenv STRIPE
chmod 755 /home/ada
note user-stranger as bob env COFFER_SOCKET=/home/ada/.local/state/coffer/socket \
  /run/programs/coffer status

# What keeps the daemon in, with user namespaces and without.
hardening=$units/cofferd.service.d
for how in hardened plain; do
  if [ $how = plain ]; then
    rm -r "$hardening"
    as ada systemctl --user daemon-reload
    note user-plain-start as ada systemctl --user restart cofferd.service
    as ada coffer unlock --key-file /home/ada/key
    note user-plain-run as ada coffer run -k me/stripe -- printenv STRIPE
  fi
  probe_unit "$units/cofferd.service" "$units/probe-$how.service"
  [ ! -d "$hardening" ] || cp -r "$hardening" "$units/probe-$how.service.d"
  as ada systemctl --user daemon-reload
  as ada systemctl --user start "probe-$how.service"
  note "user-probe-$how" journalctl -o cat --no-pager _SYSTEMD_USER_UNIT="probe-$how.service"
done

# Where a daemon runs that the client has started, the socket takes its place.
note user-uninstall "${install[@]}" --uninstall
note user-vault ls /home/ada/.local/state/coffer
as ada cp -r /run/programs /home/ada/programs
note user-own as ada /home/ada/programs/coffer status
note user-install-over "${install[@]}" --programs /run/programs
until_true sh -c '! pgrep -u ada -x cofferd'
note user-over as ada coffer unlock --key-file /home/ada/key
note user-over-active as ada systemctl --user is-active cofferd.service
"${install[@]}" --uninstall
loginctl disable-linger ada
rm -r /home/ada/.local
