/** The public types. What is expected here the compiler checks: `npm run check -- types`. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type AdmittedTask,
  type Applied,
  type Codex,
  CodexRunner,
  type ConfigInvalid,
  decodePlanReviewRequest,
  decodeRequest,
  Host,
  type NotApplied,
  type PlanReview,
  type PlanReviewFailed,
  type Problem,
  type RunConflicts,
  type RunEvent,
  RunId,
  RunnerConfig,
  type RunRejected,
  type RunRequest,
  type RunResult,
  Runs,
  type RunState,
  type RunSummary,
  SecurityPolicy,
  shippedStages,
  type Stages,
  TaskId,
  type TaskResult,
  type Watch
} from "../../src/index.ts"
import { type CodexScript, layerScriptedCodex, makeScriptedModel, turn } from "../../src/testing.ts"

const request: RunRequest = { tasks: [{ task_id: TaskId.make("a"), prompt: "a" }] }

describe("the methods", () => {
  it("give a result, and fail with nothing but a refusal", () => {
    expectTypeOf(CodexRunner.run(request)).toEqualTypeOf<Effect.Effect<RunResult, RunRejected, CodexRunner>>()
    expectTypeOf(CodexRunner.resume("last")).toEqualTypeOf<Effect.Effect<RunResult, RunRejected, CodexRunner>>()
    expectTypeOf(CodexRunner.detach(request)).toEqualTypeOf<Effect.Effect<RunId, RunRejected, CodexRunner>>()
    expectTypeOf(CodexRunner.start(request)).toEqualTypeOf<
      Effect.Effect<RunId, RunRejected, CodexRunner | Scope.Scope>
    >()
    expectTypeOf(CodexRunner.events(request)).toEqualTypeOf<Stream.Stream<RunEvent, RunRejected, CodexRunner>>()
    expectTypeOf(CodexRunner.apply({ run: "last" })).toEqualTypeOf<
      Effect.Effect<Applied, RunRejected | NotApplied, CodexRunner>
    >()
    expectTypeOf(CodexRunner.conflicts("last")).toEqualTypeOf<Effect.Effect<RunConflicts, RunRejected, CodexRunner>>()
    expectTypeOf(CodexRunner.reviewPlan({ plan_text: "p" })).toEqualTypeOf<
      Effect.Effect<PlanReview, RunRejected | PlanReviewFailed, CodexRunner>
    >()
  })

  it("ask for nothing where the service is at hand", () => {
    type Runner = typeof CodexRunner.Service
    expectTypeOf<ReturnType<Runner["run"]>>().toEqualTypeOf<Effect.Effect<RunResult, RunRejected>>()
    expectTypeOf<ReturnType<Runner["events"]>>().toEqualTypeOf<Stream.Stream<RunEvent, RunRejected>>()
    expectTypeOf<ReturnType<typeof Runs.Service["watch"]>>().toEqualTypeOf<Stream.Stream<RunSummary, RunRejected>>()
    expectTypeOf<ReturnType<typeof Runs.Service["cancel"]>>().toEqualTypeOf<Effect.Effect<RunState, RunRejected>>()
  })

  it("tell a watcher of every event; it can't fail", () => {
    expectTypeOf(CodexRunner.run).parameter(1).toEqualTypeOf<((event: RunEvent) => Effect.Effect<void>) | undefined>()
    expectTypeOf<() => Effect.Effect<void, string>>().not.toMatchTypeOf<Watch>()
  })
})

describe("what goes in", () => {
  it("a name is checked before it is one", () => {
    // @ts-expect-error any text as a task's name
    const unchecked: RunRequest = { tasks: [{ task_id: "a", prompt: "a" }] }
    assert.throws(() => RunId.make("../a"))
    assert.lengthOf(unchecked.tasks, 1)
  })

  it("from a wire it is decoded, or refused with every problem", () => {
    expectTypeOf(decodeRequest).parameter(0).toBeUnknown()
    const decoded = decodeRequest({ tasks: [] })
    if (decoded._tag === "Left") expectTypeOf(decoded.left[0]).toEqualTypeOf<Problem>()
    else expectTypeOf(decoded.right).toEqualTypeOf<RunRequest>()
    assert.strictEqual(decodePlanReviewRequest({})._tag, "Left")
  })
})

describe("an admitted task", () => {
  it("can't be made by hand: SecurityPolicy alone admits", () => {
    const parts = {
      runId: RunId.make("r"),
      taskId: TaskId.make("a"),
      name: "a",
      prompt: "a",
      allowedPaths: ["**"],
      protectedPaths: [],
      disposablePaths: [],
      allowedCommands: ["rm -rf"],
      timeout: Duration.seconds(10)
    }
    // @ts-expect-error everything that an admitted task has, but not admitted
    const forged: AdmittedTask = parts
    expectTypeOf<Parameters<CodexScript>[0]["task"]>().toEqualTypeOf<AdmittedTask>()
    assert.strictEqual(forged.name, "a")
  })
})

describe("the layers", () => {
  it("CodexRunner.layer asks for a configuration and a platform, and can't fail", () =>
    expectTypeOf(CodexRunner.layer).toEqualTypeOf<
      Layer.Layer<CodexRunner | Runs, never, RunnerConfig | CommandExecutor | FileSystem>
    >())

  it("layerHost asks for the surroundings as well, layerStages for the stages alone", () => {
    expectTypeOf(CodexRunner.layerHost).toEqualTypeOf<
      Layer.Layer<CodexRunner | Runs, never, RunnerConfig | CommandExecutor | FileSystem | Host>
    >()
    expectTypeOf(CodexRunner.layerStages).toEqualTypeOf<Layer.Layer<CodexRunner | Runs, never, Stages>>()
  })

  it("a configuration may be no good", () => {
    expectTypeOf(RunnerConfig.layerFile({ repoRoot: "." })).toEqualTypeOf<
      Layer.Layer<RunnerConfig, ConfigInvalid, FileSystem | Path>
    >()
    expectTypeOf(RunnerConfig.layerValue()).toEqualTypeOf<Layer.Layer<RunnerConfig, ConfigInvalid>>()
  })

  it("with a stage replaced ask for what that stage asks for, and no longer for ours", () => {
    const policy = Layer.effect(
      SecurityPolicy,
      Effect.map(SecurityPolicy, (ours) => SecurityPolicy.of({ ...ours, audit: (deeds) => ours.audit(deeds) }))
    )
    const replaced = CodexRunner.layerStages.pipe(Layer.provide(policy), Layer.provide(shippedStages))
    expectTypeOf(replaced).toEqualTypeOf<typeof CodexRunner.layerHost>()
    const codex = layerScriptedCodex(() => Stream.fromIterable(turn("done")))
    expectTypeOf(codex).toEqualTypeOf<Layer.Layer<Codex>>()
    expectTypeOf(CodexRunner.layerStages.pipe(Layer.provide(codex))).toEqualTypeOf<
      Layer.Layer<CodexRunner | Runs, never, Exclude<Stages, Codex>>
    >()
  })

  it("a stage is replaced whole, or not at all", () => {
    // @ts-expect-error the other methods are missing
    const half = Layer.succeed(SecurityPolicy, { check: () => [] })
    assert.isTrue(Layer.isLayer(half))
  })
})

describe("what comes out", () => {
  it("is told apart by closed lists", () => {
    expectTypeOf<TaskResult["status"]>().toEqualTypeOf<"success" | "failed" | "timeout" | "skipped" | "cancelled">()
    expectTypeOf<RunResult["status"]>().toEqualTypeOf<"completed" | "running" | "cancelled" | "interrupted">()
    expectTypeOf<RunEvent["_tag"]>().toEqualTypeOf<
      | "RunStarted"
      | "TaskStageEntered"
      | "TaskCodexEvent"
      | "TaskDenied"
      | "TaskNote"
      | "TaskFinished"
      | "RunFinished"
    >()
  })

  it("the scripted model lives in a scope", () =>
    expectTypeOf<ReturnType<typeof makeScriptedModel>>().toMatchTypeOf<
      Effect.Effect<{ readonly url: string }, unknown, Scope.Scope>
    >())
})
