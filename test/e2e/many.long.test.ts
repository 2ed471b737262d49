import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scene } from "./support/scene.ts"
import { wellBehaved } from "./support/script.ts"

describe("many tasks", () => {
  it.scopedLive("50 tasks, 8 at a time, under raised limits: each has its own change, in the order of the request", () =>
    Effect.gen(function*() {
      const ids = Array.from({ length: 50 }, (_, index) => `task-${index}`)
      const { repo, run } = yield* scene({
        tasks: Object.fromEntries(ids.map((id) => [id, wellBehaved(id)])),
        config: { limits: { concurrency: 16 }, max_tasks_per_run: 50, default_concurrency: 8 }
      })
      const { code, result, stderr } = yield* run({ request: { run_id: "many" } })

      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(
        result.results.map((one) => [one.task_id, one.status, ...one.files_changed].join(" ")),
        ids.map((id) => `${id} success src/${id}.txt`)
      )
      assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner/many").split("\n").length, 50)
      for (const id of ids) assert.strictEqual(repo.git("show", `refs/codex-runner/many/${id}:src/${id}.txt`), id)

      // Never more than 8 at work at once.
      const moments = result.results.flatMap(({ finished_at, started_at }) => [
        { at: started_at ?? "", change: 1 },
        { at: finished_at ?? "", change: -1 }
      ]).sort((a, b) => a.at.localeCompare(b.at) || a.change - b.change)
      let atWork = 0
      const most = Math.max(...moments.map(({ change }) => atWork += change))
      assert.strictEqual(most, 8)
    }))
})
