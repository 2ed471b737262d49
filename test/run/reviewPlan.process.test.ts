/** A plan's review over real git, a real state folder, and a Codex that is a shell script. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Fs from "node:fs"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { type PlanReview, planReviewJsonSchema, type PlanReviewRequest } from "../../src/domain/PlanReview.ts"
import { type FakeCodex, fakeCodex, prints } from "../codex/fakeCodex.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import {
  appears,
  leftovers,
  lives,
  type PipelineOptions,
  refsOf,
  shippedRunner,
  stateOf,
  unlessOver,
  worktreesOf
} from "./pipeline.ts"

const review: PlanReview = {
  report: {
    missing_tasks: ["it's missing"],
    dependency_issues: [],
    parallelization_suggestions: [],
    test_gaps: [],
    risk_flags: [],
    recommended_task_splits: []
  }
}

const says = (text: string, ...before: ReadonlyArray<object>): string =>
  prints(
    { type: "thread.started", thread_id: "thread" },
    { type: "turn.started" },
    ...before,
    { type: "item.completed", item: { id: "item_9", type: "agent_message", text } },
    { type: "turn.completed", usage: null }
  )

const answers = (...before: ReadonlyArray<object>) => says(JSON.stringify(review), ...before)

interface Options extends PipelineOptions {
  readonly fake?: FakeCodex
  readonly request?: PlanReviewRequest
}

const reviewWith = (repo: GitRepo, exec: string, options: Options = {}) => {
  const codex_command = fakeCodex(`${repo.home}/bin`, { exec, ...options.fake })
  const env = { ...repo.env, CODEX_API_KEY: "the-key", ...options.env }
  return Effect.flatMap(CodexRunner, (runner) => runner.reviewPlan(options.request ?? { plan_text: "Do it." })).pipe(
    Effect.provide(shippedRunner(repo, { config: { codex_command, ...options.config }, env }))
  )
}

const note = (repo: GitRepo, name: string): string => Fs.readFileSync(`${repo.home}/${name}`, "utf8")

/** Nothing of a review is in the repository or the state folder. */
const assertGone = (repo: GitRepo) => {
  assert.deepStrictEqual(worktreesOf(repo), [repo.root])
  assert.deepStrictEqual(refsOf(repo), [])
  assert.isFalse(Fs.existsSync(`${repo.root}/.git/worktrees`))
  assert.deepStrictEqual(leftovers(repo), [])
  assert.isFalse(Fs.existsSync(`${stateOf(repo)}/reviews`))
  assert.isFalse(Fs.existsSync(`${stateOf(repo)}/runs`))
  assert.strictEqual(repo.git("status", "--porcelain"), "")
}

