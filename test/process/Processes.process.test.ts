import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import type { RunFailed } from "../../src/process/failures.ts"
import { type Completed, Processes, type ProcessSpec, type RunSpec } from "../../src/process/Processes.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { eventually, isRunning, pidIn } from "../support/processes.ts"
import { processes } from "../support/stages.ts"

const path = process.env["PATH"] ?? "/usr/bin:/bin"

const sh = (script: string, more: Partial<RunSpec> = {}): RunSpec => ({
  command: "/bin/sh",
  args: ["-c", script],
  cwd: "/",
  env: { PATH: path },
  timeout: "30 seconds",
  maxOutputBytes: 64 * 1024 * 1024,
  ...more
})

const run = (spec: RunSpec) => Effect.flatMap(Processes, (service) => service.run(spec))
const spawn = (spec: ProcessSpec) => Effect.flatMap(Processes, (service) => service.spawn(spec))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const test = (name: string, effect: Effect.Effect<void, unknown, Processes>) =>
  it.live(name, () => Effect.provide(effect, processes))

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(scratchFolder, use))

/** Ignores SIGTERM, says its process id in a file, never ends. */
const deaf = (pidFile: string) => `trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 0.05; done`

/** Its last word comes a second after its own end, from a process that left its group. */
const saysLate = "setsid sh -c 'sleep 1; echo late' & sleep 0.3"

/**
 * From 0.8 s on this process does nothing else, until the last word is long
 * there and all grace is over; then its timers come before its reading.
 */
const heldUp = Effect.zipRight(
  Effect.sleep("800 millis"),
  Effect.async<void>((resume) =>
    void setImmediate(() => {
      const until = performance.now() + 2500
      while (performance.now() < until);
      resume(Effect.void)
    })
  )
)

