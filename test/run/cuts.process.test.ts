import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { maxCommands } from "../../src/audit/Transcript.ts"
import { maxDenied } from "../../src/gate/joinGate.ts"
import { cutsOf, maxFilesListed, maxViolationsListed } from "../../src/run/cuts.ts"
import { maxLogBytes } from "../../src/store/cappedLog.ts"
import { scratchFolder } from "../support/GitRepo.ts"

describe("what is cut", () => {
  it.scoped("is said: logs at their cap, and lists that are longer than a result takes", () =>
    Effect.gen(function*() {
      const logDir = yield* scratchFolder
      const within = {
        logDir,
        files: maxFilesListed,
        violations: maxViolationsListed,
        commands: maxCommands,
        denied: maxDenied
      }
      assert.deepStrictEqual(yield* cutsOf(within), [])
      Fs.writeFileSync(`${logDir}/events.jsonl`, "")
      Fs.truncateSync(`${logDir}/events.jsonl`, maxLogBytes)
      assert.deepStrictEqual(yield* cutsOf(within), [])
      Fs.truncateSync(`${logDir}/events.jsonl`, maxLogBytes + 50)
      assert.deepStrictEqual(
        yield* cutsOf({ logDir, files: maxFilesListed + 1, violations: 900, commands: 501, denied: 201 }),
        [
          "Codex's output was more than 64 MiB: events.jsonl is cut at its cap, and the rest is not kept.",
          "files_changed lists 10000 of the 10001 files: the ref has all.",
          "violations lists 200 of the 900 that were found.",
          "commands_run lists the last 500 of the 501 commands: the logs under log_dir have all.",
          "denied lists the first 200 of the 201 calls that were stopped: gate.jsonl has all."
        ]
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
