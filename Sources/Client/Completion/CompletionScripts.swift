/// What makes a shell ask this program when the tab key is pressed.
enum CompletionScripts {
  /// The script of a shell; nil for one that is not known.
  static func script(for shell: String) -> String? { scripts[shell] }

  static let shells = ["bash", "zsh", "fish"]

  private static let scripts = ["bash": bash, "zsh": zsh, "fish": fish]

  private static let bash = #"""
    # Completion of coffer for bash.
    _coffer() {
      local word line index last
      local -a words=() starts=()
      COMPREPLY=()
      # Bash divides words at = and :, and coffer does not.
      for ((index = 1; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if ((${#words[@]} > 0)) && [[ $word == [=:]* || ${COMP_WORDS[index - 1]} == *[=:] ]]; then
          words[-1]+=$word
        else
          words+=("$word") starts+=("$index")
        fi
      done
      last=${words[-1]-}
      while IFS= read -r line; do
        case $line in
          :file) compopt -o default; return ;;
          ':command '*)
            index=${starts[${line#:command }]}
            if ((index < COMP_CWORD)) && declare -F _command_offset >/dev/null; then
              _command_offset "$index"
            elif ((index < COMP_CWORD)); then
              compopt -o default
            else
              mapfile -t COMPREPLY < <(compgen -c -- "$last")
            fi
            return ;;
          *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
      done < <(coffer completion --candidates -- "${words[@]}" 2>/dev/null)
      # What stands before the last = or : is no part of the word for bash.
      if [[ $last == *[=:]* ]]; then
        word=${last%"${last##*[=:]}"}
        COMPREPLY=("${COMPREPLY[@]#"$word"}")
      fi
    }
    complete -F _coffer coffer

    """#

  private static let zsh = #"""
    #compdef coffer
    # Completion of coffer for zsh.
    _coffer() {
      local line
      local -a lines candidates
      lines=("${(@f)$(coffer completion --candidates -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
      case ${lines[1]-} in
        :file) _files; return ;;
        ':command '*)
          local count=$((${lines[1]#:command } + 1))
          shift $count words
          ((CURRENT -= count))
          _normal
          return ;;
      esac
      for line in $lines; do
        candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
      done
      _describe coffer candidates
    }
    if [ "$funcstack[1]" = _coffer ]; then _coffer "$@"; else compdef _coffer coffer; fi

    """#

  private static let fish = #"""
    # Completion of coffer for fish.
    function __coffer_candidates
        set -l words (commandline -opc)
        set -e words[1]
        set -l lines (coffer completion --candidates -- $words (commandline -ct) 2>/dev/null)
        switch "$lines[1]"
            case :file
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct))
            case ':command *'
                set -l count (math (string replace ':command ' '' -- $lines[1]) + 1)
                set -l rest
                if test $count -le (count $words)
                    set rest $words[$count..-1]
                end
                complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct))
            case '*'
                string join \n -- $lines
        end
    end
    complete -c coffer -f -a '(__coffer_candidates)'

    """#
}