describe("Processes.run", () => {
  test(
    "loses no output where this process was held up",
    Effect.gen(function*() {
      const [end] = yield* Effect.all([run(sh(saysLate)), heldUp], { concurrency: 2 })
      assert.strictEqual(text(end.stdout), "late\n")
    })
  )

  test(
    "gives both outputs and the exit code",
    Effect.gen(function*() {
      const end = yield* run(sh("echo out; echo err >&2; exit 3"))
      assert.deepStrictEqual({ ...end, stdout: text(end.stdout) }, {
        code: 3,
        signal: null,
        stdout: "out\n",
        stderr: "err\n"
      })
    })
  )

  test(
    "tells a death by signal from an exit",
    Effect.gen(function*() {
      const end = yield* run(sh("kill -SEGV $$"))
      assert.deepStrictEqual([end.code, end.signal], [null, "SIGSEGV"])
    })
  )

  test(
    "gives the process an empty standard input, or what it is told to",
    Effect.gen(function*() {
      assert.strictEqual(text((yield* run(sh("cat; echo end"))).stdout), "end\n")
      const fed = yield* run(sh("cat; echo end", { stdin: new TextEncoder().encode("fed\n") }))
      assert.strictEqual(text(fed.stdout), "fed\nend\n")
    })
  )

  test(
    "is not stopped by a process that doesn't read what it is fed",
    Effect.gen(function*() {
      const end = yield* run(sh("exec <&-; echo end", { stdin: new Uint8Array(4 * 1024 * 1024) }))
      assert.deepStrictEqual([end.code, text(end.stdout)], [0, "end\n"])
    })
  )

  test(
    "replaces the whole environment",
    Effect.gen(function*() {
      process.env["CODEX_RUNNER_TEST_SECRET"] = "leaked"
      const end = yield* run({ ...sh(""), command: "/usr/bin/env", args: [], env: { ONLY: "this" } })
      delete process.env["CODEX_RUNNER_TEST_SECRET"]
      assert.strictEqual(text(end.stdout), "ONLY=this\n")
    })
  )

  test(
    "says whether the program or the working folder is missing",
    Effect.gen(function*() {
      const program = yield* Effect.flip(run(sh("", { command: "no-such-program" })))
      assert.strictEqual(program.message, "ENOENT: spawn no-such-program ENOENT")
      const cwd = yield* Effect.flip(run(sh("", { cwd: "/no/such/folder" })))
      assert.strictEqual(cwd.message, "cannot start /bin/sh: its working folder /no/such/folder does not exist")
    })
  )

  test(
    "says why a program that is there can't be started, without its arguments",
    inFolder((folder) =>
      Effect.gen(function*() {
        Fs.writeFileSync(`${folder}/plain`, "no program", { mode: 0o644 })
        const error = yield* Effect.flip(run(sh("", { command: `${folder}/plain`, args: ["s3cret"] })))
        assert.strictEqual(error._tag, "SpawnFailed")
        assert.include(error.message, "EACCES")
        assert.notInclude(error.message, "s3cret")
      })
    )
  )

  test(
    "takes an argument that no program can be given for a failure to start",
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(sh("true", { args: ["a\0b"] })))
      assert.strictEqual(error._tag, "SpawnFailed")
    })
  )

  test(
    "reads both outputs at once: a flood on one doesn't wait for the other",
    Effect.gen(function*() {
      const flood = yield* run(sh("head -c 8000000 /dev/zero >&2; echo end"))
      assert.deepStrictEqual([text(flood.stdout), flood.stderr.length], ["end\n", 8_000_000])
    })
  )

  test(
    "ends a process that prints more than its cap, on either output",
    Effect.gen(function*() {
      for (const to of ["", ">&2"]) {
        const error = yield* Effect.flip(run(sh(`yes ${to}`, { maxOutputBytes: 1_000_000 })))
        assert.strictEqual(error.message, "/bin/sh printed more than 1000000 bytes")
      }
    })
  )

  test(
    "ends a process that is deaf to SIGTERM when its time is up",
    inFolder((folder) =>
      Effect.gen(function*() {
        const spec = sh(deaf(`${folder}/pid`), {
          timeout: "1 second",
          stop: { signal: "SIGTERM", grace: "100 millis" }
        })
        const error = yield* Effect.flip(run(spec))
        assert.strictEqual(error.message, "/bin/sh did not end within 1 s")
        assert.isFalse(isRunning(yield* pidIn(`${folder}/pid`)))
      })
    )
  )

  test(
    "holds its limit inside a region that can't be interrupted, also after an interruption came",
    inFolder((folder) =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const outcome = yield* Deferred.make<{
          readonly work: Exit.Exit<never>
          readonly after: Completed
          readonly late: Exit.Exit<Completed, RunFailed>
        }>()
        const fiber = yield* Effect.fork(Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            const work = yield* Effect.exit(restore(Effect.zipRight(Deferred.succeed(started, void 0), Effect.never)))
            const after = yield* run(sh("echo still works"))
            const late = yield* Effect.exit(run(sh(deaf(`${folder}/pid`), {
              timeout: "500 millis",
              stop: { signal: "SIGTERM", grace: "100 millis" }
            })))
            yield* Deferred.succeed(outcome, { work, after, late })
          })
        ))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        const seen = yield* Deferred.await(outcome)
        assert.isTrue(Exit.isInterrupted(seen.work))
        assert.strictEqual(text(seen.after.stdout), "still works\n")
        assert.deepStrictEqual(
          Exit.mapError(seen.late, (error) => error.message),
          Exit.fail("/bin/sh did not end within 0.5 s")
        )
        assert.isFalse(isRunning(yield* pidIn(`${folder}/pid`)))
      })
    )
  )

  test(
    "does not wait for a grandchild that left the group and holds the outputs open",
    inFolder((folder) =>
      Effect.gen(function*() {
        const end = yield* run(sh(`echo said; setsid sh -c 'echo $$ > ${folder}/pid; exec sleep 1000' & sleep 0.2`))
        const pid = yield* pidIn(`${folder}/pid`)
        assert.strictEqual(text(end.stdout), "said\n")
        assert.isTrue(isRunning(pid))
        process.kill(pid, "SIGKILL")
      })
    )
  )

  test(
    "lowers the priority of what it runs",
    Effect.gen(function*() {
      const own = (yield* run(sh("nice"))).stdout
      const lowered = (yield* run(sh("nice", { niceness: 7 }))).stdout
      assert.strictEqual(Number(text(lowered)), Math.min(19, Number(text(own)) + 7))
    })
  )
})

