/**
 * The hook program where Codex finds it: a copy under its own hash, so that an
 * update of the package in mid-run changes nothing.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import * as path from "node:path"
import { builtFolder } from "../process/built.ts"
import { Processes } from "../process/Processes.ts"
import { endCodes } from "./hookCommand.ts"
import { type GatePolicy, policyVariable } from "./policyFile.ts"

/** There is no hook program to install, or it doesn't run. */
export class HookMissing extends Schema.TaggedError<HookMissing>()("HookMissing", { reason: Schema.String }) {
  override get message(): string {
    return `the gate's program ${this.reason}`
  }
}

interface ProgramFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const programs = ["start.cjs", "hook.cjs"]
const cacheName = "hook.cache"

/** The installed program to start, and the hash of all of it. */
export const installHook = Effect.fn("Gate.installHook")(function*(cacheFolder: string) {
  const fs = yield* FileSystem.FileSystem
  const source = builtFolder("gate", "hook.cjs")
  if (source === undefined) return yield* new HookMissing({ reason: "is missing from this installation" })
  const files = yield* Effect.forEach(
    programs,
    (name) => Effect.map(fs.readFile(path.join(source, name)), (bytes) => ({ name, bytes }))
  )
  const hash = createHash("sha256").update(`${process.version} ${process.arch}\n`)
  for (const { bytes } of files) hash.update(bytes)
  const sha256 = hash.digest("hex")
  const installed = path.join(cacheFolder, `gate-${sha256.slice(0, 16)}`)
  if (!(yield* isWhole(installed, files))) {
    const draft = `${installed}.${randomBytes(4).toString("hex")}`
    yield* fs.makeDirectory(draft, { recursive: true, mode: 0o700 })
    yield* Effect.forEach(files, ({ bytes, name }) => fs.writeFile(path.join(draft, name), bytes, { mode: 0o400 }))
    yield* rehearse(draft)
    yield* Effect.catchAll(fs.rename(draft, installed), () => replaceDamaged(draft, installed, files))
  }
  // V8 believes the cache, so a proof is of it, too.
  const cache = yield* fs.readFile(path.join(installed, cacheName))
  return {
    path: path.join(installed, "start.cjs"),
    sha256: createHash("sha256").update(sha256).update(cache).digest("hex")
  }
})

/** Something is in the way: another runner's copy, which is as good as ours, or a damaged one. */
const replaceDamaged = Effect.fnUntraced(
  function*(draft: string, installed: string, files: ReadonlyArray<ProgramFile>) {
    const fs = yield* FileSystem.FileSystem
    if (yield* isWhole(installed, files)) return yield* fs.remove(draft, { recursive: true })
    yield* fs.remove(installed, { recursive: true, force: true })
    yield* fs.rename(draft, installed)
  }
)

const isWhole = Effect.fnUntraced(
  function*(folder: string, files: ReadonlyArray<ProgramFile>) {
    const fs = yield* FileSystem.FileSystem
    const same = yield* Effect.forEach(files, ({ bytes, name }) =>
      fs.readFile(path.join(folder, name)).pipe(
        Effect.map((current) => Buffer.compare(current, bytes) === 0),
        Effect.orElseSucceed(() => false)
      ))
    return same.every(Boolean) && (yield* fs.exists(path.join(folder, cacheName)))
  }
)

/** One call of each kind through the program, by a Node as Codex will start it: V8 then knows what to keep compiled. */
const rehearse = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const processes = yield* Processes
  const policy: GatePolicy = {
    worktree: folder,
    allowedCommands: ["npm test"],
    allowReadOnly: true,
    allowedPaths: ["src/**"],
    protectedPaths: ["src/generated/**"],
    disposablePaths: ["**/coverage/**"],
    searchPath: "/usr/bin:/bin",
    log: path.join(folder, "rehearsal.jsonl")
  }
  const policyPath = path.join(folder, "rehearsal.json")
  yield* fs.writeFileString(policyPath, JSON.stringify(policy), { mode: 0o600 })
  const end = yield* processes.run({
    command: process.execPath,
    args: [path.join(folder, "start.cjs"), "--keep"],
    cwd: folder,
    env: { [policyVariable]: policyPath },
    stdin: new TextEncoder().encode(JSON.stringify(rehearsal)),
    timeout: "20 seconds",
    maxOutputBytes: 1024 * 1024
  })
  if (end.code !== endCodes.allowed && end.code !== endCodes.denied) {
    return yield* new HookMissing({ reason: `does not run here (exit ${end.code}): ${end.stderr.slice(-500)}` })
  }
  yield* fs.remove(policyPath)
  yield* fs.remove(policy.log)
})

/** A read that needs most of the rules; what a patch takes beyond them is little. */
const rehearsal = {
  tool_name: "Bash",
  tool_input: { command: "cat src/a.ts | head -20 && npm test 2>&1 | tail -n 5" },
  tool_use_id: "rehearsal"
}
