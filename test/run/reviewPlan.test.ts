import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { CodexJob, CodexOutput } from "../../src/codex/Codex.ts"
import type { PlanReview } from "../../src/domain/PlanReview.ts"
import { ProcessFailed } from "../../src/process/failures.ts"
import { maxShownAnswer } from "../../src/run/reviewPrompt.ts"
import { turn } from "../../src/testing.ts"
import { WorktreeFailed } from "../../src/worktree/Worktrees.ts"
import { ends, hangsAfter, type InMemory, nothingSeen, reviewInMemory, says, turnCompleted } from "./inMemory.ts"

const reviewWith = (finding: string): PlanReview => ({
  report: {
    missing_tasks: [finding],
    dependency_issues: [],
    parallelization_suggestions: [],
    test_gaps: [],
    risk_flags: [],
    recommended_task_splits: []
  }
})

const request = { plan_text: "Add a login page.", repo_context: "Small steps." }

/** Another answer to each question; what was asked is in `jobs`. */
const answering = (...answers: ReadonlyArray<ReadonlyArray<CodexOutput>>) => {
  const jobs: Array<CodexJob> = []
  const script: InMemory["script"] = (job) => {
    const answer = answers[jobs.push(job) - 1]
    if (answer === undefined) throw new Error("a question too many")
    return Stream.fromIterable(answer)
  }
  return { jobs, script }
}

const good = turn(JSON.stringify(reviewWith("Nobody writes the migration.")))

const failureOf = (options: Omit<InMemory, "tasks">, seen = nothingSeen()) =>
  Effect.map(Effect.flip(reviewInMemory(request, options, seen)), ({ error }) => {
    assert.strictEqual(seen.worktrees.size, 0)
    return error
  })

