import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { CodexOutput } from "../../src/codex/Codex.ts"
import { failedTurn, turn } from "../../src/testing.ts"
import { byTask, ends, hangsAfter, runInMemory, says } from "../run/inMemory.ts"

/** Every number of ours by name and labels: of a histogram how many and their sum. */
const numbers = Effect.map(Metric.snapshot, (pairs) =>
  new Map(
    pairs.flatMap(({ metricKey, metricState }) => {
      if (!metricKey.name.startsWith("codex_runner.")) return []
      const labels = metricKey.tags.filter(({ key }) => key !== "unit").map(({ key, value }) => `${key}=${value}`)
      const name = [metricKey.name, ...labels.sort()].join(" ")
      if (MetricState.isCounterState(metricState)) return [[name, Number(metricState.count)] as const]
      if (!MetricState.isHistogramState(metricState)) return []
      return [[name, metricState.count] as const, [`${name} sum`, metricState.sum] as const]
    })
  ))

/** What an effect adds to the numbers, which others in this process have added to. */
const added = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* numbers
    yield* effect
    const after = yield* numbers
    return Object.fromEntries(
      [...after].flatMap(([name, value]) => {
        const more = value - (before.get(name) ?? 0)
        return more === 0 ? [] : [[name, more]]
      })
    )
  })

const counting: CodexOutput = {
  _tag: "Event",
  event: {
    type: "turn.completed",
    usage: { input_tokens: 100, cached_input_tokens: 40, output_tokens: 7, reasoning_output_tokens: 3 }
  }
}

describe("the metrics of a run", () => {
  it.effect("count tasks by how they ended, with their tokens and times", () =>
    Effect.gen(function*() {
      const script = byTask({
        good: () =>
          Stream.fromIterableEffect(Effect.delay(Effect.succeed([says("x"), counting, ends()]), "20 seconds")),
        bad: () => Stream.fromIterable(failedTurn("it broke"))
      })
      const found = yield* added(Effect.all([
        runInMemory({ tasks: ["good", "bad"], script, request: { concurrency: 1 } }),
        TestClock.adjust("20 seconds")
      ], { concurrency: 2 }))
      assert.deepStrictEqual(found, {
        "codex_runner.runs codex_runner.run.status=completed": 1,
        "codex_runner.tasks codex_runner.task.status=success": 1,
        "codex_runner.tasks codex_runner.task.status=failed error.type=codex_crashed": 1,
        "codex_runner.task.duration codex_runner.task.status=success": 1,
        "codex_runner.task.duration codex_runner.task.status=success sum": 20,
        "codex_runner.task.duration codex_runner.task.status=failed": 1,
        // The second waited for the first.
        "codex_runner.task.queue.duration": 2,
        "codex_runner.task.queue.duration sum": 20,
        "codex_runner.tokens gen_ai.token.type=input": 100,
        "codex_runner.tokens gen_ai.token.type=cached_input": 40,
        "codex_runner.tokens gen_ai.token.type=output": 7,
        "codex_runner.tokens gen_ai.token.type=reasoning_output": 3
      })
    }))

  it.effect("know what is at work, and what never was", () =>
    Effect.gen(function*() {
      const script = hangsAfter(says("hello"))
      const found = yield* added(Effect.gen(function*() {
        const run = yield* Effect.fork(runInMemory({ tasks: ["on", "off"], script, request: { concurrency: 1 } }))
        yield* TestClock.adjust("1 seconds")
        const meanwhile = yield* numbers
        assert.strictEqual(meanwhile.get("codex_runner.tasks.running"), 1)
        yield* run.interruptAsFork(run.id())
        yield* Effect.exit(run.await)
      }))
      assert.deepInclude(found, {
        "codex_runner.runs codex_runner.run.status=cancelled": 1,
        "codex_runner.tasks codex_runner.task.status=cancelled error.type=cancelled": 1,
        "codex_runner.tasks codex_runner.task.status=skipped error.type=cancelled": 1
      })
      assert.notProperty(found, "codex_runner.tasks.running")
    }))

  it.effect("a turn that ends well counts as such without any usage", () =>
    Effect.gen(function*() {
      const found = yield* added(runInMemory({ tasks: ["a"], script: () => Stream.fromIterable(turn("done")) }))
      assert.strictEqual(found["codex_runner.tasks codex_runner.task.status=success"], 1)
      assert.isFalse(Object.keys(found).some((name) => name.startsWith("codex_runner.tokens")))
    }))
})
