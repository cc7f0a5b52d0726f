# shellcheck shell=bash
# What is installed besides the programs, and printed by them: manual pages, and what
# completes command lines in shells. To be sourced.

# Below DIR/share, or wherever a prefix has its share.
shared_files=(
  man/man1/coffer.1 man/man8/cofferd.8 bash-completion/completions/coffer
  zsh/site-functions/_coffer fish/vendor_completions.d/coffer.fish
)

# print_shared PROGRAMS SHARE: has the programs in PROGRAMS print those files.
print_shared() {
  local file programs=$1
  # Without a slash a program would be looked for in PATH.
  case $programs in /*) ;; *) programs=./$programs ;; esac
  for file in "${shared_files[@]}"; do mkdir -p "$2/$(dirname "$file")"; done
  "$programs/coffer" help --man >"$2/man/man1/coffer.1"
  "$programs/cofferd" --man >"$2/man/man8/cofferd.8"
  "$programs/coffer" completion bash >"$2/bash-completion/completions/coffer"
  "$programs/coffer" completion zsh >"$2/zsh/site-functions/_coffer"
  "$programs/coffer" completion fish >"$2/fish/vendor_completions.d/coffer.fish"
}
