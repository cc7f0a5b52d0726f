import Keyring
import Testing

@Suite("ReservedNames")
struct ReservedNamesTests {
  /// What the key rules name, section 5; `*` is whatever follows.
  static let named = """
    PATH HOME SHELL IFS LD_* BASH_ENV ENV PROMPT_COMMAND PS4 NODE_OPTIONS NODE_PATH PYTHONPATH
    PYTHONHOME PYTHONSTARTUP PERL5LIB PERL5OPT RUBYLIB RUBYOPT JAVA_TOOL_OPTIONS _JAVA_OPTIONS
    CLASSPATH GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_CONFIG* GIT_ASKPASS GIT_EDITOR GIT_PAGER
    EDITOR VISUAL PAGER BROWSER SSH_ASKPASS SSH_AUTH_SOCK DOCKER_HOST
    http_proxy https_proxy ftp_proxy all_proxy no_proxy
    HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY
    SSL_CERT_* CURL_CA_BUNDLE XDG_* DBUS_* TMPDIR COFFER_*
    """

  /// What the stars stand for, among others.
  static let families = """
    LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG_OUTPUT GIT_CONFIG GIT_CONFIG_GLOBAL
    GIT_CONFIG_SYSTEM GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_CONFIG_PARAMETERS
    SSL_CERT_FILE SSL_CERT_DIR XDG_CONFIG_HOME XDG_DATA_DIRS XDG_RUNTIME_DIR
    DBUS_SESSION_BUS_ADDRESS COFFER_API_KEY COFFER_KEY_FILE COFFER_SOCKET COFFER_HOME
    """

  /// Further ones that load code or steer programs.
  static let further = """
    BASH_FUNC_ls SHELLOPTS BASHOPTS PS0 PS1 CDPATH ZDOTDIR FPATH INPUTRC GLIBC_TUNABLES GCONV_PATH
    NLSPATH LOCPATH HOSTALIASES RES_OPTIONS MALLOC_TRACE ASAN_OPTIONS DYLD_INSERT_LIBRARIES
    PYTHONBREAKPOINT PYTHONINSPECT PYTHONWARNINGS PYTHONUSERBASE PERL5DB PERLLIB RUBYSHELL
    NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_REPL_EXTERNAL_MODULE
    npm_config_script_shell NPM_CONFIG_GLOBALCONFIG JDK_JAVA_OPTIONS MAVEN_OPTS GRADLE_OPTS
    DOTNET_STARTUP_HOOKS CORECLR_PROFILER LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_CPATH ERL_FLAGS
    ERL_LIBS JULIA_LOAD_PATH PHPRC PHP_INI_SCAN_DIR R_PROFILE_USER R_ENVIRON_USER
    GIT_SEQUENCE_EDITOR GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_TEMPLATE_DIR GIT_DIR GIT_WORK_TREE
    GIT_SSH_VARIANT GIT_TRACE GIT_SSL_NO_VERIFY GIT_SSL_CAINFO SSH_ASKPASS_REQUIRE SUDO_ASKPASS
    SUDO_EDITOR LESSOPEN LESSCLOSE MANPAGER VIMINIT EXINIT MAKEFLAGS MAKEFILES CC CXX CFLAGS
    LDFLAGS GOFLAGS GOENV GOPROXY GOSUMDB GOTOOLCHAIN RUSTC_WRAPPER RUSTFLAGS
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER CARGO_BUILD_RUSTC CARGO_HOME PKG_CONFIG_PATH
    CMAKE_TOOLCHAIN_FILE GTK_MODULES GTK_PATH GIO_EXTRA_MODULES QT_PLUGIN_PATH GST_PLUGIN_PATH
    OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES LDAPTLS_CACERT REQUESTS_CA_BUNDLE AWS_CA_BUNDLE
    SSLKEYLOGFILE CURL_HOME WGETRC GNUPGHOME GPG_AGENT_INFO KRB5_CONFIG KUBECONFIG DOCKER_CONFIG
    AWS_CONFIG_FILE ANSIBLE_CONFIG RSYNC_RSH CVS_RSH SVN_SSH TMP TEMP USER LOGNAME PWD TERM TERMCAP
    LANG LC_ALL TZ DISPLAY WAYLAND_DISPLAY XAUTHORITY NOTIFY_SOCKET LISTEN_FDS
    CREDENTIALS_DIRECTORY socks_proxy RSYNC_PROXY
    """

