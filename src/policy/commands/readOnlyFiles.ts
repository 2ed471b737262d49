/** Read-only commands on files: which options and operands each may have. */
import type { Place } from "./model.ts"
import { refuse, shown } from "./model.ts"
import { options, readArguments } from "./options.ts"
import type { Arguments, OptionRules } from "./options.ts"
import { expandPaths } from "./patterns.ts"
import type { Word } from "./words.ts"

/** Checks the arguments of a command and returns those to run it with. */
export type ReadOnlyCommand = (args: ReadonlyArray<Word>, place: Place) => ReadonlyArray<string>

// `-` is standard input, which is a pipe from a judged command or nothing.
const pathsOf = (words: ReadonlyArray<Word>, place: Place): ReadonlyArray<string> =>
  words.flatMap((word) => word.value === "-" ? ["-"] : expandPaths(place, word))

const operandsOf = ({ afterDashes, operands }: Arguments): ReadonlyArray<Word> => [...operands, ...(afterDashes ?? [])]

/** Options first, then `--`: no operand is an option, whether or not the program looks for options among operands. */
const ordered = (read: Arguments, operands: ReadonlyArray<string>): ReadonlyArray<string> =>
  operands.length === 0 ? read.options : [...read.options, "--", ...operands]

const onPaths = (rules: OptionRules): ReadOnlyCommand => (args, place) => {
  const read = readArguments(place, args, rules)
  return ordered(read, pathsOf(operandsOf(read), place))
}

/** A pattern, unless an option gave one or asked for none, and then paths. */
const search =
  (rules: OptionRules, patternOptions: ReadonlyArray<string>, forced: ReadonlyArray<string>): ReadOnlyCommand =>
  (args, place) => {
    const read = readArguments(place, args, rules)
    const operands = operandsOf(read)
    const hasPattern = patternOptions.some((option) => read.given.has(option))
    const pattern = hasPattern ? [] : operands.slice(0, 1).map((word) => word.value)
    if (!hasPattern && pattern.length === 0) return refuse("A search needs a pattern.")
    const paths = pathsOf(operands.slice(pattern.length), place)
    return [...forced, ...ordered(read, [...pattern, ...paths])]
  }

const lines = (count: string): ReadonlyArray<string> => ["-n", count]
const NEVER_ENDS = "It would never end: read the file once, with tail -n."
const WRITES = "It writes a file: change files with the apply_patch tool."
const RUNS_PROGRAMS = "It can run a program."
const FOLLOWS_LINKS = "It follows symlinks out of the worktree."

const ls = onPaths({
  table: options(
    "-a -A -l -h -t -r -S -R -1 -d -F -i -s -n -g -o -p -c -u -m -x -C -k -G -f -X -q -B --all --almost-all",
    "--human-readable --recursive --reverse --size --directory --inode --full-time --classify",
    "--group-directories-first --numeric-uid-gid --no-group --si --color?:when --sort:word --time:word",
    "--format:word --time-style:text --ignore:text --hide:text --indicator-style:word"
  ),
  hints: { "-L": FOLLOWS_LINKS, "-H": FOLLOWS_LINKS }
})

const cat = onPaths({
  table: options(
    "-A -b -e -E -n -s -t -T -u -v --show-all --number --number-nonblank --squeeze-blank --show-ends --show-tabs",
    "--show-nonprinting"
  )
})

const head = onPaths({
  table: options("-n:count -c:count -q -v --lines:count --bytes:count --quiet --silent --verbose"),
  digits: lines
})

const tail = onPaths({
  table: options("-n:count -c:count -q -v -r --lines:count --bytes:count --quiet --silent --verbose"),
  digits: lines,
  hints: { "-f": NEVER_ENDS, "-F": NEVER_ENDS, "--follow": NEVER_ENDS, "--retry": NEVER_ENDS }
})

const wc = onPaths({ table: options("-l -w -c -m -L --lines --words --bytes --chars --max-line-length") })

