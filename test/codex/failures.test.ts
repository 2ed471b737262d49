import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { empty, step, type Transcript } from "../../src/audit/Transcript.ts"
import { classify, judgeEnd } from "../../src/codex/failures.ts"
import { parseEvent } from "../../src/codex/jsonl.ts"
import type { ErrorKind } from "../../src/domain/Result.ts"

const folder = new URL("../fixtures/codex-exec/", import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8")

const transcriptOf = (name: string): Transcript =>
  read(`${name}.jsonl`).split("\n").filter((line) => line !== "").map(parseEvent).reduce(step, empty)

/** The recording's note of the exit, as a shell saw it. */
const exitCodeOf = (name: string): number => {
  if (name === "notloggedin") return 0
  return Number(/^rc=(\d+)/.exec(read(`${name}.rc`))?.[1])
}

const judge = (name: string) =>
  judgeEnd({
    transcript: transcriptOf(name),
    exit: { code: exitCodeOf(name), signal: null },
    stderrTail: read(`${name}.stderr`)
  })

const verdicts: Record<string, ErrorKind | "success"> = {
  "badc": "model",
  "cmd-fail": "success",
  "codemode": "success",
  "cut": "network",
  "cutafter": "success",
  "cutmid": "network",
  "declined": "success",
  "denied": "success",
  "denied2": "success",
  "dfa-INT": "codex_crashed",
  "dfa-KILL": "codex_crashed",
  "dfa-TERM": "codex_crashed",
  "e400model": "model",
  "e401": "auth",
  "e404model": "model",
  "e429": "rate_limit",
  "e500": "network",
  "e500once": "success",
  "incomplete": "model",
  "mcp": "success",
  "notloggedin": "success",
  "quota": "quota",
  "rctx": "context_window",
  "rfailed": "network",
  "success": "success",
  "usage_limit": "quota",
  "websearch": "success"
}

describe("judgeEnd", () => {
  it("has a verdict for every recording of the real Codex", () => {
    const recorded = readdirSync(folder).filter((name) => name.endsWith(".jsonl")).map((name) => name.slice(0, -6))
    assert.deepStrictEqual(Object.keys(verdicts).sort(), recorded.sort())
  })

  it.each(Object.entries(verdicts))("%s: %s", (name, verdict) => {
    const judged = judge(name)
    assert.strictEqual(judged.ok ? "success" : judged.error.kind, verdict)
  })

  const messageOf = (name: string): string => {
    const judged = judge(name)
    return judged.ok ? "" : judged.error.message
  }

  it("tells what to do where authentication failed, and what Codex said", () => {
    const message = messageOf("e401")
    assert.isTrue(
      message.startsWith(
        "No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'."
      )
    )
    assert.include(message, "unexpected status 401 Unauthorized")
  })

  it("repeats the provider's own words", () => {
    assert.include(messageOf("usage_limit"), "try again at May 18th, 2033 3:33 AM")
    assert.include(messageOf("e404model"), "`bad-model` does not exist")
    assert.include(messageOf("badc"), "Model provider `nope` not found")
    assert.notInclude(messageOf("badc"), "<unknown>")
  })

  it("a death by signal is named, with the last line of stderr", () => {
    const judged = judgeEnd({
      transcript: transcriptOf("dfa-KILL"),
      exit: { code: null, signal: "SIGKILL" },
      stderrTail: "Reading additional input from stdin...\nlast words\n"
    })
    assert.deepInclude(judged, { ok: false })
    if (judged.ok) return
    assert.include(judged.error.message, "SIGKILL")
    assert.include(judged.error.message, "last words")
  })

  it("an exit without the end of a turn is a crash, even with code 0", () => {
    const judged = judgeEnd({
      transcript: transcriptOf("dfa-INT"),
      exit: { code: 0, signal: null },
      stderrTail: ""
    })
    assert.strictEqual(judged.ok ? "success" : judged.error.kind, "codex_crashed")
  })

  it("a completed turn counts, though Codex had to be killed afterwards", () => {
    const judged = judgeEnd({
      transcript: transcriptOf("success"),
      exit: { code: null, signal: "SIGKILL" },
      stderrTail: ""
    })
    assert.deepStrictEqual(judged, { ok: true })
  })

  it("a tool call that went wrong is not taken for a failure of Codex", () => {
    const judged = judgeEnd({
      transcript: empty,
      exit: { code: 1, signal: null },
      stderrTail: "Error: unknown variant `x`\n" +
        "2026-01-01T00:00:00Z ERROR codex_core::tools::router: error=Failed to read /repo/context window.txt\n"
    })
    assert.strictEqual(judged.ok ? "success" : judged.error.kind, "codex_crashed")
    assert.include(judged.ok ? "" : judged.error.message, "unknown variant `x`")
  })

  it("a backtrace, chatter and tool calls are not the last words", () => {
    const judged = judgeEnd({
      transcript: empty,
      exit: { code: 1, signal: null },
      stderrTail: "Reading additional input from stdin...\nthe last words\n" +
        "2026-01-01T00:00:00Z ERROR codex_core::tools::router: error=No space left on device\n" +
        "\nStack backtrace:\n   0: <unknown>\n             at ./main.rs:1\n"
    })
    assert.deepStrictEqual(judged, {
      ok: false,
      error: {
        kind: "codex_crashed",
        message: "Codex could not start (exit code 1). The last line of its stderr: the last words"
      }
    })
  })

  it("a panic is told from its own line", () => {
    const judged = judgeEnd({
      transcript: empty,
      exit: { code: 101, signal: null },
      stderrTail: "thread 'main' panicked at core/src/lib.rs:1:1:\nnote: run with RUST_BACKTRACE=1\n"
    })
    assert.include(judged.ok ? "" : judged.error.message, "panicked at core/src/lib.rs")
  })

  it("bounds what it repeats", () => {
    const judged = judgeEnd({
      transcript: { ...empty, threadId: "t", final: { _tag: "TurnFailed", message: "x".repeat(100_000) } },
      exit: { code: 1, signal: null },
      stderrTail: ""
    })
    assert.isBelow(judged.ok ? 0 : judged.error.message.length, 1_500)
    assert.include(judged.ok ? "" : judged.error.message, "in the task's log")
  })
})

describe("classify", () => {
  it.each<[string, ErrorKind | undefined]>([
    ["Missing environment variable: `OPENAI_API_KEY`.", "auth"],
    ["Your access token could not be refreshed because your refresh token has expired.", "auth"],
    ["unexpected status 403 Forbidden: no, url: https://example.invalid", "auth"],
    ["Disk quota exceeded (os error 122)", "disk"],
    ["No space left on device (os error 28)", "disk"],
    ["Error: spawn codex ENOENT", "codex_missing"],
    ["Your workspace is out of credits. Add credits to continue.", "quota"],
    ["Selected model is at capacity. Please try a different model.", "model"],
    ["bwrap: No permissions to create a new namespace", "sandbox"],
    ["unexpected status 503 Service Unavailable: , url: https://example.invalid", "network"],
    ["unknown variant `x`, expected one of", undefined]
  ])("%s", (text, kind) => {
    assert.strictEqual(classify(text), kind)
  })
})
