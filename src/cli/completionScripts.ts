/** Completions of the command line for shells, from what help knows of the commands. */
import { firstSentence, type Topic } from "./help.ts"

export const shells = ["bash", "zsh", "fish"] as const
export type Shell = typeof shells[number]

/** What may follow an option, or stand for itself. */
type Value =
  | { readonly _tag: "None" }
  | { readonly _tag: "Any"; readonly name: string }
  | { readonly _tag: "File" }
  | { readonly _tag: "Folder" }
  | { readonly _tag: "OneOf"; readonly words: ReadonlyArray<string> }

interface Flag {
  readonly name: string
  readonly text: string
  readonly value: Value
}

interface Completed {
  /** Of one word, or two. */
  readonly name: string
  readonly summary: string
  readonly flags: ReadonlyArray<Flag>
  readonly operand: Value
}

const valueOf = (placeholder: string): Value => {
  if (placeholder === "") return { _tag: "None" }
  if (placeholder.includes("|")) return { _tag: "OneOf", words: placeholder.split("|") }
  return placeholder === "FILE"
    ? { _tag: "File" }
    : placeholder === "DIR"
    ? { _tag: "Folder" }
    : { _tag: "Any", name: placeholder }
}

/** Usages name files by their endings, and `-` for standard input; or the words that may stand there. */
const operandOf = (usage: string): Value => {
  const [, first = ""] = /^<([^>]+)>/.exec(usage) ?? []
  if (first.endsWith("|-")) return { _tag: "File" }
  return first.includes("|") ? { _tag: "OneOf", words: first.split("|") } : { _tag: "None" }
}

const help: Flag = { name: "--help", text: "Shows the help of the command.", value: { _tag: "None" } }

const completed = ({ name, options, summary, usage }: Topic): Completed => ({
  name,
  summary: firstSentence(summary),
  operand: operandOf(usage),
  flags: [
    ...options.flatMap((option) => {
      const [, flag, placeholder = ""] = /^(--[a-z-]+)(?: (\S+))?/.exec(option.name) ?? []
      return flag === undefined ? [] : [{ name: flag, text: option.text, value: valueOf(placeholder) }]
    }),
    help
  ]
})

/** Words that may come after the first ones of a command: of the first level, or below a command of two words. */
const below = (commands: ReadonlyArray<Completed>, first: string): ReadonlyArray<readonly [string, string]> => {
  const depth = first === "" ? 0 : 1
  const words = commands.filter(({ name }) => first === "" || name.startsWith(`${first} `))
    .map(({ name, summary }) =>
      [name.split(" ")[depth] ?? "", name.includes(" ") && depth === 0 ? "" : summary] as const
    )
  return words.filter(([word], at) => words.findIndex(([other]) => other === word) === at)
}

/** First words of the commands of two. */
const groups = (commands: ReadonlyArray<Completed>): ReadonlyArray<string> => [
  ...new Set(commands.flatMap(({ name }) => name.includes(" ") ? name.split(" ").slice(0, 1) : []))
]

export const completionScript = (shell: Shell, topics: ReadonlyArray<Topic>): string => {
  const commands = topics.map(completed)
  return { bash, zsh, fish }[shell](commands).join("\n")
}

const words = (entries: ReadonlyArray<readonly [string, string]>): string => entries.map(([word]) => word).join(" ")

