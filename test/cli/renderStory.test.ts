import { assert, describe, it } from "@effect/vitest"
import { renderStory } from "../../src/cli/renderStory.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"
import type { StoryEntry, TaskStory } from "../../src/domain/TaskStory.ts"
import { task } from "../support/results.ts"
import { plain } from "./results.ts"

const entry = (kind: StoryEntry["kind"], text: string, more: Partial<StoryEntry> = {}): StoryEntry => ({
  at: null,
  kind,
  text,
  exit_code: null,
  reason: null,
  ...more
})

const story = (more: Partial<TaskStory> = {}): TaskStory => ({
  run_id: RunId.make("r"),
  task_id: TaskId.make("t"),
  state: "codex",
  prompt: "Do it.\nWell.",
  timeline: [],
  result: null,
  log_dir: "/state/t",
  ...more
})

describe("a task's story", () => {
  it("of one at work: what is known so far", () => {
    assert.strictEqual(
      renderStory(plain, story({ timeline: [entry("command", "ls")] })),
      [
        "t of run r: codex",
        "",
        "Prompt",
        "  Do it.",
        "  Well.",
        "",
        "Timeline",
        "            $ ls",
        "",
        "Where",
        "  logs      /state/t"
      ].join("\n")
    )
  })

  it("wraps prose at a terminal and keeps its indents; commands are left whole", () => {
    const long = "words ".repeat(20).trim()
    const lines = renderStory(
      plain,
      story({
        prompt: `${long}\n    indented`,
        timeline: [entry("denied", "rm", { reason: long }), entry("command", `echo ${long}`)]
      }),
      60
    ).split("\n")
    assert.deepStrictEqual(lines.filter((line) => line.length > 60), [`            $ echo ${long}`])
    assert.include(lines, "      indented")
    assert.strictEqual(lines.filter((line) => line.startsWith("              words")).length, 2)
  })

  it("of one that is over: denials, violations, notes, evidence, usage, places", () => {
    const result = task("t", {
      status: "failed",
      error: { kind: "policy", message: "out of bounds\u001b[2J" },
      denied: [{ tool: "shell", what: "rm -rf /", reason: "not allowed" }],
      violations: [{ kind: "path", detail: "docs/x" }],
      notes_for_manager: "- Look at it.",
      evidence: "in /state/w/src/a.ts",
      workspace_path: "/state/w",
      usage: { input_tokens: 3, cached_input_tokens: 1, output_tokens: 2, reasoning_output_tokens: 1 },
      ref: "refs/codex-runner/r/t"
    })
    const text = renderStory(
      plain,
      story({
        state: "failed",
        result,
        timeline: [
          entry("denied", "rm -rf /", { reason: "not allowed" }),
          entry("command", "npm test", { exit_code: 1 }),
          entry("edit", "add a\u0007"),
          entry("end", "failed", { reason: "out of bounds" })
        ]
      })
    )
    assert.match(text, /^t of run r: failed in 1\.2 s\n {2}out of bounds\n/)
    for (
      const part of [
        "denied rm -rf /: not allowed\n",
        "$ npm test (exit 1)\n",
        "edit add a\n",
        "failed: out of bounds\n",
        "\nDenied\n  rm -rf /\n    not allowed\n",
        "\nViolations\n  path: docs/x\n",
        "\nNotes\n  - Look at it.\n",
        "\nEvidence\n  in src/a.ts\n",
        "\nUsage\n  3 tokens in (1 cached), 2 out (1 of these for reasoning)\n",
        "  ref       refs/codex-runner/r/t\n"
      ]
    ) assert.include(`${text}\n`, part)
  })

  it("a long one from its end, and said so", () => {
    const text = renderStory(
      plain,
      story({ timeline: Array.from({ length: 203 }, (_, at) => entry("note", `n${at}`)) })
    )
    assert.include(text, "\n  … 3 earlier entries\n")
    assert.notInclude(text, "n2\n")
    assert.include(text, "n202\n")
  })
})
