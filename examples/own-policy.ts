/**
 * A program with a policy of its own in place of ours: two rules are added, one
 * before anything runs and one on what came of it, and the rest is delegated.
 * Ours keeps doing what it does: admission, paths, commands, the gate.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import {
  CodexRunner,
  type Deeds,
  type Problem,
  type RunRequest,
  SecurityPolicy,
  shippedStages,
  TaskId,
  type Violation
} from "codex-mcp-runner"
import { layerScriptedCodex, writes } from "codex-mcp-runner/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { playground } from "./playground.ts"

/** Every task must say why it is there. */
const withoutTicket = ({ tasks }: RunRequest): ReadonlyArray<Problem> =>
  tasks.flatMap(({ prompt }, index) =>
    /\b[A-Z]+-\d+\b/.test(prompt)
      ? []
      : [{
        area: "request",
        at: `request.tasks[${index}].prompt`,
        message: "no ticket is named.",
        remedy: "Name one, such as SHOP-12."
      }]
  )

/** What is there stays there: a task may change files, and add some. */
const deletions = ({ files }: Deeds): ReadonlyArray<Violation> =>
  files.flatMap(({ path, status }) =>
    status === "D" ? [{ kind: "path", detail: `"${path}" was deleted, which only people may do` }] : []
  )

/** Asks for the policy that it stands in front of. */
const ownPolicy = Layer.effect(
  SecurityPolicy,
  Effect.map(SecurityPolicy, (ours) =>
    SecurityPolicy.of({
      ...ours,
      check: (request) => [...ours.check(request), ...withoutTicket(request)],
      audit: (deeds) => [...ours.audit(deeds), ...deletions(deeds)]
    }))
)

const ask = (prompt: string) => CodexRunner.run({ tasks: [{ task_id: TaskId.make("cart"), prompt }] })

const program = Effect.gen(function*() {
  yield* ask("Tidy up.").pipe(Effect.catchTag("RunRejected", (rejected) => Console.log(rejected.message)))
  const { results } = yield* ask("SHOP-12: move the cart to a folder of its own.")
  for (const { error, ref, status } of results) yield* Console.log(`${status}: ${error?.message}\nKept under ${ref}.`)
}).pipe(
  Effect.catchTag("RunRejected", (rejected) => Console.error(rejected.message))
)

/** In place of Codex: it does what it was asked. */
const codex = layerScriptedCodex(writes({ "src/cart.ts": null, "src/cart/index.ts": "export {}\n" }))

const runner = CodexRunner.layerStages.pipe(
  Layer.provide(Layer.merge(ownPolicy, codex)),
  Layer.provide(shippedStages),
  Layer.provide(playground),
  Layer.provide(NodeContext.layer)
)

program.pipe(Effect.provide(runner), NodeRuntime.runMain)