describe("Processes.spawn", () => {
  test(
    "loses no output where this process was held up",
    Effect.scoped(Effect.gen(function*() {
      const child = yield* spawn(sh(saysLate))
      const all = Stream.mkString(Stream.decodeText(child.stdout))
      const [said] = yield* Effect.all([all, heldUp], { concurrency: 2 })
      assert.strictEqual(said, "late\n")
    }))
  )

  test(
    "leaves no fiber behind, where a process is gone before its input is closed, too",
    Effect.gen(function*() {
      const before = Fiber.unsafeRoots().length
      const gone = Effect.scoped(Effect.flatMap(spawn(sh("", { command: "/bin/true", args: [] })), ({ exit }) => exit))
      yield* Effect.forEach(Array.from({ length: 200 }), () => gone, { concurrency: 8, discard: true })
      yield* eventually(() => Fiber.unsafeRoots().length <= before)
    })
  )

  test(
    "ends with its scope: the process, and what else is in its group, deaf or not",
    inFolder((folder) =>
      Effect.gen(function*() {
        const script = `(${deaf(`${folder}/grandchild`).replace("$$", "$(exec sh -c 'echo $PPID')")}) & ${
          deaf(`${folder}/child`)
        }`
        const pids = yield* Effect.scoped(Effect.gen(function*() {
          const child = yield* spawn(sh(script, { stop: { signal: "SIGTERM", grace: "100 millis" } }))
          const grandchild = yield* pidIn(`${folder}/grandchild`)
          assert.strictEqual(yield* pidIn(`${folder}/child`), child.pid)
          assert.isTrue(isRunning(child.pid) && isRunning(grandchild))
          return [child.pid, grandchild]
        }))
        yield* eventually(() => !pids.some(isRunning))
      })
    )
  )

  test(
    "gives the process its signal first, and time to end by itself",
    inFolder((folder) =>
      Effect.gen(function*() {
        const script =
          `trap 'sleep 0.3; echo tidy > ${folder}/end; exit 0' INT; echo $$ > ${folder}/pid; while :; do sleep 0.05; done`
        yield* Effect.scoped(Effect.gen(function*() {
          yield* spawn(sh(script, { stop: { signal: "SIGINT", grace: "20 seconds" } }))
          yield* pidIn(`${folder}/pid`)
        }))
        assert.strictEqual(Fs.readFileSync(`${folder}/end`, "utf8"), "tidy\n")
      })
    )
  )

  test(
    "ends a process that is deaf to its signal also when a second interruption comes while it is given time",
    inFolder((folder) =>
      Effect.gen(function*() {
        const script = `trap 'echo heard > ${folder}/heard' TERM; echo $$ > ${folder}/pid; while :; do sleep 0.05; done`
        const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(
          spawn(sh(script, { stop: { signal: "SIGTERM", grace: "1 second" } })),
          Effect.never
        )))
        const pid = yield* pidIn(`${folder}/pid`)
        yield* Fiber.interruptFork(fiber)
        yield* eventually(() => Fs.existsSync(`${folder}/heard`))
        yield* Fiber.interrupt(fiber)
        assert.isFalse(isRunning(pid))
      })
    )
  )

  test(
    "gives a process its time to end also when a second interruption comes",
    inFolder((folder) =>
      Effect.gen(function*() {
        const script = `trap 'echo heard > ${folder}/heard; sleep 0.5; echo tidy > ${folder}/end; exit 0' TERM;` +
          `echo $$ > ${folder}/pid; while :; do sleep 0.05; done`
        const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(
          spawn(sh(script, { stop: { signal: "SIGTERM", grace: "20 seconds" } })),
          Effect.never
        )))
        yield* pidIn(`${folder}/pid`)
        yield* Fiber.interruptFork(fiber)
        yield* eventually(() => Fs.existsSync(`${folder}/heard`))
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(Fs.readFileSync(`${folder}/end`, "utf8"), "tidy\n")
      })
    )
  )

  test(
    "leaves no grandchild of the group behind after a clean exit",
    inFolder((folder) =>
      Effect.gen(function*() {
        const pid = yield* Effect.scoped(Effect.gen(function*() {
          const child = yield* spawn(sh(`sh -c 'echo $$ > ${folder}/pid; exec sleep 1000' >/dev/null 2>&1 & sleep 0.2`))
          assert.deepStrictEqual(yield* child.exit, { code: 0, signal: null })
          return yield* pidIn(`${folder}/pid`)
        }))
        yield* eventually(() => !isRunning(pid))
      })
    )
  )

  test(
    "gives a slow reader everything that was written before the end",
    Effect.scoped(Effect.gen(function*() {
      const child = yield* spawn(sh("head -c 180000 /dev/zero"))
      let bytes = 0
      yield* Stream.runForEach(child.stdout, (chunk) => {
        const first = bytes === 0
        bytes += chunk.byteLength
        return first ? Effect.sleep("3 seconds") : Effect.void
      })
      assert.strictEqual(bytes, 180_000)
    }))
  )

  test(
    "ends the output of a process whose stray grandchild never stops talking",
    inFolder((folder) =>
      Effect.scoped(Effect.gen(function*() {
        const script = `setsid sh -c 'echo $$ > ${folder}/pid; while :; do echo talk; sleep 0.1; done' & sleep 0.3`
        const child = yield* spawn(sh(script))
        yield* Stream.runDrain(child.stdout)
        process.kill(yield* pidIn(`${folder}/pid`), "SIGKILL")
      }))
    )
  )
})