  /// What shells reckon out, show in prompts or act on, as soon as it is set.
  static let shells = """
    RANDOM SRANDOM OPTIND HISTCMD SECONDS LINENO BASH_XTRACEFD PROMPT PROMPT2 PROMPT4 RPROMPT
    RPROMPT2 RPS1 SPROMPT path fish_trace fish_user_paths ZSH ZSH_CUSTOM COMP_WORDBREAKS
    STARSHIP_CONFIG npm_execpath OPENER TERRAGRUNT_TFPATH
    """

  /// Further ones whose value, or a file that it names, is a command or code.
  static let commands = """
    TAR_OPTIONS ALTERNATE_EDITOR APT_CONFIG AWS_PAGER GH_PAGER GH_EDITOR GH_BROWSER KUBE_EDITOR
    PSQL_PAGER PSQL_EDITOR BAT_PAGER LESSEDIT LESSKEYIN FZF_DEFAULT_COMMAND FZF_DEFAULT_OPTS
    RIPGREP_CONFIG_PATH MAILPATH TCL_LIBRARY GUILE_LOAD_PATH MONO_PATH GOAUTH GOCACHEPROG
    NIX_CONFIG RCLONE_PASSWORD_COMMAND RESTIC_PASSWORD_COMMAND BORG_PASSCOMMAND BORG_RSH
    CCACHE_PREFIX CARGO_REGISTRY_CREDENTIAL_PROVIDER
    SDL_DYNAMIC_API SASL_PATH OMP_TOOL_LIBRARIES ANSIBLE_LIBRARY
    """

