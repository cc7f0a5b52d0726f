internal import Platform
internal import Wire

extension Subcommand {
  static let mask = Subcommand(
    name: "mask", group: .shell,
    synopsis: "mask [-k KEY]... [-w WORKSPACE]...",
    summary: "Replaces values of keys in what comes on standard input.",
    details: ["All else goes to standard output byte for byte."],
    options: [
      OptionSpecification(
        "key", short: "k", value: "KEY", repeats: true, "replace the value of a key"),
      OptionSpecification(
        "workspace", short: "w", value: "WORKSPACE", repeats: true,
        "replace all of a workspace's that you may use"),
      systemOption, waitOption,
    ],
    examples: ["./deploy.sh 2>&1 | coffer mask -w web >deploy.log"]
  ) { arguments throws(ClientError) in
    let selection = try KeySelection(arguments)
    guard !selection.isEmpty else {
      throw .usage(
        "no key is selected",
        hint: "name keys with '-k KEY', or all of a workspace with '-w WORKSPACE'")
    }
    let obtained = try ObtainedKeys.obtain(selection, for: "mask", arguments)
    var filter = try MaskFilter(MaskPatterns.of(obtained))
    try filter.run()
    return ExitStatus.done
  }
}
