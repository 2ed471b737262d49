import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { PlanReview, planReviewJsonSchema } from "../../src/domain/PlanReview.ts"
import * as Reply from "../../src/scripted/Reply.ts"
import type { Script } from "../../src/scripted/Script.ts"
import type { Turn } from "../../src/scripted/Turn.ts"
import { writeFiles } from "../support/GitRepo.ts"
import type { Ended, Program } from "./support/program.ts"
import { scene, type SceneOptions } from "./support/scene.ts"
import { addFile, command, task, thenHang } from "./support/script.ts"

const review: PlanReview = {
  report: {
    missing_tasks: ["Nobody writes the migration."],
    dependency_issues: [],
    parallelization_suggestions: ["The two pages can be made at the same time."],
    test_gaps: ["No test sees a failed login."],
    risk_flags: [],
    recommended_task_splits: []
  }
}

const answers = (value: unknown): Reply.Reply => Reply.message(JSON.stringify(value))

const decodeReview = Schema.decodeUnknownSync(Schema.parseJson(PlanReview), { onExcessProperty: "error" })

/** The review of a run that printed nothing else on stdout. */
const reviewOf = ({ code, stderr, stdout }: Ended): PlanReview => {
  assert.strictEqual(code, 0, stderr)
  return decodeReview(stdout)
}

const Asked = Schema.parseJson(Schema.Struct({
  text: Schema.Struct({ format: Schema.Struct({ type: Schema.String, schema: Schema.Unknown }) })
}))

/** Another script for each question, and the turns that they were asked in. */
const inTurn = (...scripts: ReadonlyArray<Script>) => {
  const turns: Array<Turn> = []
  const threads: Array<string> = []
  const script: Script = (turn) => {
    turns.push(turn)
    if (!threads.includes(turn.threadId)) threads.push(turn.threadId)
    const answer = scripts[threads.indexOf(turn.threadId)]
    if (answer === undefined) throw new Error(`a question too many: ${turn.prompt.slice(-200)}`)
    return answer(turn)
  }
  return { script, turns }
}

/** `codex-runner review` of a plan in a file. */
const reviewing = (plan: string, options: SceneOptions, args: ReadonlyArray<string> = ["--json"]) =>
  Effect.gen(function*() {
    const at = yield* scene(options)
    writeFiles(at.repo.home, { "plan.md": plan })
    return { ...at, ended: yield* at.cli(["review", `${at.repo.home}/plan.md`, ...args]) }
  })

