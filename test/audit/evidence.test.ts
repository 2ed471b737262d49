import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { evidence, maxEvidenceCharacters, maxSummaryCharacters, summary } from "../../src/audit/evidence.ts"
import { command, facts, transcript } from "./support.ts"

describe("evidence", () => {
  it("reads as a report", () => {
    const report = evidence(facts({
      transcript: transcript({
        commands: [
          command("npm run lint", 1, { output: "src/a.ts: no good\n1 error\n" }),
          command("npm test", 0, { output: "3 passing\n" }),
          command("sleep 99", null, { ended: false })
        ]
      }),
      files: [
        { path: "src/a.ts", status: "M", added: 10, deleted: 2 },
        { path: "logo.png", status: "A", added: null, deleted: null }
      ]
    }))
    assert.strictEqual(
      report,
      `Commands (1 passed, 1 failed, the rest without an exit code):
  FAILED npm run lint (exit 1)
         | src/a.ts: no good
         | 1 error
  ok     npm test (exit 0)
         | 3 passing
  ?      sleep 99 (had not ended)

Files changed (2, +10 -2 lines):
  M src/a.ts +10 -2
  A logo.png (binary)

Codex's closing words:
  All done.`
    )
  })

  it("says so where there is nothing to show", () => {
    assert.strictEqual(
      evidence(facts({ transcript: transcript({ messages: [] }), files: [] })),
      "Commands: none ran.\n\nFiles changed: none.\n\nCodex said nothing at the end."
    )
  })

  it("of a long output, shows the end and says where the rest is", () => {
    const output = Array.from({ length: 100 }, (_, n) => `line ${n}`).join("\n")
    const report = evidence(facts({
      transcript: transcript({ commands: [command("npm test", 1, { output, outputDropped: 5_000 })] })
    }))
    assert.include(report, "line 99")
    assert.notInclude(report, "line 79")
    assert.match(report, /\[… 5\d{3} characters before this: .* log_dir\]/)
  })

  it("of many commands and files, shows the newest and counts the others", () => {
    const report = evidence(facts({
      transcript: transcript({
        commands: Array.from({ length: 100 }, (_, n) => command(`run ${n}`, 0)),
        commandsDropped: 7
      }),
      files: Array.from({ length: 60 }, (_, n) => ({ path: `f${n}`, status: "A" as const, added: 1, deleted: 0 }))
    }))
    assert.include(report, "[… 67 earlier commands: see commands_run]")
    assert.include(report, "run 99")
    assert.notInclude(report, "run 59 ")
    assert.include(report, "[… 10 more files: see files_changed]")
    assert.include(report, "Files changed (60, +60 -0 lines)")
  })

  it("where outputs are too long together, the newest stay", () => {
    const output = "x".repeat(3_000)
    const commands = Array.from({ length: 20 }, (_, n) => command(`run ${n}`, 1, { output }))
    const report = evidence(facts({ transcript: transcript({ commands }) }))
    assert.include(report, "FAILED run 19 (exit 1)")
    assert.notInclude(report, "run 10 ")
    assert.match(report, /^Commands .*:\n\[… \d+ characters before this: .* log_dir\]\n/)
  })

  it("holds nothing that a terminal obeys", () => {
    const report = evidence(facts({
      transcript: transcript({
        commands: [command("printf '\u001b[2J'", 0, { output: "\u001b[31mred\u001b[0m\u0007" })],
        messages: ["\u001b]0;title\u0007bye"]
      }),
      files: [{ path: "a\u001b[2Jb\nFiles", status: "A", added: 1, deleted: 0 }]
    }))
    assert.notInclude(report, "\u001b")
    assert.include(report, "| red")
    assert.include(report, "  A ab Files +1 -0")
  })

  it("is bounded, and its last words are never cut for the first ones", () => {
    const long = fc.constantFrom("x".repeat(4_000), "y\n".repeat(2_000), "é".repeat(300), "short")
    fc.assert(
      fc.property(
        fc.array(fc.tuple(long, fc.constantFrom(0, 1, null), long), { maxLength: 60 }),
        fc.array(long, { maxLength: 60 }),
        (commands, paths) => {
          const report = evidence(facts({
            transcript: transcript({
              commands: commands.map(([text, code, output]) => command(text, code, { output })),
              messages: ["The closing words."]
            }),
            files: paths.map((path) => ({ path, status: "A" as const, added: 1, deleted: 1 }))
          }))
          assert.isAtMost(report.length, maxEvidenceCharacters)
          assert.isTrue(report.endsWith("The closing words."))
        }
      ),
      { numRuns: 50 }
    )
  })
})

describe("summary", () => {
  it("is Codex's last message", () => {
    assert.strictEqual(summary(transcript({ messages: ["first", "\u001b[1mlast\u001b[0m\n"] })), "last")
    assert.strictEqual(summary(transcript({ messages: [] })), "")
  })

  it("says where the rest of a long one is", () => {
    const text = summary(transcript({ messages: ["x".repeat(50_000)] }))
    assert.isBelow(text.length, maxSummaryCharacters + 120)
    assert.match(text, /\[… 46000 more characters: .* log_dir\]$/)
  })
})
