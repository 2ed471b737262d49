import { assert, describe, it } from "@effect/vitest"
import { maxNotesCharacters, notesForManager } from "../../src/audit/notes.ts"
import { command, facts, transcript } from "./support.ts"

const quiet = "Nothing in the record speaks against this patch. Review it as you would any other."

describe("notesForManager", () => {
  it("has no reservation about a task that went well", () => {
    assert.strictEqual(notesForManager(facts()), quiet)
  })

  it.each<[string, Parameters<typeof facts>[0], ReadonlyArray<string>]>([
    [
      "a check that failed at its last run",
      { transcript: transcript({ commands: [command("npm test", 0), command("npm test", 2)] }) },
      ["The last run of `npm test` failed (exit 2), yet Codex ended its turn.", "No check that Codex ran passed"]
    ],
    [
      "no check at all",
      { transcript: transcript({ commands: [command("ls && cat a", 0), command("git diff", 0)] }) },
      ["Codex ran no command that would check its work"]
    ],
    [
      "edits after the last check",
      { transcript: transcript({ edits: 3, commands: [command("npm test", 0, { editsBefore: 1 })] }) },
      ["Codex edited files (2 edits) after the last check that passed."]
    ],
    [
      "a command that was still running",
      { transcript: transcript({ commands: [command("npm test", 0), command("npm start", null, { ended: false })] }) },
      ["`npm start` had not ended when Codex did"]
    ],
    ["no change", { files: [] }, ["No file was changed: there is no patch."]],
    [
      "rejected work",
      {
        status: "failed",
        violations: [{ kind: "path", detail: "Path not in allowed patterns: \"x\"" }],
        error: { kind: "policy", message: "out of bounds" }
      },
      ["The work was rejected (1 violation)", "Violation (path): Path not in allowed patterns: \"x\""]
    ],
    [
      "a failure",
      { status: "failed", error: { kind: "quota", message: "Quota exceeded." } },
      ["The task failed (quota). Quota exceeded.", "(1 file) is kept for you to look at; it is unfinished work."]
    ],
    [
      "a timeout",
      { status: "timeout", error: { kind: "timeout", message: "Task timeout exceeded (300s)" }, files: [] },
      ["The task ran out of time. Task timeout exceeded (300s) It had changed no file."]
    ],
    ["a cancelled task", { status: "cancelled" }, ["The task was cancelled while it ran."]],
    ["a task never started", { status: "skipped", enforcement: "none", files: [] }, ["The task was never started."]],
    [
      "what was denied",
      { denied: [{ tool: "Bash", what: "curl x", reason: "Command not in allowlist: \"curl x\"" }] },
      ["1 call that Codex tried was denied before anything ran.", "Denied (Bash): curl x: Command not in allowlist"]
    ],
    ["weak enforcement", { enforcement: "post-execution" }, ["Nothing was stopped before it ran"]],
    ["no enforcement", { enforcement: "none" }, ["The policy was not enforced in this task"]],
    ["the runner's own warnings", { warnings: ["Capture is incomplete: 2 files were too large."] }, ["- Capture is"]],
    [
      "an unfinished plan",
      {
        transcript: transcript({
          commands: [command("npm test", 0)],
          todos: [{ text: "one", completed: true }, { text: "two", completed: false }]
        })
      },
      ["Codex left 1 of the 2 steps of its own plan open: two."]
    ],
    [
      "Codex's warnings",
      { transcript: transcript({ commands: [command("npm test", 0)], warnings: ["Model metadata not found."] }) },
      ["Codex warned: Model metadata not found."]
    ],
    [
      "lines that could not be read",
      {
        transcript: transcript({
          commands: [command("npm test", 0)],
          unknown: { count: 3, tooLong: 1, lines: [] }
        })
      },
      ["3 lines of Codex's output could not be read (1 too long)"]
    ]
  ])("tells of %s", (_, more, expected) => {
    const notes = notesForManager(facts(more))
    for (const note of expected) assert.include(notes, note)
    assert.isTrue(notes.startsWith("- "))
  })

  it.each<[string, Parameters<typeof facts>[0]]>([
    [
      "a search that found nothing",
      { transcript: transcript({ commands: [command("grep -r x .", 1), command("npm test", 0)] }) }
    ],
    [
      "a check that failed, then passed",
      { transcript: transcript({ commands: [command("npm test", 1), command("npm test", 0)] }) }
    ],
    [
      "a connection that came back",
      {
        transcript: transcript({
          commands: [command("npm test", 0)],
          warnings: ["Reconnecting... 1/5 (stream disconnected)"]
        })
      }
    ]
  ])("says nothing of %s", (_, more) => {
    assert.strictEqual(notesForManager(facts(more)), quiet)
  })

  it("tells why a turn failed once", () => {
    const notes = notesForManager(facts({
      status: "failed",
      error: { kind: "quota", message: "Quota exceeded." },
      transcript: transcript({
        warnings: ["Quota exceeded."],
        final: { _tag: "TurnFailed", message: "Quota exceeded." },
        commands: [command("npm test", 0)]
      })
    }))
    assert.lengthOf(notes.split("Quota exceeded."), 2)
  })

  it("tells the gravest first", () => {
    const notes = notesForManager(facts({
      status: "failed",
      violations: [{ kind: "path", detail: "x" }],
      denied: [{ tool: "Bash", what: "y", reason: "z" }],
      transcript: transcript({ commands: [command("npm test", 1)] })
    }))
    assert.isBelow(notes.indexOf("rejected"), notes.indexOf("npm test"))
    assert.isBelow(notes.indexOf("npm test"), notes.indexOf("denied"))
  })

  it("tells a few of many, and counts the others", () => {
    const violations = Array.from({ length: 30 }, (_, n) => ({ kind: "path" as const, detail: `file ${n}` }))
    const notes = notesForManager(facts({ status: "failed", violations }))
    assert.include(notes, "The work was rejected (30 violations)")
    assert.include(notes, "… and 25 more of these: see violations.")
    assert.notInclude(notes, "file 5")
  })

  it("is bounded, whatever there is to tell", () => {
    const long = "x".repeat(10_000)
    const notes = notesForManager(facts({
      status: "failed",
      error: { kind: "internal", message: long },
      denied: Array.from({ length: 100 }, () => ({ tool: long, what: long, reason: long })),
      warnings: Array.from({ length: 100 }, () => long),
      transcript: transcript({
        warnings: Array.from({ length: 50 }, (_, n) => `${n} ${long}`),
        todos: Array.from({ length: 100 }, () => ({ text: long, completed: false })),
        commands: Array.from({ length: 100 }, (_, n) => command(`${n} ${long}`, 1))
      })
    }))
    assert.isBelow(notes.length, maxNotesCharacters + 120)
    assert.include(notes, "the whole record is under log_dir")
  })
})
