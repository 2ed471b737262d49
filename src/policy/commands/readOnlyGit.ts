/** The git commands that only read, each with its own options, and without what makes git run other programs. */
import { dirname, join } from "node:path"
import type { Place } from "./model.ts"
import { refuse, shown } from "./model.ts"
import { options, readArguments } from "./options.ts"
import type { OptionRules } from "./options.ts"
import { expandPaths } from "./patterns.ts"
import type { ReadOnlyCommand } from "./readOnlyFiles.ts"
import type { Word } from "./words.ts"

interface GitCommand extends OptionRules {
  /** Said first, and no option in the table takes it back. */
  readonly forced: ReadonlyArray<string>
}

const RUNS_PROGRAMS = "It can run a program."
const WRITES = "It writes a file."
const HINTS: Readonly<Record<string, string>> = {
  "--ext-diff": RUNS_PROGRAMS,
  "--textconv": RUNS_PROGRAMS,
  "--open-files-in-pager": RUNS_PROGRAMS,
  "-O": RUNS_PROGRAMS,
  "--show-signature": RUNS_PROGRAMS,
  "--output": WRITES,
  "--no-index": "It reads outside the repository."
}

const NO_PROGRAMS = ["--no-ext-diff", "--no-textconv"]

const DIFF = [
  "-p -u -s -z -w -b -a -R -W -U?:number -M?:percent -C?:percent -S:text -G:text --patch --no-patch --raw",
  "--stat?:text --numstat --shortstat --summary --compact-summary --dirstat?:text --name-only --name-status",
  "--unified:number --minimal --patience --histogram --diff-algorithm:word --diff-filter:word",
  "--find-renames?:percent --find-copies?:percent --no-renames --ignore-all-space --ignore-space-change",
  "--ignore-space-at-eol --ignore-blank-lines --ignore-cr-at-eol --color?:when --no-color --word-diff?:word",
  "--color-words --check --exit-code --quiet --full-index --binary --abbrev?:number --no-prefix",
  "--function-context --inter-hunk-context:number --text --pickaxe-all --pickaxe-regex --relative --no-ext-diff",
  "--no-textconv --cc -c -m"
]

const LOG = [
  ...DIFF,
  "-n:number -i -E -F -g --oneline --graph --no-graph --decorate?:word --no-decorate --all --branches --tags",
  "--remotes --max-count:number --skip:number --author:text --committer:text --grep:text --all-match",
  "--invert-grep --since:text --after:text --until:text --before:text --format:format --pretty?:format",
  "--abbrev-commit --no-abbrev-commit --follow --first-parent --merges --no-merges --reverse --date:text",
  "--topo-order --date-order --author-date-order --full-history --left-right --cherry-pick --cherry-mark",
  "--ancestry-path --boundary --parents --children --walk-reflogs --no-notes --extended-regexp --fixed-strings",
  "--regexp-ignore-case --simplify-by-decoration --log-size"
]

