/** Codex in a PID namespace that ends with the runner, as whoever runs the tests and as a user without privileges. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Reply from "../../src/scripted/Reply.ts"
import { isRoot, sharedScene } from "../gate/unprivileged.ts"
import { fakeUnshare, hasNamespaces, refusing } from "../support/containment.ts"
import { eventually } from "../support/processes.ts"
import { type Outcome, scene } from "./support/scene.ts"
import { addFile, command, task, thenHang, wellBehaved } from "./support/script.ts"
import { processesOf } from "./support/untouched.ts"

/** Leaves two daemons that left their group, their session and their parent, and goes on; all deaf to polite signals. */
const files = {
  "work.mjs": `import { spawn } from "node:child_process"
const deaf = 'trap "" INT TERM HUP; while :; do sleep 0.1; done'
spawn("setsid", ["sh", "-c", deaf], { detached: true, stdio: "ignore" }).unref()
spawn("sh", ["-c", "setsid sh -c '" + deaf + "' & exit 0"], { detached: true, stdio: "ignore" }).unref()
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => {})
setInterval(() => {}, 1000)
`
}

/** Nothing but the namespace would end what a command without a sandbox leaves. */
const config = { sandbox_mode: "danger-full-access" } as const

const atWork = () =>
  thenHang(addFile("src/begun.txt", "begun"), command("node work.mjs", { options: { yield_time_ms: 1000 } }))

/** Ends the program as nothing else does, once its daemons are there. */
const killing = (home: string, reached: Effect.Effect<void>) => (pid: number) =>
  Effect.gen(function*() {
    yield* reached
    yield* eventually(() => processesOf(home).filter(({ program }) => /\/(da|ba)?sh$/.test(program)).length >= 3)
    process.kill(pid, "SIGKILL")
  })

describe.skipIf(!hasNamespaces)("Codex in a PID namespace (needs them)", () => {
  it.scopedLive("after kill -9 of the runner nothing of it is left, double forks and daemons included", () =>
    Effect.gen(function*() {
      const working = atWork()
      const { cli, repo } = yield* scene({ tasks: { working: working.script }, files, config })
      yield* cli(["run", "-", "--trust-config", "--json"], {
        unchecked: true,
        stdin: JSON.stringify([{ task_id: "working", prompt: "Do what working asks." }]),
        meanwhile: ({ pid }) => killing(repo.home, working.reached)(pid)
      })
      yield* eventually(() => processesOf(repo.home).length === 0)
    }))

  it.scopedLive.skipIf(!isRoot)(
    "the same for a user without privileges (needs root to become one)",
    () =>
      Effect.gen(function*() {
        const working = atWork()
        const { cli, home } = yield* sharedScene({ script: working.script, files, model: "gpt-5.5", config })
        yield* cli(["run", "tasks.json", "--trust-config", "--json"], killing(home, working.reached))
        yield* eventually(() => processesOf(home).length === 0)
      })
  )

  it.scopedLive("a timeout ends all of it, and so does the end of Codex", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: {
          slow: task(command("node work.mjs", { options: { yield_time_ms: 1000 } }), Reply.hang),
          leaving: task(command("node work.mjs", { options: { yield_time_ms: 1000 } }))
        },
        files,
        config
      })
      // That nothing of it is left is looked at after each run.
      const { task: resultOf } = yield* run({ task: { slow: { timeout_sec: 20 } } })
      assert.strictEqual(resultOf("slow").status, "timeout")
      assert.strictEqual(resultOf("leaving").status, "success")
    }))
})

describe.skipIf(!hasNamespaces)("setup commands (needs PID namespaces)", () => {
  it.scopedLive("are contained, too; where that is forbidden, what they leave is found by its marker", () =>
    Effect.gen(function*() {
      const deaf = `trap "" INT TERM HUP; while :; do sleep 0.1; done`
      const daemons = `setsid sh -c '${deaf}' >/dev/null 2>&1 & setsid sh -c '${deaf}' & sleep 0.2`
      const { repo, run } = yield* scene({
        tasks: { plain: wellBehaved("plain") },
        config: { setup: { commands: [`echo parent: $PPID; ${daemons}`] } }
      })
      const isContained = ({ task: of }: Outcome) =>
        /^parent: 1$/m.test(Fs.readFileSync(`${of("plain").log_dir}/setup.log`, "utf8"))
      const inside = yield* run()
      assert.strictEqual(inside.task("plain").status, "success")
      const refused = { PATH: `${fakeUnshare(`${repo.home}/bin`, refusing)}:${process.env["PATH"]}` }
      const outside = yield* run({ env: refused })
      assert.strictEqual(outside.task("plain").status, "success")
      assert.deepStrictEqual([inside, outside].map(isContained), [true, false])
    }))
})