const nl = onPaths({
  table: options(
    "-b:text -f:text -h:text -d:text -i:number -l:number -n:word -s:text -v:number -w:number -p",
    "--body-numbering:text --number-separator:text --number-width:number --starting-line-number:number"
  )
})

const sort = onPaths({
  table: options(
    "-b -d -f -g -h -i -M -n -r -R -s -u -V -c -C -k:text -t:text --reverse --unique --numeric-sort",
    "--human-numeric-sort --version-sort --general-numeric-sort --ignore-case --ignore-leading-blanks",
    "--dictionary-order --stable --check?:word --key:text --field-separator:text --sort:word"
  ),
  hints: {
    "-o": WRITES,
    "--output": WRITES,
    "-T": WRITES,
    "--temporary-directory": WRITES,
    "--compress-program": RUNS_PROGRAMS,
    "--compress-prog": RUNS_PROGRAMS
  }
})

const uniqRules: OptionRules = {
  table: options(
    "-c -d -D -i -u -f:number -s:number -w:number --count --repeated --unique --ignore-case --skip-fields:number",
    "--skip-chars:number --check-chars:number"
  )
}
const uniq: ReadOnlyCommand = (args, place) => {
  const read = readArguments(place, args, uniqRules)
  const paths = pathsOf(operandsOf(read), place)
  return paths.length > 1 ? refuse(`uniq takes one file: it would write the second. ${WRITES}`) : ordered(read, paths)
}

const cut = onPaths({
  table: options(
    "-b:text -c:text -d:text -f:text -n -s --bytes:text --characters:text --delimiter:text --fields:text",
    "--only-delimited --complement --output-delimiter:text"
  )
})

const stat = onPaths({
  table: options("-c:text -t --format:text --printf:text --terse"),
  hints: { "-L": FOLLOWS_LINKS }
})

const file = onPaths({
  table: options("-b -i -h -k --brief --mime --mime-type --mime-encoding --no-dereference --keep-going"),
  hints: { "-z": RUNS_PROGRAMS, "-Z": RUNS_PROGRAMS, "-C": WRITES, "-L": FOLLOWS_LINKS, "-f": "Name the files." }
})

const grep = search(
  {
    table: options(
      "-a -b -c -E -F -G -h -H -i -I -l -L -n -o -P -q -r -s -T -v -w -x -y -U -A:number -B:number -C:number",
      "-m:number -e:text -f:path --regexp:text --file:path --extended-regexp --fixed-strings --basic-regexp",
      "--perl-regexp --ignore-case --no-ignore-case --word-regexp --line-regexp --invert-match --count",
      "--files-with-matches --files-without-match --only-matching --quiet --silent --no-messages --byte-offset",
      "--with-filename --no-filename --line-number --recursive --text --null --initial-tab --line-buffered",
      "--color?:when --colour?:when --max-count:number --after-context:number --before-context:number",
      "--context:number --include:text --exclude:text --exclude-dir:text --binary-files:word"
    ),
    digits: (digits) => ["-C", digits],
    hints: {
      "-R": `${FOLLOWS_LINKS} Use -r.`,
      "--dereference-recursive": `${FOLLOWS_LINKS} Use -r.`,
      "-z": RUNS_PROGRAMS
    }
  },
  ["-e", "-f", "--regexp", "--file"],
  []
)

