import { assert, describe, it } from "@effect/vitest"
import { maxCommandCharacters, maxCommands, step } from "../../src/audit/Transcript.ts"
import type { GateEntry } from "../../src/gate/gateLog.ts"
import { joinGate, maxDenied } from "../../src/gate/joinGate.ts"
import { command, transcript } from "../audit/support.ts"

const entry = (what: string, more: Partial<GateEntry> = {}): GateEntry => ({
  at: "2026-11-22T00:00:00.000Z",
  id: "call_0_0",
  tool: "Bash",
  what,
  cwd: "/wt",
  allow: true,
  runs: `cd '/wt' && ${what}`,
  ...more
})

const denied = (what: string, reason: string): GateEntry => entry(what, { allow: false, reason, runs: undefined })

const edit = (more: Partial<GateEntry> = {}): GateEntry =>
  entry("*** Begin Patch", { tool: "apply_patch", edit: true, runs: undefined, ...more })

/** As Codex reports a command: in the form that the gate gave it. */
const ran = (what: string, exitCode: number | null, more: Parameters<typeof command>[2] = {}) =>
  command(`cd '/wt' && ${what}`, exitCode, more)

const quiet = transcript({ edits: 0 })

describe("the gate's log joined with Codex's events", () => {
  it("tells commands in the model's words, with what Codex says of them", () => {
    const joined = joinGate({ ...quiet, commands: [ran("npm test", 1, { output: "1 failing\n" })] }, [
      entry("npm test")
    ])
    assert.deepStrictEqual(
      joined.transcript.commands.map(({ command, exitCode, output }) => ({ command, exitCode, output })),
      [{ command: "npm test", exitCode: 1, output: "1 failing\n" }]
    )
    assert.deepStrictEqual(joined.breaches, [])
    assert.deepStrictEqual(joined.denied, [])
  })

  it("tells commands in the order of the calls, those too that Codex left out", () => {
    const joined = joinGate(
      { ...quiet, commands: [ran("ls c", 0), ran("ls a", 0)] },
      [entry("ls a"), entry("ls b"), entry("ls c")]
    )
    assert.deepStrictEqual(
      joined.transcript.commands.map(({ command, ended, exitCode }) => [command, exitCode, ended]),
      [["ls a", 0, true], ["ls b", null, false], ["ls c", 0, true]]
    )
    assert.deepStrictEqual(joined.breaches, [])
  })

  it("tells denied calls apart, with the reason, and counts none as run", () => {
    const joined = joinGate(quiet, [
      denied("touch x", "not allowed"),
      edit({ allow: false, reason: "out of bounds", what: "*** Begin Patch\n*** Add File: x" }),
      entry("{}", { tool: "view_image", allow: false, reason: "unknown", runs: undefined })
    ])
    assert.deepStrictEqual(joined.denied, [
      { tool: "shell", what: "touch x", reason: "not allowed" },
      { tool: "apply_patch", what: "*** Begin Patch\n*** Add File: x", reason: "out of bounds" },
      { tool: "view_image", what: "{}", reason: "unknown" }
    ])
    assert.deepStrictEqual(joined.transcript.commands, [])
    assert.deepStrictEqual(joined.breaches, [])
  })

  it("an allowed call of a harmless tool is neither a command nor an edit", () => {
    const joined = joinGate(quiet, [entry("{}", { tool: "update_plan", runs: undefined })])
    assert.deepStrictEqual(joined.transcript.commands, [])
    assert.deepStrictEqual(joined.denied, [])
  })

  it("only so many denials are told one by one", () => {
    const joined = joinGate(quiet, Array.from({ length: maxDenied + 5 }, (_, n) => denied(`touch ${n}`, "no")))
    assert.strictEqual(joined.denied.length, maxDenied)
    assert.strictEqual(joined.deniedDropped, 5)
  })

  it("the same command several times: as many as were allowed, each with its own end", () => {
    const joined = joinGate(
      { ...quiet, commands: [ran("npm test", 1), ran("npm test", 0), ran("npm test", 0)] },
      [entry("npm test"), entry("npm test"), entry("npm test")]
    )
    assert.deepStrictEqual(joined.transcript.commands.map(({ exitCode }) => exitCode), [1, 0, 0])
    assert.deepStrictEqual(joined.breaches, [])
  })

  it("matches long commands by as much of them as the transcript has", () => {
    const long = `npm test -- ${"x".repeat(2 * maxCommandCharacters)}`
    const seen = step(quiet, {
      type: "item.completed",
      item: {
        type: "command_execution",
        id: "item_1",
        command: `/bin/bash -c "cd '/wt' && ${long}"`,
        aggregated_output: "",
        exit_code: 0,
        status: "completed"
      }
    })
    // The hook cuts what it logs.
    const joined = joinGate(seen, [entry(long, { runs: `cd '/wt' && ${long}`.slice(0, maxCommandCharacters + 1000) })])
    assert.deepStrictEqual(joined.breaches, [])
    assert.strictEqual(joined.transcript.commands.length, 1)
    assert.strictEqual(joined.transcript.commands[0]?.exitCode, 0)
  })

  it("keeps no more commands than a transcript does, and says how many are left out", () => {
    const log = Array.from({ length: maxCommands + 7 }, (_, n) => entry(`ls ${n}`))
    const joined = joinGate(quiet, log)
    assert.strictEqual(joined.transcript.commands.length, maxCommands)
    assert.strictEqual(joined.transcript.commands.at(-1)?.command, `ls ${maxCommands + 6}`)
    assert.strictEqual(joined.transcript.commandsDropped, 7)
  })
})