describe("a plan's review", () => {
  it.effect("is asked of a task that may change and run nothing, with a schema for its answer", () =>
    Effect.gen(function*() {
      const { jobs, script } = answering(good)
      const seen = nothingSeen()
      const config = { allowed_commands: ["npm test"], disposable_paths: ["cache/**"], protected_paths: ["secret/**"] }
      const review = yield* reviewInMemory(request, { script, config }, seen)
      assert.deepStrictEqual(review, reviewWith("Nobody writes the migration."))
      const [job] = jobs
      assert.deepInclude(job?.task, {
        allowedCommands: [],
        allowedPaths: [],
        disposablePaths: [],
        protectedPaths: ["secret/**"]
      })
      const prompt = job?.task.prompt ?? ""
      assert.include(prompt, "<plan>\nAdd a login page.\n</plan>")
      assert.include(prompt, "<repo_context>\nSmall steps.\n</repo_context>")
      assert.match(job?.answerSchema ?? "", /\/reviews\/the-review\/answer\.schema\.json$/)
      assert.deepStrictEqual(
        seen.events.flatMap((event) => event._tag === "TaskStageEntered" ? [event.stage] : []),
        ["worktree", "codex"]
      )
      assert.strictEqual(seen.worktrees.size, 0)
      assert.strictEqual(seen.runs.length + seen.records.size, 0, "it is no run")
    }))

  it.effect("takes the last message for the answer", () =>
    Effect.gen(function*() {
      const { script } = answering([says(JSON.stringify(reviewWith("a draft"))), ...good])
      assert.deepStrictEqual(
        yield* reviewInMemory(request, { script }),
        reviewWith("Nobody writes the migration.")
      )
    }))

  it.effect("asks once more, with what was wrong and the answer, where it is not by the schema", () =>
    Effect.gen(function*() {
      const { jobs, script } = answering(turn(`{"report":"none","more":"${"x".repeat(2 * maxShownAnswer)}"}`), good)
      const seen = nothingSeen()
      const review = yield* reviewInMemory(request, { script }, seen)
      assert.deepStrictEqual(review, reviewWith("Nobody writes the migration."))
      const [first, second] = jobs.map(({ task }) => task.prompt)
      assert.isTrue(second?.startsWith(`${first}\n`))
      assert.include(second, "\n- report: expected an object, got \"none\"\n")
      assert.include(second, "<answer>\n{\"report\":\"none\"")
      assert.isBelow(second?.length ?? 0, (first?.length ?? 0) + maxShownAnswer + 2_000)
      assert.notStrictEqual(jobs[0]?.logFolder, jobs[1]?.logFolder)
      const notes = seen.events.flatMap((event) => event._tag === "TaskNote" ? [event.message] : [])
      assert.strictEqual(notes.length, 1)
      assert.include(notes[0], "asked once more")
    }))

  it.effect("fails with what is wrong where the second answer is no better", () =>
    Effect.gen(function*() {
      const { jobs, script } = answering(turn("No."), turn("{\"report\":{}}"))
      const error = yield* failureOf({ script })
      assert.strictEqual(error.kind, "model")
      assert.include(error.message, "report.missing_tasks: is missing: expected a list")
      assert.include(error.message, "and 3 more")
      assert.include(error.message, "{\\\"report\\\":{}}")
      assert.strictEqual(jobs.length, 2)
    }))

  it.effect("fails where Codex says nothing twice", () =>
    Effect.gen(function*() {
      const silence = [turnCompleted, ends()]
      const error = yield* failureOf({ script: answering(silence, silence).script })
      assert.strictEqual(error.kind, "model")
    }))

  it.effect("fails with Codex's own reason, without a second question", () =>
    Effect.gen(function*() {
      const quota: CodexOutput = {
        _tag: "Event",
        event: { type: "turn.failed", error: { message: "Quota exceeded. Check your plan." } }
      }
      const { jobs, script } = answering([says(JSON.stringify(reviewWith("half"))), quota, ends(1)])
      const error = yield* failureOf({ script })
      assert.strictEqual(error.kind, "quota")
      assert.include(error.message, "Quota exceeded")
      assert.strictEqual(jobs.length, 1)
    }))

  it.effect("does not take the first answer's good end for the second's", () =>
    Effect.gen(function*() {
      const error = yield* failureOf({ script: answering(turn("No."), [ends(null)]).script })
      assert.strictEqual(error.kind, "codex_crashed")
      assert.include(error.message, "SIGKILL")
    }))

  it.effect("masks secrets in what is found, the text around them whole", () =>
    Effect.gen(function*() {
      const key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
      const script = answering(turn(JSON.stringify(reviewWith(`"MY_TOKEN=hunter2hunter2" and ${key}`)))).script
      const { report } = yield* reviewInMemory(request, { script, env: { MY_TOKEN: "hunter2hunter2" } })
      assert.notInclude(JSON.stringify(report), "hunter2hunter2")
      assert.notInclude(JSON.stringify(report), key)
      assert.match(report.missing_tasks[0] ?? "", / and \[redacted:/)
    }))

  it.effect("masks secrets in its failure, before anything is cut", () =>
    Effect.gen(function*() {
      const refuses = turn(`Your token is hunter2hunter2.${" ".repeat(162)}hunter2hunter2`)
      const error = yield* failureOf({
        script: answering(refuses, refuses).script,
        env: { MY_TOKEN: "hunter2hunter2" }
      })
      assert.include(error.message, "Your token is [redacted")
      assert.notInclude(error.message, "hunter2")
    }))

  it.effect("has one time limit, for both questions, from Codex's start", () =>
    Effect.gen(function*() {
      let asked = 0
      const script: InMemory["script"] = () =>
        asked++ === 0
          ? Stream.fromIterableEffect(Effect.delay(Effect.succeed(turn("No.")), "200 seconds"))
          : Stream.never
      const seen = nothingSeen()
      const fiber = yield* Effect.fork(failureOf({ script, config: { default_timeout_sec: 300 } }, seen))
      yield* TestClock.adjust("299999 millis")
      assert.strictEqual(asked, 2)
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.kind, "timeout")
      assert.include(error.message, "Review timeout exceeded (300s)")
    }))

  it.effect("ends once Codex was silent for the idle limit", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(failureOf({ script: hangsAfter(says("one")), config: { idle_timeout_sec: 60 } }))
      yield* TestClock.adjust("60 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.kind, "idle_timeout")
    }))

  it.effect("goes when it is interrupted, its worktree with it", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const fiber = yield* Effect.fork(reviewInMemory(request, { script: hangsAfter(says("one")) }, seen))
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(seen.worktrees.size, 1)
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.strictEqual(seen.worktrees.size, 0)
    }))

  it.effect("tells which stage failed it", () =>
    Effect.gen(function*() {
      const { script } = answering(good)
      const worktree = yield* failureOf({
        script,
        acquire: () => Effect.fail(new WorktreeFailed({ path: "/w", reason: "no room" }))
      })
      assert.strictEqual(worktree.kind, "worktree")
      assert.include(worktree.message, "no room")
      const codex = yield* failureOf({
        script: () => Stream.fail(new ProcessFailed({ command: "codex", reason: "broken pipe" }))
      })
      assert.strictEqual(codex.kind, "codex_crashed")
    }))

  it.effect("is not harmed by a reader that fails", () =>
    Effect.gen(function*() {
      const { script } = answering(good)
      const review = yield* reviewInMemory(request, { script, watch: () => Effect.die("a bug") })
      assert.deepStrictEqual(review, reviewWith("Nobody writes the migration."))
    }))
})