  static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }

  @Test("a name that the rules list is reserved", arguments: words(named))
  func reservesNamed(_ word: String) {
    guard word.last == "*" else {
      #expect(ReservedNames.contain(word))
      return
    }
    let prefix = String(word.dropLast())
    for rest in ["X", "x_1", "ANYTHING_AT_ALL"] { #expect(ReservedNames.contain(prefix + rest)) }
  }

  @Test("a name of a listed family is reserved", arguments: words(families))
  func reservesFamily(_ word: String) { #expect(ReservedNames.contain(word)) }

  @Test("a name that a shell acts on as soon as it is set is reserved", arguments: words(shells))
  func shellParameters(name: String) { #expect(ReservedNames.contain(name)) }

  @Test("a name that loads code or steers programs is reserved", arguments: words(further))
  func reservesFurther(_ word: String) { #expect(ReservedNames.contain(word)) }

  @Test("a name whose value is a command, or names code, is reserved", arguments: words(commands))
  func reservesCommands(_ word: String) { #expect(ReservedNames.contain(word)) }

  /// What an Editor could have brought into an Owner's shell before they were found.
  static let found = """
    RM LESSKEY GROFF_COMMAND_PREFIX CONFIG_SITE CONFIG_SHELL YACC LEX FC M4 JAVACMD JVM_OPTS KAFKA_OPTS
    IBM_JAVA_OPTIONS PYTEST_ADDOPTS PYTEST_PLUGINS GUNICORN_CMD_ARGS DJANGO_SETTINGS_MODULE FLASK_APP
    IPYTHONDIR JUPYTER_CONFIG_DIR PERL_CPANM_OPT ANSIBLE_CALLBACK_PLUGINS KUBECTL_EXTERNAL_DIFF
    HELM_PLUGINS AZURE_EXTENSION_DIR GH_CONFIG_DIR YARN_YARN_PATH COMPOSER_HOME BUNDLE_BUILD__X
    GOPACKAGESDRIVER CARGO_ALIAS_B PSQLRC IRBRC GEMRC SCREENRC LESSKEY_CONTENT MANROFFOPT TEXMFCNF
    RBENV_HOOK_PATH ASDF_DIR NVM_DIR DIRENV_BASH SVN_EDITOR P4EDITOR HGMERGE CVSEDITOR
    RCLONE_SFTP_SSH SOPS_AGE_KEY_CMD VK_ICD_FILENAMES GI_TYPELIB_PATH QML2_IMPORT_PATH
    GDK_PIXBUF_MODULE_FILE OPENAI_BASE_URL AWS_ENDPOINT_URL_S3 VAULT_ADDR VAULT_SKIP_VERIFY GH_HOST
    PGHOST PGSSLROOTCERT PGPASSFILE DENO_CERT grpc_proxy PIP_INDEX_URL UV_INDEX_URL
    SOME_TOOL_OPTS some_tool_command MY_PATH
    AUTOM4TE CCACHE_COMPILER PYSPARK_PYTHON VAGRANT_VAGRANTFILE OCTAVE_SITE_INITFILE PLTCOLLECTS
    PYLINTRC MAILRC NULLCMD NNN_OPENER TIG_EDITOR GOWORK RCLONE_CONFIG COMPOSE_FILE VAULT_CACERT
    HTTPS_CA_FILE HTTPLIB2_CA_CERTS GCE_METADATA_HOST AWS_PROFILE CARGO_REGISTRIES_MINE_INDEX
    RUBYGEMS_GEMDEPS COREPACK_NPM_REGISTRY BUN_CONFIG_REGISTRY GITLAB_HOST GL_HOST MAILCAPS
    SCONSFLAGS LYNX_CFG USE_BAZEL_VERSION
    """

  @Test("a name that an Editor could misuse is reserved", arguments: words(found))
  func reservesFound(_ word: String) { #expect(ReservedNames.contain(word)) }

  @Test(
    "the proxies are reserved in any mixture of case",
    arguments: ["Http_Proxy", "HTTPS_proxy", "no_PROXY", "Npm_Config_Registry"])
  func reservesEitherCase(_ word: String) { #expect(ReservedNames.contain(word)) }

  @Test(
    "names that merely carry a credential, or look alike, are free",
    arguments: [
      "STRIPE_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
      "GITHUB_TOKEN", "GH_TOKEN", "GIT_TOKEN", "GITLAB_TOKEN", "NPM_TOKEN", "NODE_AUTH_TOKEN",
      "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PGPASSWORD", "MYSQL_PWD", "DATABASE_URL",
      "REDIS_URL", "DOCKER_PASSWORD", "DOCKER_AUTH_CONFIG", "CARGO_REGISTRY_TOKEN", "VAULT_TOKEN",
      "SENTRY_DSN", "SSH_KEY", "KEY", "TOKEN", "PASSWORD", "PATH_KEY", "HOME_KEY",
      "HOMEBREW_GITHUB_API_TOKEN",
      "UV_PUBLISH_TOKEN", "CONDA_TOKEN", "KUBE_CONFIG", "DATABASE_PASSWORD", "GPG_PRIVATE_KEY",
      "ARC",
      "LDAP_PASSWORD", "ENVOY_KEY", "PAGERDUTY_TOKEN", "BROWSERSTACK_KEY", "EDITOR_KEY",
      "SHELL_KEY", "PROMPTLAYER_API_KEY", "PROXY",
      "HTTP_PROXY_PASSWORD", "XDGKEY", "COFFER", "COFFEE_KEY",
    ])
  func leavesFree(_ word: String) { #expect(!ReservedNames.contain(word)) }

  @Test(
    "a reserved name is no key's, and the message says why",
    arguments: words(named) + words(further))
  func refuses(_ word: String) throws {
    let name = word.last == "*" ? word.dropLast() + "X" : word[...]
    let refusal = try #require(
      refusal { () throws(Refusal) in try EnvironmentName(parsing: name) })
    #expect(refusal.word == .invalid)
    #expect(refusal.object == name)
    #expect(refusal.reason?.contains("reserved") == true)
    #expect(refusal.hint?.contains("--env") == true)
  }
}
