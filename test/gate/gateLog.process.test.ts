import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type GateEntry, gateLogIn, policyIn, readGateLogIn } from "../../src/gate/gateLog.ts"
import { unansweredSuffix } from "../../src/gate/hookCommand.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const entry: GateEntry = { at: "now", id: "1", tool: "Bash", what: "npm test", cwd: "/w", allow: true }

describe("what is known of a task's calls", () => {
  it.scoped("is every decision, and each call that the gate gave no answer to", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      assert.deepStrictEqual(yield* readGateLogIn(folder), [])
      writeFiles(folder, {
        [gateLogIn(folder).slice(folder.length + 1)]: `${JSON.stringify(entry)}\n{"torn":`,
        [`${policyIn(folder)}${unansweredSuffix}`.slice(folder.length + 1)]: "\n\n"
      })
      const [first, ...lost] = yield* readGateLogIn(folder)
      assert.deepStrictEqual(first, entry)
      assert.deepStrictEqual(lost.map(({ allow, reason, tool }) => ({ allow, reason, tool })), [
        { allow: false, reason: "The policy gate gave no answer.", tool: "unknown" },
        { allow: false, reason: "The policy gate gave no answer.", tool: "unknown" }
      ])
    }).pipe(Effect.provide(NodeContext.layer)))
})
