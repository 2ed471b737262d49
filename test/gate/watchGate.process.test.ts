import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fs from "node:fs"
import type { CodexEvent, Item } from "../../src/domain/CodexEvent.ts"
import { gateLogIn } from "../../src/gate/gateLog.ts"
import { watchGate } from "../../src/gate/watchGate.ts"
import { scratchFolder } from "../support/GitRepo.ts"

const runs = (id: string, command: string): Item => ({
  type: "command_execution",
  id,
  command: `/bin/bash -c '${command}'`,
  aggregated_output: "",
  exit_code: null,
  status: "in_progress"
})

const started = (item: Item): CodexEvent => ({ type: "item.started", item })
const completed = (item: Item): CodexEvent => ({ type: "item.completed", item })
const changed = (status: string): CodexEvent => completed({ type: "file_change", id: "f", changes: [], status })

const watched = Effect.map(scratchFolder, (folder) => {
  const watch = watchGate(folder)
  const append = (text: string) => Fs.appendFileSync(gateLogIn(folder), text)
  const entry = (more: object) =>
    JSON.stringify({ at: "", id: "", tool: "Bash", what: "", cwd: "/wt", allow: true, ...more })
  return {
    append,
    /** As the hook logs it, before Codex does anything. */
    allow: (what: string) => append(`${entry({ what, runs: `cd /wt && ${what}` })}\n`),
    log: (more: object) => append(`${entry(more)}\n`),
    entry,
    /** What was wrong with an event; null where it may be. */
    see: (event: CodexEvent) =>
      Effect.map(
        Effect.either(watch(event)),
        Either.match({ onLeft: ({ detail }) => detail, onRight: () => null })
      )
  }
})

const told = (command: string) => `cd /wt && ${command}`

describe("Codex's events, held against the gate's log as they come", () => {
  it.scopedLive("what was allowed may run, as often as it was, in any order", () =>
    Effect.gen(function*() {
      const { allow, see } = yield* watched
      allow("ls")
      assert.isNull(yield* see(started(runs("1", told("ls")))))
      assert.isNull(yield* see({ type: "item.updated", item: runs("1", told("ls")) }))
      assert.isNull(yield* see(completed(runs("1", told("ls")))))
      allow("a")
      allow("b")
      allow("ls")
      assert.isNull(yield* see(started(runs("2", told("b")))))
      assert.isNull(yield* see(started(runs("3", told("a")))))
      assert.isNull(yield* see(completed(runs("3", told("a")))))
      assert.isNull(yield* see(completed(runs("2", told("b")))))
      // Codex may tell of the end alone.
      assert.isNull(yield* see(completed(runs("4", told("ls")))))
      assert.isNull(yield* see({ type: "turn.started" }))
    }))

  it.scopedLive("what was denied, or not asked about, or once more than it was allowed, is a breach", () =>
    Effect.gen(function*() {
      const { allow, log, see } = yield* watched
      const detail = (command: string) => `a command ran that the gate had not allowed: "${told(command)}"`
      assert.strictEqual(yield* see(started(runs("1", told("touch x")))), detail("touch x"))
      log({ what: "touch y", allow: false, reason: "no" })
      assert.strictEqual(yield* see(started(runs("2", told("touch y")))), detail("touch y"))
      allow("ls")
      assert.isNull(yield* see(completed(runs("3", told("ls")))))
      assert.strictEqual(yield* see(completed(runs("4", told("ls")))), detail("ls"))
    }))

  it.scopedLive("edits are counted, those that failed are none", () =>
    Effect.gen(function*() {
      const { log, see } = yield* watched
      log({ tool: "apply_patch", edit: true })
      assert.isNull(yield* see(changed("failed")))
      assert.isNull(yield* see(changed("completed")))
      assert.strictEqual(yield* see(changed("completed")), "Codex made 2 edits, the gate had allowed 1")
      log({ what: "apply_patch <<'EOF'", edit: true })
      log({ tool: "apply_patch", edit: true })
      assert.isNull(yield* see(changed("completed")))
      // An edit through the shell is no leave to run its text.
      assert.isNotNull(yield* see(started(runs("1", "apply_patch <<EOF"))))
    }))

  it.scopedLive("a tool of an MCP server that was used is a breach, one that was refused is none", () =>
    Effect.gen(function*() {
      const { see } = yield* watched
      const item = { type: "mcp_tool_call", id: "m", server: "lab", tool: "echo", error: null } as const
      assert.isNull(yield* see(started({ ...item, status: "in_progress" })))
      assert.isNull(yield* see(completed({ ...item, status: "failed", error: { message: "no" } })))
      assert.strictEqual(
        yield* see(completed({ ...item, status: "completed" })),
        "the tool lab.echo was used, which the gate never allows"
      )
    }))

  it.scopedLive("a line that is not whole yet counts once it is; what is none counts for nothing", () =>
    Effect.gen(function*() {
      const { append, entry, see } = yield* watched
      const line = entry({ what: "größe", runs: told("größe") })
      append(`no json\n\n${line.slice(0, -20)}`)
      assert.isNotNull(yield* see(started(runs("1", told("größe")))))
      append(`${line.slice(-20)}\n`)
      assert.isNull(yield* see(started(runs("2", told("größe")))))
    }))
})
