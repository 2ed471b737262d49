/** A `codex` that is a shell script: what it says to each question, and what it does when it is given a task. */
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"

export interface FakeCodex {
  /** Of `--version`; undefined says nothing. */
  readonly version?: string | undefined
  /** Of `features list`. */
  readonly features?: string
  /** Whether `login status` finds a login. */
  readonly loggedIn?: boolean
  /** Shell code for `exec`. */
  readonly exec?: string
}

const defaultFeatures = "hooks  stable  true\nplugins  stable  true\nview_image  stable  true"

/** Writes `codex` into a folder, and gives the file. Each question it is asked is a line of `asked` beside it. */
export const fakeCodex = (folder: string, fake: FakeCodex = {}): string => {
  const version = "version" in fake ? fake.version : "0.169.0"
  const file = Path.join(folder, "codex")
  Fs.mkdirSync(folder, { recursive: true })
  Fs.writeFileSync(
    file,
    `#!/bin/sh
echo "$1 $2" >> '${folder}/asked'
case "$1 $2" in
  "--version "*) ${version === undefined ? "echo nothing" : `echo 'codex-cli ${version}'`} ;;
  "features list") cat <<'END'
${fake.features ?? defaultFeatures}
END
  ;;
  "login status") exit ${fake.loggedIn === true ? 0 : 1} ;;
  "exec "*)
${fake.exec ?? ":"}
  ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac
`,
    { mode: 0o755 }
  )
  return file
}

/** What a fake Codex was asked, in order. */
export const askedOf = (folder: string): ReadonlyArray<string> =>
  Fs.existsSync(`${folder}/asked`) ? Fs.readFileSync(`${folder}/asked`, "utf8").trimEnd().split("\n") : []

/** The native binary that this project's own development installation brings. */
export const realCodex = (): string => {
  const require = createRequire(createRequire(import.meta.url).resolve("@openai/codex/package.json"))
  const root = Path.dirname(require.resolve(`@openai/codex-${process.platform}-${process.arch}/package.json`))
  const [triple = ""] = Fs.readdirSync(Path.join(root, "vendor"))
  return Path.join(root, "vendor", triple, "bin", "codex")
}

/** Shell code that prints these events as JSON lines. */
export const prints = (...events: ReadonlyArray<object>): string =>
  `printf '%s\\n' ${events.map((event) => `'${JSON.stringify(event).replaceAll("'", "'\\''")}'`).join(" ")}`

/** The events of a turn that ends well. */
export const aTurn = prints(
  { type: "thread.started", thread_id: "thread" },
  { type: "turn.started" },
  { type: "item.completed", item: { id: "item_0", type: "agent_message", text: "done" } },
  { type: "turn.completed", usage: { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 } }
)