const COMMANDS: ReadonlyMap<string, GitCommand> = new Map<string, GitCommand>([
  ["status", {
    // Git would look into nested repositories by running itself there, with their configuration.
    forced: ["--ignore-submodules=all"],
    table: options(
      "-s -b -z -u?:word --short --branch --long --show-stash --ahead-behind --no-ahead-behind",
      "--porcelain?:text --null --untracked-files?:word --ignored?:word --renames --no-renames",
      "--find-renames?:percent --no-column"
    )
  }],
  ["diff", {
    forced: [...NO_PROGRAMS, "--ignore-submodules=all"],
    table: options(...DIFF, "--cached --staged --merge-base")
  }],
  ["log", { forced: NO_PROGRAMS, table: options(...LOG), digits: (digits) => ["-n", digits] }],
  ["show", { forced: NO_PROGRAMS, table: options(...LOG), digits: (digits) => ["-n", digits] }],
  ["blame", {
    forced: ["--no-textconv"],
    table: options(
      "-L:text -w -M?:percent -C?:percent -c -e -f -n -s -l -t -p -b --root --porcelain --line-porcelain",
      "--incremental --show-email --show-name --show-number --show-stats --date:text --since:text",
      "--abbrev:number --first-parent"
    )
  }],
  ["grep", {
    forced: ["--no-textconv", "--no-recurse-submodules"],
    table: options(
      "-a -I -i -w -v -h -H -E -G -P -F -n -l -L -c -q -W -p -o -z -r -e:text -A:number -B:number -C:number",
      "-m:number --cached --untracked --text --ignore-case --word-regexp --invert-match --full-name",
      "--extended-regexp --basic-regexp --perl-regexp --fixed-strings --line-number --column",
      "--files-with-matches --name-only --files-without-match --null --only-matching --count --color?:when",
      "--no-color --break --heading --show-function --function-context --quiet --after-context:number",
      "--before-context:number --context:number --max-depth:number --max-count:number --all-match --and --or",
      "--not"
    ),
    digits: (digits) => ["-C", digits]
  }],
  ["ls-files", {
    forced: [],
    table: options(
      "-c -d -m -o -i -s -t -u -v -z -x:text --cached --deleted --modified --others --ignored --stage",
      "--unmerged --killed --exclude-standard --exclude:text --full-name --error-unmatch --directory",
      "--no-empty-directory --eol --deduplicate --abbrev?:number --format:text"
    )
  }],
  ["rev-parse", {
    forced: [],
    table: options(
      "-q --verify --quiet --short?:number --abbrev-ref?:word --symbolic-full-name --symbolic --show-toplevel",
      "--show-prefix --show-cdup --git-dir --absolute-git-dir --git-common-dir --is-inside-work-tree",
      "--is-inside-git-dir --is-bare-repository --is-shallow-repository --all --branches --tags --remotes",
      "--path-format:word --revs-only"
    )
  }]
])

/**
 * A folder with a repository of its own has its own configuration, which can
 * name programs to run.
 */
const refuseNestedRepository = ({ cwd, host, worktree }: Place): void => {
  for (let folder = cwd; folder !== worktree && folder !== dirname(folder); folder = dirname(folder)) {
    if (host.realpath(join(folder, ".git")) !== undefined) {
      refuse("git isn't allowed in a repository inside the worktree; run it in the worktree's own.")
    }
  }
}

/** A revision, a path, or `revision:path`: git can't tell before it looks, so all must hold. */
const operandOf = (word: Word, place: Place): ReadonlyArray<string> => {
  const text = word.value
  if (text.startsWith(":")) {
    return refuse(`${JSON.stringify(shown(text))} isn't allowed: write plain paths and revisions.`)
  }
  const path = text.slice(text.indexOf(":") + 1)
  if (path !== text && (path.startsWith("/") || path.split("/").includes(".."))) {
    return refuse(`The path ${JSON.stringify(shown(text))} must be inside the worktree, without ".." after the colon.`)
  }
  return expandPaths(place, word)
}

const GLOBAL = new Set(["--no-pager", "--no-optional-locks"])

export const git: ReadOnlyCommand = (args, place) => {
  const start = args.findIndex((word) => !GLOBAL.has(word.value))
  const name = args[start]?.value ?? ""
  if (name.startsWith("-")) {
    return refuse(`The option ${shown(name)} before git's command isn't allowed; cd to a folder instead of -C.`)
  }
  const command = COMMANDS.get(name)
  if (command === undefined) {
    return refuse(`Of git, ${[...COMMANDS.keys()].join(", ")} are allowed; the changes are recorded for you.`)
  }
  refuseNestedRepository(place)
  const read = readArguments(place, args.slice(start + 1), { ...command, hints: HINTS })
  const before = [...read.operands]
  const pattern: Array<string> = []
  if (name === "grep" && !read.given.has("-e")) {
    const first = before.shift()
    if (first === undefined) return refuse("git grep needs a pattern before --.")
    pattern.push("-e", first.value)
  }
  const after = read.afterDashes
  if (after !== undefined && name === "rev-parse") return refuse("git rev-parse takes no --.")
  return [
    "--no-pager",
    name,
    ...command.forced,
    ...read.options,
    ...pattern,
    ...before.flatMap((word) => operandOf(word, place)),
    ...(after === undefined ? [] : ["--", ...after.flatMap((word) => operandOf(word, place))])
  ]
}
