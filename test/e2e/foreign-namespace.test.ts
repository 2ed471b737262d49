/** A runner in a PID namespace of its own, as in a container, whose state folder others share: its pid says nothing to them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { isRoot } from "../gate/unprivileged.ts"
import { hasNamespaces } from "../support/containment.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { builtBin, start } from "./support/program.ts"
import { outcomeOf, promptOf, scene } from "./support/scene.ts"
import { addFile, thenHang } from "./support/script.ts"

/** A program that starts the built one in a namespace. */
const contained = Effect.map(scratchFolder, (folder) => {
  const flags = [...(isRoot ? [] : ["-c"]), "--pid", "--fork", "--kill-child=KILL", "--mount-proc", process.execPath]
  const bin = `${folder}/contained.mjs`
  Fs.writeFileSync(
    bin,
    `import { spawn } from "node:child_process"
spawn("unshare", ${JSON.stringify([...flags, builtBin])}.concat(process.argv.slice(2)), { stdio: "inherit" })
  .once("exit", (code) => process.exit(code ?? 1))\n`
  )
  return bin
})

describe.skipIf(!hasNamespaces)("a runner in another PID namespace (needs them)", () => {
  it.scopedLive("is at work for all who share its state: not swept, not resumed, not cleaned; and it is cancelled", () =>
    Effect.gen(function*() {
      const working = thenHang(addFile("src/begun.txt", "begun"))
      const { cli, env, repo } = yield* scene({ tasks: { working: working.script } })
      const program = yield* start({
        bin: yield* contained,
        args: ["run", "-", "--json", "--run-id", "r", "--trust-config"],
        cwd: repo.root,
        env,
        stdin: JSON.stringify([{ task_id: "working", prompt: promptOf("working") }])
      })
      yield* working.reached
      const say = (...args: ReadonlyArray<string>) => cli(args, { unchecked: true })
      const list = yield* say("runs", "list", "--json")
      assert.match(list.stdout, /"status":\s*"running"/, list.stderr)
      for (const args of [["resume", "r"], ["runs", "clean", "r", "--yes"]]) {
        const refused = yield* say(...args)
        assert.deepStrictEqual([args, refused.code], [args, 2])
        assert.include(refused.stderr, "is running")
      }
      const cancelled = yield* say("cancel", "r")
      assert.strictEqual(cancelled.code, 0, cancelled.stderr)
      const { task } = outcomeOf(yield* program.ended)
      assert.strictEqual(task("working").status, "cancelled")
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/working:src/begun.txt"), "begun")
      assert.strictEqual(repo.git("worktree", "list").split("\n").length, 1)
    }))
})