const bash = (commands: ReadonlyArray<Completed>): ReadonlyArray<string> => {
  const reply = (value: Value): string => {
    switch (value._tag) {
      case "OneOf":
        return `COMPREPLY=($(compgen -W "${value.words.join(" ")}" -- "$cur"))`
      case "File":
        return "_codex_runner_files -f"
      case "Folder":
        return "_codex_runner_files -d"
      case "None":
      case "Any":
        return ":"
    }
  }
  const takingValues = commands.flatMap(({ flags, name }) =>
    flags.flatMap((flag) =>
      flag.value._tag === "None" ? [] : [`    "${name} ${flag.name}") ${reply(flag.value)}; return ;;`]
    )
  )
  return [
    "# codex-runner: completions for bash",
    "_codex_runner_files() {",
    "  local IFS=$'\\n'",
    "  compopt -o filenames 2>/dev/null",
    "  COMPREPLY=($(compgen \"$1\" -- \"$cur\"))",
    "}",
    "_codex_runner() {",
    "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" command=\"\" options=\"\" i",
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    "    case \"$command ${COMP_WORDS[i]}\" in",
    `      ${below(commands, "").map(([word]) => `" ${word}"`).join("|")}) command="\${COMP_WORDS[i]}" ;;`,
    ...groups(commands).map((group) =>
      `      ${
        below(commands, group).map(([word]) => `"${group} ${word}"`).join("|")
      }) command="${group} \${COMP_WORDS[i]}" ;;`
    ),
    "    esac",
    "  done",
    "  case \"$command $prev\" in",
    ...takingValues,
    "  esac",
    "  case \"$command\" in",
    `    "") options="${words(below(commands, ""))} --help --version" ;;`,
    ...groups(commands).map((group) => `    "${group}") options="${words(below(commands, group))} --help" ;;`),
    ...commands.map(({ flags, name }) => `    "${name}") options="${flags.map((flag) => flag.name).join(" ")}" ;;`),
    "  esac",
    "  case \"$command\" in",
    ...commands.flatMap(({ name, operand }) =>
      operand._tag === "None" ? [] : [`    "${name}") if [[ $cur != -* ]]; then ${reply(operand)}; return; fi ;;`]
    ),
    "  esac",
    "  COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))",
    "}",
    "complete -F _codex_runner codex-runner"
  ]
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const zsh = (commands: ReadonlyArray<Completed>): ReadonlyArray<string> => {
  const action = (value: Value): string => {
    switch (value._tag) {
      case "None":
        return ""
      case "Any":
        return `:${value.name}: `
      case "File":
        return ":file:_files"
      case "Folder":
        return ":folder:_files -/"
      case "OneOf":
        return `:value:(${value.words.join(" ")})`
    }
  }
  const described = (entries: ReadonlyArray<readonly [string, string]>) =>
    entries.map(([word, text]) => quoted(`${word}:${text.replaceAll(":", "\\:")}`)).join(" ")
  const flag = ({ name, text, value }: Flag) => quoted(`${name}[${text.replace(/[[\]:\\]/g, "\\$&")}]${action(value)}`)
  const choice = (entries: ReadonlyArray<readonly [string, string]>) =>
    `local -a entries=(${described(entries)}); _describe command entries; return`
  return [
    "#compdef codex-runner",
    "# codex-runner: completions for zsh",
    "_codex_runner() {",
    `  if (( CURRENT == 2 )); then ${choice(below(commands, ""))}; fi`,
    "  local command=\"${words[2]}\"",
    ...groups(commands).flatMap((group) => [
      `  if [[ $command == ${group} ]]; then`,
      `    if (( CURRENT == 3 )); then ${choice(below(commands, group))}; fi`,
      "    command=\"$command ${words[3]}\"",
      "    shift words; (( CURRENT-- ))",
      "  fi"
    ]),
    "  shift words; (( CURRENT-- ))",
    "  case \"$command\" in",
    ...commands.map(({ flags, name, operand }) =>
      `    ${quoted(name)}) _arguments ${
        [...flags.map(flag), ...(operand._tag === "None" ? [] : [quoted(`1${action(operand)}`)])].join(" ")
      } ;;`
    ),
    "  esac",
    "}",
    // Loaded by its name from a folder of completions, or read as a whole by a start-up file.
    "if [[ \"${funcstack[1]}\" == _codex_runner || \"${funcstack[1]}\" == _codex-runner ]]; then",
    "  _codex_runner \"$@\"",
    "else",
    "  compdef _codex_runner codex-runner",
    "fi"
  ]
}

const fish = (commands: ReadonlyArray<Completed>): ReadonlyArray<string> => {
  const line = (condition: string, rest: string, text: string) =>
    `complete -c codex-runner -n ${quoted(condition)} ${rest}${text === "" ? "" : ` -d ${quoted(text)}`}`
  const taking = (value: Value): string => {
    switch (value._tag) {
      case "None":
        return ""
      case "Any":
        return " -x"
      case "File":
        return " -r -F"
      case "Folder":
        return " -x -a '(__fish_complete_directories)'"
      case "OneOf":
        return ` -x -a ${quoted(value.words.join(" "))}`
    }
  }
  const inside = (name: string) => name.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ")
  return [
    "# codex-runner: completions for fish",
    "complete -c codex-runner -f",
    ...below(commands, "").map(([word, text]) => line("__fish_use_subcommand", `-a ${word}`, text)),
    ...groups(commands).flatMap((group) =>
      below(commands, group).map(([word, text]) =>
        line(
          `__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${words(below(commands, group))}`,
          `-a ${word}`,
          text
        )
      )
    ),
    ...commands.flatMap(({ flags, name, operand }) => [
      ...flags.map((flag) => line(inside(name), `-l ${flag.name.slice(2)}${taking(flag.value)}`, flag.text)),
      ...(operand._tag === "File"
        ? [line(inside(name), "-F", "")]
        : operand._tag === "OneOf"
        ? [line(inside(name), `-a ${quoted(operand.words.join(" "))}`, "")]
        : [])
    ])
  ]
}