describe("a breach", () => {
  const kinds = (joined: ReturnType<typeof joinGate>) => joined.breaches.map(({ kind }) => kind)

  it("is a command that the gate was not asked about", () => {
    const joined = joinGate({ ...quiet, commands: [ran("npm test", 0), command("touch evil", 0)] }, [entry("npm test")])
    assert.deepStrictEqual(joined.breaches, [{
      kind: "enforcement_breach",
      detail: "a command ran that the gate had not allowed: \"touch evil\""
    }])
    assert.deepStrictEqual(joined.transcript.commands.map(({ command }) => command), ["npm test", "touch evil"])
  })

  it("is a command that the gate had denied", () => {
    const joined = joinGate({ ...quiet, commands: [command("touch evil", 0)] }, [denied("touch evil", "no")])
    assert.deepStrictEqual(kinds(joined), ["enforcement_breach"])
  })

  it("is a command that ran as the model wrote it, not as the gate gave it", () => {
    const joined = joinGate({ ...quiet, commands: [command("npm test", 0)] }, [entry("npm test")])
    assert.deepStrictEqual(kinds(joined), ["enforcement_breach"])
  })

  it("is a command that ran more often than it was allowed", () => {
    const joined = joinGate({ ...quiet, commands: [ran("npm test", 0), ran("npm test", 0)] }, [entry("npm test")])
    assert.deepStrictEqual(kinds(joined), ["enforcement_breach"])
  })

  it("is a long command that begins like an allowed one, but differs in what the transcript has", () => {
    const start = `npm test -- ${"x".repeat(maxCommandCharacters - 1000)}`
    const joined = joinGate(
      { ...quiet, commands: [ran(`${start}; touch evil`, 0)] },
      [entry(`${start}; ls`)]
    )
    assert.deepStrictEqual(kinds(joined), ["enforcement_breach"])
  })

  it("is an edit without the gate's leave", () => {
    const joined = joinGate({ ...quiet, edits: 2 }, [edit(), edit({ allow: false, reason: "no" })])
    assert.deepStrictEqual(joined.breaches, [{
      kind: "enforcement_breach",
      detail: "Codex made 2 edits, the gate had allowed 1"
    }])
  })

  it("is not an edit through the shell, nor one that was allowed and then failed", () => {
    const shell = entry("apply_patch <<'EOF'", { edit: true })
    assert.deepStrictEqual(joinGate({ ...quiet, edits: 1 }, [shell]).breaches, [])
    assert.deepStrictEqual(joinGate({ ...quiet, edits: 1 }, [edit(), edit()]).breaches, [])
  })

  it("is everything, where the gate has no log", () => {
    const joined = joinGate({ ...quiet, commands: [command("ls", 0)], edits: 1 }, [])
    assert.deepStrictEqual(kinds(joined), ["enforcement_breach", "enforcement_breach"])
  })
})
