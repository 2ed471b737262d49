import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { guarded } from "../../src/telemetry/guardedTracer.ts"
import { recorder } from "./recorder.ts"

class Quoting extends Schema.TaggedError<Quoting>()("Quoting", { text: Schema.String }) {
  override get message(): string {
    return `can't do ${this.text}`
  }
}

/** What is told of an effect in a span. */
const toldOf = (effect: Effect.Effect<unknown, unknown>) => {
  const { spans, tracer } = recorder()
  const mask = (text: string) => text.replaceAll("hunter2", "***")
  return Effect.exit(Effect.withSpan(effect, "work", { attributes: { given: "hunter2!" } })).pipe(
    Effect.withTracer(guarded(tracer, mask)),
    Effect.map(() => {
      const [told] = spans
      if (told === undefined) throw new Error("no span")
      return told
    })
  )
}

const failureOf = (exit: Exit.Exit<unknown, unknown> | undefined) => {
  const errors = exit !== undefined && Exit.isFailure(exit) ? Cause.prettyErrors(exit.cause) : []
  return errors.map(({ message, name, stack }) => ({ name, message, stack: stack ?? "" }))
}

describe("the guarded tracer", () => {
  it.effect("masks the texts of attributes and log lines", () =>
    Effect.gen(function*() {
      const { attributes, events } = yield* toldOf(
        Effect.zipRight(
          Effect.annotateCurrentSpan({ key: "hunter2", count: 2 }),
          Effect.annotateLogs(Effect.logError("it was hunter2", Cause.fail("hunter2")), "why", "hunter2")
        )
      )
      assert.strictEqual(attributes.get("given"), "***!")
      assert.strictEqual(attributes.get("key"), "***")
      assert.strictEqual(attributes.get("count"), 2)
      assert.strictEqual(events[0]?.name, "it was ***")
      assert.strictEqual(events[0]?.attributes?.["why"], "***")
      assert.notInclude(JSON.stringify(events), "hunter2")
    }))

  it.effect("tells a failure by its name: no message, no stack", () =>
    Effect.gen(function*() {
      const { attributes, exit } = yield* toldOf(new Quoting({ text: "the prompt" }))
      const [failure] = failureOf(exit)
      assert.strictEqual(failure?.name, "Quoting")
      assert.notInclude(JSON.stringify(failure), "prompt")
      assert.notInclude(JSON.stringify(failure), ".ts")
      assert.isFalse(attributes.has("code.stacktrace"))
    }))

  it.effect("a defect, too", () =>
    Effect.gen(function*() {
      const { exit } = yield* toldOf(Effect.die(new TypeError("no property of the prompt")))
      assert.strictEqual(failureOf(exit)[0]?.name, "TypeError")
      assert.notInclude(JSON.stringify(failureOf(exit)), "prompt")
    }))

  it.effect("what ended with a kind of error has failed; what was interrupted has not", () =>
    Effect.gen(function*() {
      const failed = yield* toldOf(Effect.annotateCurrentSpan("error.type", "timeout"))
      assert.strictEqual(failureOf(failed.exit)[0]?.name, "timeout")
      const interrupted = yield* toldOf(Effect.interrupt)
      assert.isTrue(interrupted.exit !== undefined && Exit.isInterrupted(interrupted.exit))
      const fine = yield* toldOf(Effect.succeed(1))
      assert.deepStrictEqual(fine.exit, Exit.succeed(1))
    }))
})
