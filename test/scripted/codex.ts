/** Runs the real Codex CLI against a scripted model, in a folder of its own. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Os from "node:os"
import * as Path from "node:path"
import { CodexEvent } from "../../src/domain/CodexEvent.ts"
import type { ScriptedModel } from "../../src/scripted/ScriptedModel.ts"

const binary = (): string => {
  const require = createRequire(createRequire(import.meta.url).resolve("@openai/codex/package.json"))
  const root = Path.dirname(require.resolve(`@openai/codex-${process.platform}-${process.arch}/package.json`))
  const [triple = ""] = Fs.readdirSync(Path.join(root, "vendor"))
  return Path.join(root, "vendor", triple, "bin", "codex")
}

const codex = binary()

/** A folder that goes with the scope, with these files in it. */
export const folder = (files: Readonly<Record<string, string>> = {}): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const root = Fs.realpathSync(Fs.mkdtempSync(Path.join(Os.tmpdir(), "scripted-")))
      for (const [name, text] of Object.entries(files)) {
        Fs.mkdirSync(Path.dirname(Path.join(root, name)), { recursive: true })
        Fs.writeFileSync(Path.join(root, name), text)
      }
      return root
    }),
    (root) => Effect.sync(() => Fs.rmSync(root, { recursive: true, force: true }))
  )

export const read = (root: string, name: string): string => Fs.readFileSync(Path.join(root, name), "utf8")

export const files = (root: string): ReadonlyArray<string> =>
  Fs.readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => Path.relative(root, Path.join(entry.parentPath, entry.name)))
    .sort()

export interface Ended {
  readonly code: number | null
  readonly events: ReadonlyArray<CodexEvent>
  readonly stderr: string
}

const decodeEvent = Schema.decodeUnknownSync(Schema.parseJson(CodexEvent))

export interface CodexOptions {
  readonly model?: string
  readonly prompt?: string
  readonly config?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly args?: ReadonlyArray<string>
  /** Ends Codex, as Ctrl-C does, once this is done. */
  readonly interruptAfter?: Effect.Effect<unknown>
}

const fixedArguments = [
  "exec",
  "--json",
  "--ephemeral",
  "--ignore-user-config",
  "--ignore-rules",
  "--strict-config",
  "--skip-git-repo-check",
  "-s",
  "workspace-write",
  ...["plugins", "apps", "shell_snapshot", "multi_agent", "goals"].flatMap((feature) => ["--disable", feature])
]

export const runCodex = (
  scripted: ScriptedModel,
  cwd: string,
  options: CodexOptions = {}
): Effect.Effect<Ended, never, Scope.Scope> =>
  Effect.gen(function*() {
    const home = yield* folder()
    const config = [...scripted.codexConfig, "web_search=disabled", "agents.enabled=false", ...options.config ?? []]
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(codex, [
          ...fixedArguments,
          "-C",
          cwd,
          "-m",
          options.model ?? "gpt-5.5",
          ...config.flatMap((pair) => ["-c", pair]),
          ...options.args ?? [],
          options.prompt ?? "go"
        ], {
          cwd,
          env: {
            PATH: process.env["PATH"],
            HOME: home,
            CODEX_HOME: home,
            ...scripted.codexEnvironment,
            ...options.env
          },
          stdio: ["ignore", "pipe", "pipe"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const ended = Effect.async<Ended>((resume) => {
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
      child.once("close", (code) =>
        resume(Effect.sync(() => ({
          code,
          stderr,
          events: stdout.split("\n").filter((line) => line !== "").map((line) => decodeEvent(line))
        }))))
    })
    if (options.interruptAfter === undefined) return yield* ended
    const interrupt = Effect.andThen(options.interruptAfter, Effect.sync(() => child.kill("SIGINT")))
    return yield* Effect.raceFirst(ended, Effect.zipRight(interrupt, Effect.never))
  })

export const lastEvent = ({ events }: Ended): CodexEvent | undefined => events.at(-1)

/** What the failed turn says. */
export const failure = (ended: Ended): string => {
  const last = lastEvent(ended)
  return last?.type === "turn.failed" ? last.error.message : `no failure, but ${JSON.stringify(last)}`
}

export const commands = ({ events }: Ended) =>
  events.flatMap((event) =>
    event.type === "item.completed" && event.item.type === "command_execution" ? [event.item] : []
  )

export const messages = ({ events }: Ended): ReadonlyArray<string> =>
  events.flatMap((event) =>
    event.type === "item.completed" && event.item.type === "agent_message" ? [event.item.text] : []
  )