describe("a review's Codex", () => {
  it.scopedLive("has a read-only sandbox, no session, the schema, and the plan on a closed standard input", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const plan = `${"ü".repeat(99_999)}!`
      const exec = `printf '%s\\n' "$@" > '${repo.home}/args'; cat > '${repo.home}/stdin'
echo "$CODEX_HOME" > '${repo.home}/codex-home'
while [ $# -gt 0 ]; do [ "$1" = --output-schema ] && cat "$2" > '${repo.home}/schema'; shift; done
${answers()}`
      const given = yield* reviewWith(repo, exec, {
        request: { plan_text: plan },
        config: { codex_ephemeral: false, sandbox_mode: "danger-full-access", codex_model: "gpt-5.5" }
      })
      assert.deepStrictEqual(given, review)
      const args = note(repo, "args").split("\n")
      assert.strictEqual(args[args.indexOf("-s") + 1], "read-only")
      assert.include(args, "--ephemeral")
      assert.strictEqual(args[args.indexOf("-m") + 1], "gpt-5.5")
      assert.strictEqual(args.at(-2), "-")
      assert.isTrue(note(repo, "stdin").includes(`<plan>\n${plan}\n</plan>`))
      assert.deepStrictEqual(JSON.parse(note(repo, "schema")), planReviewJsonSchema())
      assert.match(note(repo, "codex-home"), RegExp(`^${stateOf(repo)}/reviews/[^/]+/codex-home\n$`))
      assertGone(repo)
    }))

  it.scopedLive("works in a clean checkout of HEAD, not in the user's", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "committed\n", ".gitignore": "*.log\n" } })
      repo.write({ "a.txt": "changed\n", "new.txt": "new\n", "x.log": "ignored\n" })
      yield* reviewWith(
        repo,
        `pwd > '${repo.home}/pwd'; ls > '${repo.home}/ls'; cat a.txt > '${repo.home}/a'; ${answers()}`
      )
      assert.isTrue(note(repo, "pwd").startsWith(`${stateOf(repo)}/worktrees/`))
      assert.strictEqual(note(repo, "ls"), "a.txt\n")
      assert.strictEqual(note(repo, "a"), "committed\n")
      assert.strictEqual(repo.read("a.txt"), "changed\n")
    }))

  it.scopedLive("is started a second time with what was wrong, by its own folder of logs", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const exec = `for last; do :; done
if [ -e '${repo.home}/once' ]; then printf %s "$last" > '${repo.home}/last'; ${answers()}; else
touch '${repo.home}/once'; ${says("{}")}; fi`
      assert.deepStrictEqual(yield* reviewWith(repo, exec), review)
      assert.include(note(repo, "last"), "- report: is missing: expected an object")
      assertGone(repo)
    }))
})

describe("a review that fails", () => {
  it.scopedLive("by a Codex that crashes: says so, and leaves nothing", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { error } = yield* Effect.flip(reviewWith(repo, "echo 'Error: it broke' >&2; exit 1")).pipe(
        Effect.filterOrDieMessage((failure) => failure._tag === "PlanReviewFailed", "refused")
      )
      assert.strictEqual(error.kind, "codex_crashed")
      assert.include(error.message, "it broke")
      assertGone(repo)
    }))

  it.scopedLive("by a command that no review may run, though the answer is good", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const ran = {
        type: "item.completed",
        item: { id: "item_0", type: "command_execution", command: "/bin/bash -c 'npm test'", exit_code: 0 }
      }
      const { error } = yield* Effect.flip(
        reviewWith(repo, answers(ran), { config: { allowed_commands: ["npm test"] } })
      )
        .pipe(Effect.filterOrDieMessage((failure) => failure._tag === "PlanReviewFailed", "refused"))
      assert.strictEqual(error.kind, "policy")
      assert.include(error.message, "Command not in allowlist: \"npm test\"")
      assertGone(repo)
    }))

  it.scopedLive("for a request and an environment that are no good: every problem at once, nothing started", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const rejected = yield* Effect.flip(reviewWith(repo, `touch '${repo.home}/started'`, {
        request: { plan_text: "", repo_context: "" },
        fake: { version: "0.100.0" }
      })).pipe(Effect.filterOrDieMessage((failure) => failure._tag === "RunRejected", "started"))
      assert.deepStrictEqual(rejected.problems.map(({ area, at }) => [area, at]), [
        ["request", "plan_text"],
        ["request", "repo_context"],
        ["environment", "codex"]
      ])
      assert.isFalse(Fs.existsSync(`${repo.home}/started`))
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
    }))

  it.scopedLive("by an interruption: Codex and what it started are gone, and every folder", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const exec = `trap '' INT; setsid sleep 1000 & echo "$$ $!" > '${repo.home}/pids.new'
mv '${repo.home}/pids.new' '${repo.home}/pids'; sleep 1000`
      const fiber = yield* Effect.fork(reviewWith(repo, exec))
      yield* unlessOver(fiber, appears(repo.home, "pids"))
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      const pids = note(repo, "pids").trim().split(" ").map(Number)
      assert.deepStrictEqual(pids.filter(lives), [])
      assertGone(repo)
    }))
})