const rg = search(
  {
    table: options(
      "-n -N -i -s -S -w -x -v -F -P -l -c -o -q -H -I -u -a -U -p -b -0 -A:number -B:number -C:number -m:number",
      "-d:number -j:number -M:number -e:text -f:path -g:text -t:word -T:word -r:text -E:word --regexp:text",
      "--file:path --glob:text --iglob:text --type:word --type-not:word --replace:text --encoding:word --files",
      "--type-list --hidden --no-hidden --no-ignore --no-ignore-vcs --no-ignore-parent --no-ignore-global",
      "--no-ignore-dot --no-config --unrestricted --line-number --no-line-number --ignore-case --case-sensitive",
      "--smart-case --word-regexp --line-regexp --invert-match --fixed-strings --pcre2 --files-with-matches",
      "--files-without-match --count --count-matches --only-matching --quiet --with-filename --no-filename --text",
      "--multiline --multiline-dotall --pretty --byte-offset --null --after-context:number",
      "--before-context:number --context:number --max-count:number --max-depth:number --maxdepth:number",
      "--threads:number --max-columns:number --max-columns-preview --max-filesize:count --sort:word --sortr:word",
      "--json --stats --heading --no-heading --color:when --trim --vimgrep --column --no-column --passthru",
      "--context-separator:text --no-messages --one-file-system --no-follow --no-unicode --crlf",
      "--glob-case-insensitive --include-zero --no-binary --binary"
    ),
    hints: {
      "-z": RUNS_PROGRAMS,
      "--search-zip": RUNS_PROGRAMS,
      "--pre": RUNS_PROGRAMS,
      "--hostname-bin": RUNS_PROGRAMS,
      "-L": FOLLOWS_LINKS,
      "--follow": FOLLOWS_LINKS
    }
  },
  ["-e", "-f", "--regexp", "--file", "--files", "--type-list"],
  // Last said wins, and a configuration file could name a preprocessor.
  ["--no-config"]
)

const SED_HINT = "Only sed -n with line numbers is allowed, as in: sed -n '10,20p' FILE."
const sedRules: OptionRules = {
  table: options("-n -e:text -E -r --quiet --silent --expression:text"),
  hints: { "-i": WRITES, "--in-place": WRITES, "-f": SED_HINT, "--file": SED_HINT, "-s": SED_HINT }
}
const SED_SCRIPT = /^(?:(?:\d{1,9}(?:,(?:\d{1,9}|\$))?|\$)p)(?:;(?:\d{1,9}(?:,(?:\d{1,9}|\$))?|\$)p)*;?$/

const sed: ReadOnlyCommand = (args, place) => {
  const read = readArguments(place, args, sedRules)
  if (!["-n", "--quiet", "--silent"].some((option) => read.given.has(option))) return refuse(SED_HINT)
  const operands = operandsOf(read)
  const hasScript = read.given.has("-e") || read.given.has("--expression")
  const scripts = hasScript
    ? read.options.flatMap((option, index) =>
      option.startsWith("--expression=") ? [option.slice(13)] : read.options[index - 1] === "-e" ? [option] : []
    )
    : operands.slice(0, 1).map((word) => word.value)
  if (scripts.length === 0) return refuse(SED_HINT)
  for (const script of scripts) {
    if (!SED_SCRIPT.test(script)) {
      return refuse(`The sed script ${JSON.stringify(shown(script))} isn't allowed. ${SED_HINT}`)
    }
  }
  const paths = pathsOf(operands.slice(hasScript ? 0 : 1), place)
  return ["-n", ...scripts.flatMap((script) => ["-e", script]), ...(paths.length === 0 ? [] : ["--", ...paths])]
}

const pwdRules: OptionRules = { table: options("-L -P") }
const pwd: ReadOnlyCommand = (args, place) => {
  const read = readArguments(place, args, pwdRules)
  return operandsOf(read).length > 0 ? refuse("pwd takes no operands.") : read.options
}

// Both only print, or ignore, what they are given.
const echo: ReadOnlyCommand = (args, place) =>
  args.flatMap((word) => word.pattern === undefined ? [word.value] : expandPaths(place, word))

export const readOnlyFiles: ReadonlyArray<readonly [string, ReadOnlyCommand]> = [
  ["ls", ls],
  ["cat", cat],
  ["head", head],
  ["tail", tail],
  ["wc", wc],
  ["nl", nl],
  ["sed", sed],
  ["grep", grep],
  ["rg", rg],
  ["pwd", pwd],
  ["true", echo],
  ["echo", echo],
  ["sort", sort],
  ["uniq", uniq],
  ["cut", cut],
  ["stat", stat],
  ["file", file]
]
