/** Which environment variables a configuration may name. Free of Effect, as commandEntry.ts is. */

/** A name that says its value is a secret (`NPM_TOKEN`, `db_password`). */
export const isSecretName = (name: string): boolean => /(^|_)(KEY|SECRET|TOKEN|PASSWORD)$/i.test(name)

interface Refusal {
  readonly names: RegExp
  readonly why: string
}

/** They make programs load code before their own, the gate's included. */
const loaders: ReadonlyArray<Refusal> = [
  { names: /^(LD|DYLD|_RLD)_|^GCONV_PATH$/, why: "it makes every program load foreign code" },
  { names: /^NODE_(OPTIONS|REPL_EXTERNAL_MODULE)$/, why: "it makes every Node program load foreign code" },
  {
    names: /^(BASH_ENV|ENV|ZDOTDIR|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|IFS|CDPATH)$|^BASH_FUNC_/,
    why: "it changes what a shell does at its start"
  },
  {
    names: /^(PYTHON(STARTUP|HOME|INSPECT|BREAKPOINT)|PERL5(OPT|LIB|DB)|RUBY(OPT|LIB))$/,
    why: "it makes an interpreter load foreign code"
  },
  {
    names: /^(JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS)$/,
    why: "it makes every Java program load foreign code"
  },
  { names: /^GIT_/, why: "it changes which programs and configuration git uses" }
]

/** What the runner sets itself, or what would lead an allowed program elsewhere. */
const reserved: ReadonlyArray<Refusal> = [
  {
    names: /^(PATH|HOME|TMPDIR|TMP|TEMP|SHLVL|SHELL|PWD|OLDPWD|USER|LOGNAME)$/,
    why: "the runner sets it for each task"
  },
  { names: /^CODEX_/, why: "it is Codex's own" },
  {
    names: /^(PAGER|EDITOR|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|SSH_ASKPASS)$/,
    why: "it makes a read-only command start a program"
  },
  { names: /^(RIPGREP_CONFIG_PATH|GREP_OPTIONS)$/, why: "it adds options to a read-only command" },
  {
    names: /^npm_config_(script_shell|node_options|prefix|userconfig|globalconfig|shell|git|editor)$/i,
    why: "it changes which program npm runs"
  }
]

const refusal = (name: string, refusals: ReadonlyArray<Refusal>): string | undefined => {
  const found = refusals.find(({ names }) => names.test(name))
  return found === undefined ? undefined : `${name} is refused: ${found.why}`
}

const nameFault = (name: string): string | undefined =>
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && name !== "__proto__"
    ? undefined
    : "not a variable's name: letters, digits and \"_\", and no digit first"

/** Why a variable can't be handed to the model's commands; undefined where it can. */
export const commandVariableFault = (name: string): string | undefined =>
  nameFault(name) ??
    (isSecretName(name)
      ? `${name} is refused: by its name it holds a secret, and none may reach a command`
      : undefined) ??
    refusal(name, [...loaders, ...reserved])

/** Why a variable can't be passed on to Codex itself; undefined where it can. */
export const passthroughFault = (name: string): string | undefined => nameFault(name) ?? refusal(name, loaders)
