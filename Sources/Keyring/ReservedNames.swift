/// Environment names that no key may have.
///
/// They make programs load code, redirect whom programs trust, or break the
/// system: who may import a key must not thereby run code in the shell of
/// whoever uses it. Names that merely carry a credential are left alone.
package enum ReservedNames {
  /// Whether `name` is reserved.
  package static func contain(_ name: String) -> Bool {
    // Once for all of them: each injection of a key asks.
    let capitals = name.uppercased()
    return exact.contains(name)
      || eitherCase.contains(capitals)
      || prefixes.containsPrefix(of: name)
      || eitherCasePrefixes.containsPrefix(of: capitals)
      || isToolSetting(name)
      || hasReservedEnding(capitals)
  }

  /// Whether it ends in one of ``endings``, which can begin at an underscore only.
  private static func hasReservedEnding(_ name: String) -> Bool {
    var rest = name[...]
    while let start = rest.utf8.firstIndex(of: UInt8(ascii: "_")) {
      if endings.contains(String(rest[start...])) { return true }
      rest = rest[rest.utf8.index(after: start)...]
    }
    return false
  }

  private static func isToolSetting(_ name: String) -> Bool {
    toolPrefixes.containsPrefix(of: name) && !credentialEndings.contains { name.hasSuffix($0) }
  }

  /// What programs call the options, commands, places and files that they take
  /// from the environment, whoever they are; no credential is called so.
  static let endings = SortedWords([
    "_ADDOPTS", "_ARGS", "_BASE_URL", "_BASH", "_BROWSER", "_CACERT", "_CAINFO", "_CA_BUNDLE",
    "_CA_CERTS", "_CA_FILE", "_CERT_FILE", "_CMD", "_COMMAND", "_COMPILER", "_CONFIG_FILE", "_DIFF",
    "_DIR", "_DIRS", "_DRIVER", "_ENDPOINT_URL", "_EXEC", "_EXECUTABLE", "_FLAGS", "_HELPER",
    "_HOME", "_HOOK", "_HOOKS", "_INDEX", "_INDEX_URL", "_INIT", "_INSECURE", "_METADATA_HOST",
    "_MODULE", "_MODULES", "_OPENER", "_OPTIONS", "_OPTS", "_PAGER", "_PARAMS", "_PATH", "_PATHS",
    "_PLUGIN", "_PLUGINS", "_PREFIX", "_PRELOAD", "_PROXY", "_PYTHON", "_RC", "_ROOT", "_ROOTCERT",
    "_RSH", "_SHELL", "_SITE_INITFILE", "_SKIP_VERIFY", "_SSH", "_SSL_VERIFY", "_STARTUP",
    "_TLS_VERIFY", "_TOOL", "_WRAPPER",
  ])

  /// Proxies are read in lower case by some programs, and in upper case by others.
  static let eitherCase = SortedWords([
    "ALL_PROXY", "FTP_PROXY", "GRPC_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "RSYNC_PROXY",
    "SOCKS_PROXY", "SOCKS_SERVER",
  ])

  /// npm reads its settings, among them the shell that it runs, in either case.
  static let eitherCasePrefixes = SortedWords(["NPM_CONFIG_"])

  /// Whole families of names, in the order of their bytes; none begins with another one.
  ///
  /// - The dynamic loader, the C library, its checkers, graphics, sound and computing stacks
  ///   and toolkits, which load modules.
  /// - Exported functions of bash, and what shells and their frameworks keep for themselves.
  /// - Sessions and their buses.
  /// - Interpreters, compilers and package tools that take code, programs or places from a
  ///   whole family.
  /// - Git's and SSH's helpers, which are programs.
  /// - Certificates, whom to believe, and where requests with other credentials go.
  /// - Ours.
  static let prefixes = SortedWords([
    "ALSA_", "ASAN_", "AWS_CONTAINER_CREDENTIALS_", "AWS_EC2_METADATA_", "AWS_ENDPOINT_URL",
    "BASH_", "CARGO_BUILD_", "CARGO_TARGET_", "CGO_", "CMAKE_", "COFFER_", "COMP_", "COMPlus_",
    "CORECLR_", "DBUS_", "DOTNET_", "DYLD_", "EGL_", "ERL_", "GBM_", "GDK_", "GIO_", "GIT_CONFIG",
    "GIT_SSH", "GIT_TRACE", "GI_", "GST_PLUGIN", "GTK_", "JULIA_", "LC_", "LDAPTLS_", "LD_",
    "LIBGL_", "LISTEN_", "LSAN_", "LUA_CPATH", "LUA_INIT", "LUA_PATH", "MALLOC_", "MSAN_", "OCAML",
    "OCL_ICD_", "OPENCL_", "PERL5", "PGSSL", "PKCS11_", "PKG_CONFIG", "PYTHON", "QML", "QT_",
    "READLINE_", "RUSTUP_", "R_ENVIRON", "R_LIBS", "R_PROFILE", "SSH_ASKPASS", "SSL_CERT_",
    "STARSHIP_", "SYSTEMD_", "TF_CLI_", "TSAN_", "UBSAN_", "VK_", "WATCHDOG_", "XDG_", "ZLE_",
    "ZSH_", "__fish", "fish_", "npm_", "zle_",
  ])

  /// Tools that take all their settings, code among them, from names of theirs;
  /// but their credentials are left alone.
  static let toolPrefixes = SortedWords([
    "ANSIBLE_", "ASDF_", "BUNDLE_", "CARGO_ALIAS_", "CARGO_HTTP_", "COMPOSER_", "CONDA_", "DIRENV_",
    "GROFF_", "HOMEBREW_", "IPYTHON", "JUPYTER_", "MAKE_", "MAMBA_", "MYSQL_TEST_", "NIX_", "NVM_",
    "OMPI_MCA_", "PIP_", "PYENV_", "PYTEST_", "RBENV_", "TEXMF", "UV_", "YARN_",
  ])

  private static let credentialEndings = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASS", "PAT"]
}
