import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import type { RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import { decode } from "../../src/domain/decode.ts"
import { formatProblem } from "../../src/domain/Problem.ts"
import { RunId, RunRequest } from "../../src/domain/Task.ts"
import { admit, checkRequest, makeRunId, readRequest } from "../../src/policy/admission.ts"

const decodeRequest = decode(RunRequest, { area: "request", root: "request" })

const requestOf = (input: typeof RunRequest.Encoded) => Either.getOrThrow(decodeRequest(input))

const configOf = (input: RunnerConfigInput = {}) => Either.getOrThrow(decodeConfig(input))

const runId = RunId.make("run-1")
const baseCommit = "a".repeat(40)

const admitted = (request: typeof RunRequest.Encoded, config?: RunnerConfigInput) =>
  Either.getOrThrow(admit({ request: requestOf(request), config: configOf(config), runId, baseCommit }))

const problemsOf = (request: typeof RunRequest.Encoded, config?: RunnerConfigInput) =>
  checkRequest(requestOf(request), configOf(config)).map(formatProblem)

const task = (task_id: string, more: Partial<typeof RunRequest.Encoded["tasks"][number]> = {}) => ({
  task_id,
  prompt: "Do it",
  ...more
})

describe("admit", () => {
  it("fills what the request leaves open from the configuration", () => {
    const config = {
      default_concurrency: 3,
      default_timeout_sec: 60,
      protected_paths: ["docs/**"],
      allowed_commands: ["make"]
    }
    const request = { tasks: [task("a..b")] }
    const run = admitted(request, config)
    assert.deepStrictEqual({ ...run, tasks: [] }, {
      runId,
      baseCommit,
      concurrency: 3,
      resourcePolicy: "conservative",
      dryRun: false,
      tasks: [],
      request: requestOf(request)
    })
    const [only] = run.tasks
    const told: object = { ...only }
    assert.deepInclude(told, {
      runId,
      taskId: "a..b",
      name: "a%2E%2Eb",
      prompt: "Do it",
      allowedPaths: ["src/**", "tests/**", "package.json"],
      protectedPaths: ["docs/**"],
      allowedCommands: ["make"]
    })
    assert.strictEqual(only === undefined ? 0 : Duration.toSeconds(only.timeout), 60)
  })

  it("lets the request win where it says so", () => {
    const run = admitted({
      concurrency: 8,
      resource_policy: "normal",
      dry_run: true,
      tasks: [
        task("a", { allowed_paths: ["lib/**"], allowed_commands: ["npm test -- --run"], timeout_sec: 1800 }),
        task("b", { allowed_commands: [] })
      ]
    })
    assert.deepInclude(run, { concurrency: 8, resourcePolicy: "normal", dryRun: true })
    assert.deepInclude(run.tasks[0], {
      allowedPaths: ["lib/**"],
      allowedCommands: ["npm test -- --run"],
      timeout: Duration.seconds(1800)
    })
    assert.deepInclude(run.tasks[1], { allowedCommands: [] })
  })

  it("tells every problem at once", () => {
    const request = {
      concurrency: 9,
      base_ref: "--upload-pack=x",
      tasks: [
        task("Fix", { timeout_sec: 1801 }),
        task("fix", { allowed_paths: ["src/**", "/etc/**"], allowed_commands: ["npm test", "rm -rf", "npm test; ls"] }),
        task("Fix")
      ]
    }
    const expected = [
      "tasks: expected at most 2 tasks in one run, got 3. Split the run, or raise max_tasks_per_run in .mcp-codex.json.",
      "concurrency: expected a whole number from 1 to 8, got 9. Ask for less, or raise limits.concurrency in .mcp-codex.json.",
      "base_ref: expected a git revision such as HEAD or a branch, got \"--upload-pack=x\"",
      "tasks[1].task_id: \"fix\" is taken by tasks[0] as \"Fix\", and case alone is no difference. Give each task an id of its own.",
      "tasks[2].task_id: \"Fix\" is taken by tasks[0]. Give each task an id of its own.",
      "tasks[0].timeout_sec: expected a whole number from 10 to 1800, got 1801. Ask for less, or raise limits.timeout_sec in .mcp-codex.json.",
      "tasks[1].allowed_paths[1]: an absolute path: write it relative to the repository's root (got \"/etc/**\")",
      "tasks[1].allowed_commands[1]: \"rm -rf\" is covered by no configured command. Configured: \"npm test\", \"npm run lint\", \"npx tsc --noEmit\".",
      "tasks[1].allowed_commands[2]: \";\" can't be part of an entry: give each command as an entry of its own, in plain words (got \"npm test; ls\")"
    ]
    assert.deepStrictEqual(problemsOf(request, { max_tasks_per_run: 2 }), expected)
    const refused = admit({
      request: requestOf(request),
      config: configOf({ max_tasks_per_run: 2 }),
      runId,
      baseCommit
    })
    assert.deepStrictEqual(Either.getOrThrow(Either.flip(refused)).map(formatProblem), expected)
  })

  it("tells of a request that doesn't decode what is wrong with the rest of it, each thing once", () => {
    const request = {
      concurency: 2,
      concurrency: 9,
      base_ref: "--upload-pack=x",
      tasks: [
        { task_id: "Fix", timeout_sec: 5, allowed_commands: ["rm -rf"] },
        { task_id: "fix", prompt: "p", timeout_sec: 1801, allowed_paths: ["/etc/**"] },
        "a task",
        { task_id: 7, prompt: "p", allowed_paths: [1, "../x"] }
      ]
    }
    const problems = Either.getOrThrow(Either.flip(readRequest(request, configOf())))
    assert.deepStrictEqual(problems.map(({ at }) => at), [
      "concurency",
      "tasks[0].prompt",
      "tasks[0].timeout_sec",
      "tasks[2]",
      "tasks[3].task_id",
      "tasks[3].allowed_paths[0]",
      "concurrency",
      "base_ref",
      "tasks[1].task_id",
      "tasks[0].allowed_commands[0]",
      "tasks[1].timeout_sec",
      "tasks[1].allowed_paths[0]"
    ])
    for (const input of [undefined, null, "x", [], { tasks: 1 }, { tasks: [null, []] }]) {
      assert.isTrue(Either.isLeft(readRequest(input, configOf())))
    }
    const good = { tasks: [task("a")] }
    assert.deepStrictEqual(readRequest(good, configOf()), Either.right(requestOf(good)))
  })

  it("wants at least one task", () => {
    assert.deepStrictEqual(problemsOf({ tasks: [] }), ["tasks: expected at least one task"])
  })

  it("follows the configured limits", () => {
    const request = { concurrency: 20, tasks: [task("a", { timeout_sec: 7200 })] }
    assert.lengthOf(problemsOf(request), 2)
    assert.isEmpty(problemsOf(request, { limits: { concurrency: 20, timeout_sec: 7200 } }))
  })

  it("refuses ids whose encoded form is too long for a folder's name", () => {
    const dots = `a${".".repeat(62)}b`
    assert.match(
      problemsOf({ run_id: dots, tasks: [task(dots)] }).join("\n"),
      /^run_id: .*\ntasks\[0\]\.task_id: .*too many dots/
    )
    assert.isEmpty(problemsOf({ tasks: [task(`${"a.".repeat(31)}a`)] }))
  })

  it("admits only what has passed every check, and names in the problems only fields of the request", () => {
    const text = fc.oneof(
      fc.constantFrom("npm test", "npm tests", "npm test -- -x", "src/**", "../x", "/x", ";", ""),
      fc.string()
    )
    const requests = fc.record({
      concurrency: fc.integer({ min: 1, max: 64 }),
      tasks: fc.array(
        fc.record({
          task_id: fc.constantFrom("a", "A", "b", "c.d", "e"),
          prompt: fc.constant("p"),
          allowed_paths: fc.array(text, { maxLength: 3 }),
          allowed_commands: fc.array(text, { maxLength: 3 }),
          timeout_sec: fc.integer({ min: 10, max: 4000 })
        }),
        { maxLength: 4 }
      )
    })
    const config = configOf({ max_tasks_per_run: 3 })
    fc.assert(fc.property(requests, (input) => {
      const request = requestOf(input)
      Either.match(admit({ request, config, runId, baseCommit }), {
        onLeft: (problems) => {
          for (const { at } of problems) assert.match(at, /^(tasks|concurrency)\b/)
        },
        onRight: (run) => {
          assert.isAtMost(run.concurrency, 8)
          assert.strictEqual(new Set(run.tasks.map(({ taskId }) => taskId.toLowerCase())).size, input.tasks.length)
          for (const one of run.tasks) {
            assert.isAtMost(Duration.toSeconds(one.timeout), 1800)
            for (const entry of one.allowedCommands) assert.match(entry.trim(), /^npm\s+test(\s|$)/)
          }
        }
      })
    }))
  })
})

describe("makeRunId", () => {
  it("is readable, and in order of time", () => {
    assert.strictEqual(makeRunId(new Date("2026-11-22T14:15:30.987Z"), "k3f9"), "20261122-141530-k3f9")
    const later = makeRunId(new Date("2026-11-22T14:15:31Z"), "a")
    assert.isTrue(makeRunId(new Date("2026-11-22T14:15:30Z"), "z") < later)
  })

  it("is a run id whatever the random part", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2000-01-01"), max: new Date("2999-01-01"), noInvalidDate: true }),
        fc.string(),
        (now, random) => {
          assert.match(makeRunId(now, random), /^\d{8}-\d{6}-[a-z0-9]+$/)
        }
      )
    )
  })
})
