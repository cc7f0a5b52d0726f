internal import Platform
internal import Wire

extension Subcommand {
  static let completion = Subcommand(
    name: "completion", group: .shell,
    synopsis: "completion SHELL | completion --candidates -- [WORD]...",
    summary: "Prints what completes command lines in bash, zsh or fish.",
    details: [
      "Names of keys, workspaces and users come from the daemon while you type, if it",
      "runs and the vault is open. 'install.sh' puts the scripts in place; without it:",
      "  bash   source <(coffer completion bash)       in ~/.bashrc",
      "  zsh    source <(coffer completion zsh)        in ~/.zshrc, behind compinit",
      "  fish   coffer completion fish | source        in ~/.config/fish/config.fish",
    ],
    options: [
      OptionSpecification(
        "candidates", "of the scripts: what may become of the last WORD"),
      systemOption,
    ],
    wordCount: 0...Int.max, takesEmptyWords: true,
    examples: ["coffer completion bash", "coffer completion --candidates -- show web/"]
  ) { arguments throws(ClientError) in
    if arguments.has("candidates") {
      try printCandidates(arguments)
      return ExitStatus.done
    }
    guard arguments.words.count == 1 else {
      throw .usage("name one shell", hint: "as in 'coffer completion bash'")
    }
    let shell = arguments.words[0]
    guard let script = CompletionScripts.script(for: shell) else {
      throw .usage(
        "\(PrintableText.object(shell)): no shell that is known",
        hint: "it is one of " + CompletionScripts.shells.joined(separator: ", "))
    }
    try Console.print(text: script)
    return ExitStatus.done
  }

  private static func printCandidates(_ arguments: Arguments) throws(ClientError) {
    let words = arguments.words
    var names: NamesInSight?
    let completion = Completion(of: words) { place in
      let isSystem = arguments.has("system") || words.contains("--system")
      names = names ?? NamesInSight(isSystem: isSystem)
      return names?.candidates(for: place) ?? []
    }
    try Console.print(text: completion.text(for: words.last ?? ""))
  }
}