describe("codex-runner review", () => {
  for (const model of ["gpt-5.5", "gpt-6-sol"] as const) {
    it.scopedLive(`${model}: the review that the model gave by the schema, of the plan and the context`, () =>
      Effect.gen(function*() {
        const { script, turns } = inTurn(task(command("cat src/base.txt"), answers(review)))
        const { cli, model: served, repo } = yield* scene({ review: script, model })
        repo.write({ "src/base.txt": "not committed\n" })
        writeFiles(repo.home, { "plan.md": "1. Add a login page.", "context.md": "We like small steps." })
        const ended = yield* cli(["review", `${repo.home}/plan.md`, "--context", `${repo.home}/context.md`, "--json"])

        assert.deepStrictEqual(reviewOf(ended), review)
        const [first, second] = turns
        assert.include(first?.prompt ?? "", "<plan>\n1. Add a login page.\n</plan>")
        assert.include(first?.prompt ?? "", "<repo_context>\nWe like small steps.\n</repo_context>")
        assert.include(second?.outputs.join("") ?? "", "one\ntwo\nthree\n", "the base commit, not the checkout")
        const [request] = yield* served.requests
        const { format } = Schema.decodeUnknownSync(Asked)(request?.body).text
        assert.deepStrictEqual(format, { type: "json_schema", schema: planReviewJsonSchema() })
        assert.isFalse(Fs.existsSync(`${repo.root}/.git/worktrees`))
      }))
  }

  it.scopedLive("without --json: the findings under headings, what is empty left out", () =>
    Effect.gen(function*() {
      const { ended } = yield* reviewing("Add a login page.", { review: task(answers(review)) }, [])
      assert.strictEqual(
        ended.stdout,
        `Missing tasks
  - Nobody writes the migration.

What can be done at the same time
  - The two pages can be made at the same time.

Test gaps
  - No test sees a failed login.
`
      )
      assert.notInclude(ended.stderr, "missing_tasks", "the answer is no progress")
    }))

  it.scopedLive("a plan on standard input", () =>
    Effect.gen(function*() {
      const { script, turns } = inTurn(task(answers(review)))
      const { cli } = yield* scene({ review: script })
      assert.deepStrictEqual(reviewOf(yield* cli(["review", "-", "--json"], { stdin: "Read me." })), review)
      assert.include(turns[0]?.prompt ?? "", "<plan>\nRead me.\n</plan>")
    }))

  it.scopedLive("an answer that is not by the schema: the model is told what is wrong, and its second one counts", () =>
    Effect.gen(function*() {
      const { risk_flags: _, ...incomplete } = review.report
      const { script, turns } = inTurn(
        task(answers({ report: { ...incomplete, test_gaps: "none" } })),
        task(answers(review))
      )
      const { ended } = yield* reviewing("Add a login page.", { review: script })
      assert.deepStrictEqual(reviewOf(ended), review)
      const repair = turns[1]?.prompt ?? ""
      assert.include(repair, "<plan>\nAdd a login page.\n</plan>")
      assert.include(repair, "- report.risk_flags: is missing: expected a list\n")
      assert.include(repair, "- report.test_gaps: expected a list, got \"none\"\n")
      assert.include(repair, "\"Nobody writes the migration.\"")
      assert.include(ended.stderr, "asked once more")
    }))

  it.scopedLive("not by the schema twice: an error that says what is wrong, exit 1, no third question", () =>
    Effect.gen(function*() {
      const refuses = task(Reply.message("I'd rather not."))
      const { script, turns } = inTurn(refuses, refuses)
      const { ended: { code, stderr, stdout } } = yield* reviewing("Add a login page.", { review: script })
      assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
      assert.include(stderr, "Codex's answer is not by the schema, and was not after it had been told why")
      assert.include(stderr, "answer: is no JSON text")
      assert.include(stderr, "I'd rather not.")
      assert.notMatch(stderr, /\n +at /, "no stack trace")
      assert.strictEqual(turns.length, 2)
    }))

  for (const model of ["gpt-5.5", "gpt-6-sol"] as const) {
    it.scopedLive(`${model}: what it may not do is denied, and the review comes all the same`, () =>
      Effect.gen(function*() {
        const { script, turns } = inTurn(task(
          addFile("src/mine.txt", "mine"),
          // Configured for tasks, not for a review.
          command("npm test"),
          command("touch src/mine.txt"),
          command("cat src/base.txt"),
          answers(review)
        ))
        const { ended } = yield* reviewing("Add a login page.", {
          review: script,
          model,
          config: { default_allowed_paths: ["**"], disposable_paths: ["src/mine.txt"] },
          files: { "work.mjs": "import { writeFileSync } from 'node:fs'\nwriteFileSync('ran.txt', 'ran')\n" }
        })
        assert.deepStrictEqual(reviewOf(ended), review)
        const told = turns.at(-1)?.outputs ?? []
        assert.include(told[0] ?? "", "This task may change no file.")
        assert.include(told[1] ?? "", "Command not in allowlist: \"npm test\"")
        assert.include(told[2] ?? "", "Command not in allowlist: \"touch src/mine.txt\"")
        assert.include(told[3] ?? "", "one\ntwo\nthree\n")
      }))
  }

  it.scopedLive("Codex itself holds the worktree read-only, whatever the configuration says of tasks", () =>
    Effect.gen(function*() {
      const { script, turns } = inTurn(task(command("cat src/base.txt"), answers(review)))
      yield* reviewing("Add a login page.", { review: script, config: { sandbox_mode: "danger-full-access" } })
      const told = turns[0]?.developerTexts.join("\n") ?? ""
      assert.match(told, /sandbox_mode.{1,4}is.{1,4}read-only/)
    }))

  it.scopedLive("the longest plan and context arrive whole, 4 bytes to a character, the second time as well", () =>
    Effect.gen(function*() {
      const [plan, context] = [`${"😀".repeat(199_999)}p`, `${"🦊".repeat(199_999)}c`]
      const { script, turns } = inTurn(task(Reply.message("no JSON ".repeat(30_000))), task(answers(review)))
      const { cli, repo } = yield* scene({ review: script })
      writeFiles(repo.home, { "plan.md": plan, "context.md": context })
      const ended = yield* cli(["review", `${repo.home}/plan.md`, "--context", `${repo.home}/context.md`, "--json"])
      assert.deepStrictEqual(reviewOf(ended), review)
      assert.strictEqual(turns.length, 2)
      for (const { prompt } of turns) {
        assert.isTrue(prompt.includes(`<plan>\n${plan}\n</plan>`))
        assert.isTrue(prompt.includes(`<repo_context>\n${context}\n</repo_context>`))
      }
    }))

  const refused: ReadonlyArray<readonly [name: string, plan: string, says: string]> = [
    ["an empty plan", "", "plan_text: expected 1 to 200,000 characters, got none"],
    ["white space", " \n", "plan_text: expected 1 to 200,000 characters, got white space alone"],
    ["one character too many", "x".repeat(200_001), "plan_text: expected 1 to 200,000 characters, got 200,001"]
  ]
  for (const [name, plan, says] of refused) {
    it.scopedLive(`${name} is refused with the reason, exit 2, and no model is asked`, () =>
      Effect.gen(function*() {
        const { ended: { code, stderr, stdout }, prompts } = yield* reviewing(plan, { review: task(answers(review)) })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.include(stderr, says)
        assert.deepStrictEqual(yield* prompts, [])
      }))
  }

  it.scopedLive("files that are not there and a bad configuration are told together", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene({ config: { default_concurrency: 0 } })
      const { code, stderr } = yield* cli(["review", "plan.md", "--context", "context.md"])
      assert.strictEqual(code, 2)
      for (
        const name of ["plan.md: there is no such file.", "context.md: there is no such file.", "default_concurrency"]
      ) {
        assert.include(stderr, name)
      }
    }))

  it.scopedLive("a configuration that nobody trusts, no Codex, no repository: exit 3", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ untrusted: true, review: task(answers(review)) })
      const plan = { stdin: "Add a login page." }
      const untrusted = yield* cli(["review", "-"], plan)
      assert.strictEqual(untrusted.code, 3)
      assert.include(untrusted.stderr, "count only in a file that you have trusted")
      const noCodex = yield* cli(["review", "-", "--trust-config"], {
        ...plan,
        env: { CODEX_RUNNER_CODEX_COMMAND: "/nonexistent/codex" }
      })
      assert.strictEqual(noCodex.code, 3, noCodex.stderr)
      const nowhere = yield* cli(["review", "-", "--repo", repo.home], plan)
      assert.strictEqual(nowhere.code, 3)
      assert.include(nowhere.stderr, "repository:")
    }))

  const signals: Readonly<Record<string, (program: Program) => Effect.Effect<void>>> = {
    "Ctrl-C": (program) => program.signalGroup("SIGINT"),
    SIGTERM: (program) => program.signal("SIGTERM")
  }
  for (const [name, send] of Object.entries(signals)) {
    it.scopedLive(`${name} in the middle of it: exit 130, and nothing is left`, () =>
      Effect.gen(function*() {
        const hanging = thenHang(command("cat src/base.txt"))
        const { cli } = yield* scene({ review: hanging.script })
        const { code, stdout } = yield* cli(["review", "-", "--json"], {
          stdin: "Add a login page.",
          meanwhile: (program) => Effect.zipRight(hanging.reached, send(program))
        })
        assert.deepStrictEqual({ code, stdout }, { code: 130, stdout: "" })
      }))
  }
})
