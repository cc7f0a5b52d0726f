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
      || begins(name, withAnyOf: prefixes)
      || begins(capitals, withAnyOf: eitherCasePrefixes)
      || isToolSetting(name)
      || ends(capitals, withAnyOf: suffixes)
  }

  // Of a hundred words a byte tells nearly all apart, which is quicker than a comparison.

  private static func begins(_ name: String, withAnyOf words: [String]) -> Bool {
    let first = name.utf8.first
    return words.contains { $0.utf8.first == first && name.hasPrefix($0) }
  }

  private static func ends(_ name: String, withAnyOf words: [String]) -> Bool {
    let last = name.utf8.last
    return words.contains { $0.utf8.last == last && name.hasSuffix($0) }
  }

  /// What programs call the options, commands, places and files that they take
  /// from the environment, whoever they are; no credential is called so.
  private static let suffixes: [String] = [
    "_OPTS", "_OPTIONS", "_ARGS", "_ADDOPTS", "_FLAGS", "_PARAMS", "_JAVA_OPTIONS",
    "_CMD", "_COMMAND", "_COMMAND_PREFIX", "_EXEC", "_EXECUTABLE", "_WRAPPER", "_SHELL",
    "_BASH", "_PAGER", "_BROWSER", "_HELPER", "_HOOK", "_HOOKS", "_HOOK_PATH",
    "_PRELOAD", "_PLUGIN", "_PLUGINS", "_MODULE", "_MODULES", "_EXTENSION_DIR", "_STARTUP",
    "_INIT", "_RC", "_PATH", "_PATHS", "_DIR", "_DIRS", "_HOME", "_ROOT", "_PREFIX", "_CONFIG_FILE",
    "_CA_BUNDLE", "_CACERT", "_CA_FILE", "_CA_CERTS", "_PYTHON", "_COMPILER", "_OPENER",
    "_METADATA_HOST", "_SITE_INITFILE", "_INDEX", "_CAINFO", "_CERT_FILE", "_CERT_DIR", "_ROOTCERT",
    "_SSH", "_RSH", "_BASE_URL", "_ENDPOINT_URL", "_INDEX_URL", "_PROXY", "_SKIP_VERIFY",
    "_SSL_VERIFY", "_TLS_VERIFY", "_INSECURE", "_DIFF", "_TOOL", "_DRIVER",
  ]

  private static let exact: Set<String> = Set(
    [
      system, shells, specialParameters, editorsAndPagers, versionControl, interpreters, builds,
      trust, tools,
    ].joined())

  /// Proxies are read in lower case by some programs, and in upper case by others.
  private static let eitherCase: Set<String> = [
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY", "RSYNC_PROXY", "SOCKS_PROXY",
    "GRPC_PROXY", "SOCKS_SERVER",
  ]

  private static let prefixes: [String] = [
    // The dynamic loader, the C library and its checkers.
    "LD_", "DYLD_", "MALLOC_", "ASAN_", "LSAN_", "MSAN_", "TSAN_", "UBSAN_",
    // Exported functions of bash.
    "BASH_",
    // Shells' own parameters, prompts and frameworks.
    "COMP_", "READLINE_", "ZSH_", "ZLE_", "zle_", "fish_", "__fish", "STARSHIP_", "npm_",
    // Sessions and their buses.
    "XDG_", "DBUS_", "LC_", "SYSTEMD_", "LISTEN_", "WATCHDOG_",
    // Interpreters that take code or options from a whole family of names.
    "PYTHON", "PERL5", "LUA_INIT", "LUA_PATH", "LUA_CPATH", "ERL_", "JULIA_", "DOTNET_",
    "CORECLR_", "COMPlus_", "OCAML", "R_PROFILE", "R_ENVIRON", "R_LIBS",
    // Git and SSH helpers that are programs.
    "GIT_CONFIG", "GIT_SSH", "GIT_TRACE", "SSH_ASKPASS",
    // Compilers and package tools that take programs or places from them.
    "CARGO_BUILD_", "CARGO_TARGET_", "RUSTUP_", "CGO_", "PKG_CONFIG", "CMAKE_", "TF_CLI_",
    // Toolkits that load modules.
    "GTK_", "GIO_", "GST_PLUGIN", "QT_",
    // Certificates, and whom to believe.
    "SSL_CERT_", "LDAPTLS_", "PKCS11_", "PGSSL",
    // Where requests with other credentials go.
    "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_", "AWS_EC2_METADATA_",
    // Graphics, sound and computing stacks that load drivers.
    "VK_", "EGL_", "GBM_", "QML", "GDK_", "GI_", "ALSA_", "OCL_ICD_", "OPENCL_", "LIBGL_",
    // Ours.
    "COFFER_",
  ]

  /// Tools that take all their settings, code among them, from names of theirs;
  /// but their credentials are left alone.
  private static let toolPrefixes: [String] = [
    "ANSIBLE_", "JUPYTER_", "IPYTHON", "PYTEST_", "PYENV_", "RBENV_", "NVM_", "ASDF_", "DIRENV_",
    "OMPI_MCA_", "BUNDLE_", "YARN_", "PIP_", "UV_", "COMPOSER_", "CARGO_ALIAS_", "CARGO_HTTP_",
    "MAKE_", "GROFF_", "TEXMF", "MYSQL_TEST_", "HOMEBREW_", "NIX_", "MAMBA_", "CONDA_",
  ]

  private static let credentialSuffixes = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASS", "PAT"]

  private static func isToolSetting(_ name: String) -> Bool {
    begins(name, withAnyOf: toolPrefixes)
      && !credentialSuffixes.contains { name.hasSuffix($0) }
  }

  /// npm reads its settings, among them the shell that it runs, in either case.
  private static let eitherCasePrefixes: [String] = ["NPM_CONFIG_"]

  private static let system = [
    "PATH", "HOME", "SHELL", "USER", "LOGNAME", "PWD", "OLDPWD", "LANG", "LANGUAGE", "TERM",
    "TERMCAP", "TERMINFO", "TERMINFO_DIRS", "TZ", "TZDIR", "TMPDIR", "TMP", "TEMP", "UID", "EUID",
    "GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "NIS_PATH", "DISPLAY", "WAYLAND_DISPLAY",
    "XAUTHORITY", "NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM",
    "MAINPID", "LIBGL_DRIVERS_PATH", "LIBVA_DRIVERS_PATH", "VALGRIND_LIB", "VALGRIND_OPTS",
    "GCOV_PREFIX", "LLVM_PROFILE_FILE", "SWIFT_BACKTRACE", "SWIFT_EXEC", "_",
  ]

  /// Some of them are numbers to a shell, which reckons out what they are set to, and so
  /// runs what stands in it; others become its prompt or its settings.
  ///
  /// Source: bash(1), "Shell Variables"; zshparam(1); fish, "Special variables".
  private static let specialParameters = [
    "RANDOM", "SRANDOM", "OPTIND", "OPTARG", "OPTERR", "HISTCMD", "HISTSIZE", "HISTFILESIZE",
    "HISTCONTROL", "HISTIGNORE", "HISTTIMEFORMAT", "SAVEHIST", "SECONDS", "LINENO", "EPOCHSECONDS",
    "EPOCHREALTIME", "COLUMNS", "LINES", "TMOUT", "FUNCNEST", "FUNCNAME", "GROUPS", "HOSTNAME",
    "HOSTTYPE", "MACHTYPE", "OSTYPE", "CPUTYPE", "PPID", "DIRSTACK", "DIRSTACKSIZE",
    "PIPESTATUS", "REPLY", "MAPFILE", "COPROC", "COMPREPLY", "IGNOREEOF", "MAILCHECK",
    "FIGNORE", "TIMEFORMAT", "TIMEFMT", "CHILD_MAX", "HOSTFILE", "EMACS", "INSIDE_EMACS", "BASH",
    "auto_resume", "histchars", "HISTCHARS", "GID", "EGID", "USERNAME", "ERRNO", "ARGC", "BAUD",
    "KEYTIMEOUT", "LISTMAX", "LOGCHECK", "POSTEDIT", "PSVAR", "STTY", "TTYIDLE", "WATCH",
    "WATCHFMT", "WORDCHARS", "SPROMPT", "TRY_BLOCK_ERROR", "TRY_BLOCK_INTERRUPT", "OSH",
    "path", "fpath", "cdpath", "manpath", "mailpath", "module_path", "fignore", "prompt", "psvar",
    "status", "signals", "argv", "watch", "pipestatus", "pipeline", "history", "umask", "version",
    "CMD_DURATION", "SHELL_VERSION", "ZSH", "PROMPT", "PROMPT2", "PROMPT3", "PROMPT4",
    "PROMPT_EOL_MARK", "RPROMPT", "RPROMPT2", "RPS1", "RPS2",
  ]

  private static let shells = [
    "IFS", "ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "BASH_LOADABLES_PATH", "PROMPT_COMMAND",
    "PS0", "PS1", "PS2", "PS3", "PS4", "CDPATH", "FPATH", "ZDOTDIR", "GLOBIGNORE", "EXECIGNORE",
    "FCEDIT", "HISTFILE", "INPUTRC", "POSIXLY_CORRECT", "SHLVL", "SUDO_ASKPASS", "SUDO_EDITOR",
  ]

  private static let editorsAndPagers = [
    "EDITOR", "VISUAL", "GH_EDITOR", "KUBE_EDITOR", "PSQL_EDITOR", "SVN_EDITOR", "P4EDITOR",
    "CVSEDITOR", "BZR_EDITOR", "DARCS_EDITOR", "JJ_EDITOR", "GEM_EDITOR", "BUNDLER_EDITOR",
    "SOPS_EDITOR", "CHEF_EDITOR", "ALTERNATE_EDITOR", "PAGER", "BROWSER", "MANPAGER", "MANPATH",
    "INFOPATH", "LESSOPEN",
    "LESSCLOSE", "LESS", "LESSEDIT", "LESSKEY", "LESSKEYIN", "LESSKEY_CONTENT",
    "LESSKEYIN_SYSTEM", "LESSKEY_SYSTEM", "LESSSECURE", "MANROFFOPT", "MANOPT", "GS_OPTIONS",
    "GS_LIB", "GS_DEVICE", "VIMINIT", "GVIMINIT",
    "EXINIT", "PSQLRC", "IRBRC", "GEMRC", "SCREENRC", "VIM", "VIMRUNTIME", "MYVIMRC",
    "EMACSLOADPATH", "AWKPATH", "AWKLIBPATH",
  ]

  private static let versionControl = [
    "GIT_EXEC_PATH", "GIT_ASKPASS", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER",
    "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_TEMPLATE_DIR", "GIT_DIR", "GIT_COMMON_DIR",
    "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ALLOW_PROTOCOL", "GIT_SSL_NO_VERIFY", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SVN_SSH",
    "CVS_RSH", "HGRCPATH", "HGEDITOR", "RSYNC_RSH", "RSYNC_CONNECT_PROG",
  ]

  private static let interpreters = [
    "JAVACMD", "DJANGO_SETTINGS_MODULE", "FLASK_APP", "GUNICORN_CMD_ARGS", "PERL_CPANM_OPT",
    "PERL_MM_OPT", "PERL_MB_OPT", "PERLDB_OPTS", "AUTOM4TE", "autom4te_perllibdir",
    "CCACHE_CONFIGPATH", "PLTCOLLECTS", "PLTADDONDIR", "PYLINTRC",
    "COVERAGE_PROCESS_START", "MIX_EXS", "MAILRC", "SENDMAIL", "NULLCMD", "READNULLCMD", "NNN_PLUG",
    "TIGRC_USER", "TIG_EDITOR", "K9S_EDITOR", "ELIXIR_EDITOR", "GOWORK", "GOMODCACHE", "GOCACHE",
    "TF_REATTACH_PROVIDERS", "RCLONE_CONFIG", "COMPOSE_FILE", "PIPENV_PIPFILE", "WINEDLLOVERRIDES",
    "FLASK_DEBUG", "WERKZEUG_DEBUG_PIN", "SVN_MERGE", "DEBSIGN_PROGRAM", "COLORGCC",
    "VAGRANT_VAGRANTFILE", "LUAROCKS_CONFIG", "SSL_KEYLOGFILE", "CONSUL_HTTP_ADDR", "NOMAD_ADDR",
    "AZURE_AUTHORITY_HOST", "AWS_PROFILE", "GITHUB_API_URL", "NODE_OPTIONS", "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_REPL_EXTERNAL_MODULE", "BUN_OPTIONS", "BUN_INSPECT", "YARN_RC_FILENAME", "PERLLIB",
    "RUBYLIB", "RUBYOPT", "RUBYPATH", "RUBYSHELL", "PIP_CONFIG_FILE", "GEM_HOME", "GEM_PATH",
    "BUNDLE_GEMFILE", "BUNDLE_PATH",
    "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_HOME", "CLASSPATH",
    "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "GRADLE_USER_HOME", "SBT_OPTS", "ANT_OPTS",
    "CATALINA_OPTS", "PHPRC", "PHP_INI_SCAN_DIR", "R_HOME", "ELIXIR_ERL_OPTIONS",
    "CAML_LD_LIBRARY_PATH", "TCLLIBPATH", "TCL_LIBRARY", "GUILE_LOAD_PATH", "MONO_PATH",
    "VIRTUAL_ENV", "OMP_TOOL_LIBRARIES", "SDL_DYNAMIC_API",
  ]

  private static let builds = [
    "CC", "CXX", "CPP", "LD", "AR", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKE",
    "MAKEFLAGS",
    "MAKEFILES", "MAKESHELL", "MAKELEVEL", "MAKECMDGOALS", "GNUMAKEFLAGS", "RM", "AS", "FC", "F77",
    "M2C", "PC", "CO", "GET", "LEX", "YACC", "LINT", "M4", "MAKEINFO", "TEX", "TEXI2DVI", "WEAVE",
    "CWEAVE", "TANGLE", "CTANGLE", "ARFLAGS", "ASFLAGS", "FFLAGS", "LFLAGS", "YFLAGS", "GFLAGS",
    "RFLAGS", "PFLAGS", "COFLAGS", "LINTFLAGS", "LDLIBS", "LOADLIBES", "CONFIG_SITE",
    "CONFIG_SHELL", "AUTOCONF", "AUTOHEADER", "AUTOMAKE", "ACLOCAL", "LIBTOOL", "LIBTOOLIZE",
    "RANLIB", "STRIP", "OBJCOPY", "OBJDUMP", "NM", "GCCGO", "CCC_OVERRIDE_OPTIONS", "CPATH",
    "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
    "COMPILER_PATH", "GCC_EXEC_PREFIX", "GOFLAGS", "GOENV", "GOROOT", "GOPATH", "GOBIN", "GOPROXY",
    "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOINSECURE", "GOTOOLCHAIN", "GOAUTH",
    "GOCACHEPROG", "GOPACKAGESDRIVER", "CCACHE_PREFIX", "CARGO_REGISTRY_CREDENTIAL_PROVIDER",
    "RUSTC", "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC", "RUSTFLAGS", "RUSTDOCFLAGS", "CARGO", "CARGO_HOME",
  ]

  private static let trust = [
    "SSH_AUTH_SOCK", "SSH_SK_HELPER", "CURL_CA_BUNDLE", "CURL_HOME", "REQUESTS_CA_BUNDLE",
    "AWS_CA_BUNDLE", "SSLKEYLOGFILE", "WGETRC", "NETRC", "GNUPGHOME", "GPG_AGENT_INFO", "GPG_TTY",
    "GNUTLS_SYSTEM_PRIORITY_FILE", "KRB5_CONFIG", "KRB5CCNAME", "KRB5_KTNAME", "LDAPCONF",
    "LDAPRC", "SASL_CONF_PATH", "SASL_PATH", "OPENSSL_CONF", "OPENSSL_CONF_INCLUDE",
    "OPENSSL_MODULES", "OPENSSL_ENGINES", "PGSERVICEFILE", "PGSYSCONFDIR", "PASSWORD_STORE_DIR",
    "PASSWORD_STORE_EXTENSIONS_DIR", "PGHOST", "PGHOSTADDR", "PGPASSFILE", "PGSERVICE", "PGOPTIONS",
    "VAULT_ADDR", "VAULT_AGENT_ADDR", "GH_HOST", "GH_CONFIG_DIR", "DENO_CERT", "GOPRIVATE",
    "MYSQL_HOST", "MYSQL_UNIX_PORT",
  ]

  /// Their configuration names programs that they run.
  private static let tools = [
    "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST", "KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG",
    "CLOUDSDK_CONFIG", "CLOUDSDK_PYTHON", "ANSIBLE_CONFIG", "ANSIBLE_LIBRARY", "APT_CONFIG",
    "KUBECTL_EXTERNAL_DIFF", "HELM_PLUGINS", "HGMERGE", "RCLONE_SFTP_SSH",
    "RESTIC_FROM_PASSWORD_COMMAND", "SOPS_AGE_KEY_CMD", "BORG_RSH", "BORG_PASSCOMMAND",
    "RESTIC_PASSWORD_COMMAND", "RCLONE_PASSWORD_COMMAND",
    "FZF_DEFAULT_COMMAND", "FZF_DEFAULT_OPTS", "MAILPATH", "NIX_CONFIG",
    "RIPGREP_CONFIG_PATH", "TAR_OPTIONS", "OPENER", "MC_XDG_OPEN", "TERRAGRUNT_TFPATH",
    "CONTAINERS_CONF", "EMACSDATA", "KUBERNETES_MASTER", "HELM_KUBEAPISERVER", "BUILDKIT_HOST",
    "PULUMI_BACKEND_URL",
  ]
}
