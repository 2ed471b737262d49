import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { offerContainment } from "../../src/process/offerContainment.ts"
import { Processes, type ProcessSpec, type RunSpec } from "../../src/process/Processes.ts"
import { fakeUnshare, hasNamespaces, marked, refusing } from "../support/containment.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { eventually } from "../support/processes.ts"
import { processes } from "../support/stages.ts"

const path = process.env["PATH"] ?? "/usr/bin:/bin"

let serial = 0

/** A folder, and an environment that nothing else has. */
const makePlace = Effect.gen(function*() {
  const folder = yield* scratchFolder
  const containment = yield* offerContainment(path)
  const mark = `CODEX_RUNNER_TEST_MARK=contained-${process.pid}-${serial++}`
  const [name = "", value = ""] = mark.split("=")
  const spec = (script: string) => ({
    command: "sh",
    args: ["-c", script],
    cwd: folder,
    env: { PATH: path, [name]: value },
    containment
  })
  const run = (script: string, more: Partial<RunSpec> = {}) =>
    Effect.flatMap(
      Processes,
      (service) => service.run({ ...spec(script), timeout: "30 seconds", maxOutputBytes: 1_000_000, ...more })
    )
  const spawn = (script: string, more: Partial<ProcessSpec> = {}) =>
    Effect.flatMap(Processes, (service) => service.spawn({ ...spec(script), ...more }))
  return { folder, containment, run, spawn, said: saidIn(folder), living: () => marked(mark) }
})

/** Waits until a script has made this file. */
const saidIn = (folder: string) => (name: string) => eventually(() => Fs.existsSync(`${folder}/${name}`))

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

type Place = Effect.Effect.Success<typeof makePlace>

const test = (name: string, use: (place: Place) => Effect.Effect<void, unknown, Processes>) =>
  it.live(name, () => Effect.flatMap(makePlace, use).pipe(Effect.scoped, Effect.provide(processes)))

/** Leaves its group, its session and its parent, and is deaf to every polite signal. */
const daemon = (name: string) =>
  `setsid sh -c 'setsid sh -c "trap \\"\\" INT TERM HUP; echo > ${name}; while :; do sleep 0.05; done" & exit 0'`

const forever = "while :; do sleep 0.05; done"

describe.skipIf(!hasNamespaces)("a process in a PID namespace (needs them)", () => {
  test("is given its input and environment, and its output and end are its own", ({ run }) =>
    Effect.gen(function*() {
      const end = yield* run("cat; echo $CODEX_RUNNER_TEST_MARK | cut -c 1-9; pwd >&2; exit 3", {
        stdin: new TextEncoder().encode("fed\n")
      })
      assert.deepStrictEqual([end.code, end.signal, text(end.stdout)], [3, null, "fed\ncontained\n"])
      const killed = yield* run("kill -SEGV $$")
      assert.deepStrictEqual([killed.code, killed.signal, killed.stderr], [null, "SIGSEGV", ""])
    }))

  test("sees nobody else's processes", ({ run }) =>
    Effect.gen(function*() {
      const { stdout } = yield* run("ls /proc | grep -c '^[0-9]*$'")
      assert.isBelow(Number(text(stdout)), 8)
    }))

  test("fails to start as ever: a program that is not there, one that is none, a folder that is not there", (place) =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(place.run("", { command: "no-such-program" }))
      assert.strictEqual(missing.message, "ENOENT: spawn no-such-program ENOENT")
      Fs.writeFileSync(`${place.folder}/plain`, "no program", { mode: 0o644 })
      const plain = yield* Effect.flip(place.run("", { command: `${place.folder}/plain` }))
      assert.strictEqual(plain.message, `cannot start ${place.folder}/plain: EACCES`)
      const folder = yield* Effect.flip(place.run("", { cwd: "/no/such/folder" }))
      assert.match(folder.message, /its working folder \/no\/such\/folder does not exist$/)
    }))

  test("is gone with all that it started, double forks included, as soon as its scope is closed", (place) =>
    Effect.gen(function*() {
      const spawned = yield* Effect.scoped(Effect.gen(function*() {
        yield* place.spawn(`${daemon("a")}; ${daemon("b")}; trap '' INT; echo > c; ${forever}`, {
          stop: { signal: "SIGINT", grace: "100 millis" }
        })
        yield* Effect.forEach(["a", "b", "c"], place.said)
        return place.living()
      }))
      assert.isAtLeast(spawned.length, 3)
      assert.deepStrictEqual(place.living(), [])
    }))

  test("hears its signal first, itself, and has time to end", (place) =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        yield* place.spawn(`trap 'sleep 0.3; echo tidy > end; exit 0' INT; echo > ready; ${forever}`, {
          stop: { signal: "SIGINT", grace: "20 seconds" }
        })
        yield* place.said("ready")
      }))
      assert.strictEqual(Fs.readFileSync(`${place.folder}/end`, "utf8"), "tidy\n")
    }))

  test("leaves nothing after a clean end, and nothing that holds its output open", ({ living, run }) =>
    Effect.gen(function*() {
      const end = yield* run(`${daemon("a")}; while [ ! -e a ]; do sleep 0.01; done; echo said`)
      assert.deepStrictEqual([end.code, text(end.stdout)], [0, "said\n"])
      assert.deepStrictEqual(living(), [])
    }))

  test("leaves nothing when its time is up", ({ living, run, said }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(`${daemon("a")}; trap '' TERM; ${forever}`, {
        timeout: "1 second",
        stop: { signal: "SIGTERM", grace: "100 millis" }
      }))
      assert.strictEqual(error.message, "sh did not end within 1 s")
      yield* said("a")
      assert.deepStrictEqual(living(), [])
    }))

  test("has no zombies for children: orphans are waited for", (place) =>
    Effect.scoped(Effect.gen(function*() {
      // Like Codex, sleep waits for nobody.
      const child = yield* place.spawn(
        `(sleep 0.5; cat /proc/[0-9]*/status | grep -c '^State:.Z') & ` +
          `for n in 1 2 3 4 5; do sh -c 'sleep 0.05 & exit 0'; done; exec sleep 1000`
      )
      assert.deepStrictEqual(yield* Stream.runHead(Stream.decodeText(child.stdout)), Option.some("0\n"))
    })))

  test("may have a thousand processes: none is left", (place) =>
    Effect.gen(function*() {
      const count = yield* Effect.scoped(Effect.gen(function*() {
        yield* place.spawn(
          `n=0; while [ $n -lt 500 ]; do sleep 1000 & setsid sleep 1000 & n=$((n+1)); done; echo > all; wait`,
          { stop: { signal: "SIGINT", grace: "100 millis" } }
        )
        yield* place.said("all")
        return place.living().length
      }))
      assert.isAtLeast(count, 1000)
      assert.deepStrictEqual(place.living(), [])
    }))
})

describe("Processes.endAll", () => {
  const both = [["in its group", false], ...(hasNamespaces ? [["in a namespace", true] as const] : [])] as const
  for (const [how, isContained] of both) {
    it.live(`ends what was started ${how}, tells nobody of it, and starts nothing more`, () =>
      Effect.gen(function*() {
        const { folder, living, run, said, spawn } = yield* makePlace
        const more = isContained ? {} : { containment: { _tag: "Group", reason: "" } as const }
        const told: Array<string> = []
        const tell = (what: string) => Effect.sync(() => void told.push(what))
        const child = yield* spawn(`trap '' INT TERM; echo > a; ${forever}`, more)
        yield* Effect.fork(Effect.zipRight(child.exit, tell("exit")))
        yield* Effect.fork(Effect.zipRight(run(`trap '' INT TERM; echo > b; ${forever}`, more), tell("run")))
        yield* Effect.forEach(["a", "b"], said)
        assert.isAtLeast(living().length, 2)
        yield* Effect.flatMap(Processes, (service) => service.endAll)
        assert.deepStrictEqual(living(), [])
        yield* Effect.fork(Effect.zipRight(run("echo > c", more), tell("late")))
        yield* Effect.fork(Effect.zipRight(spawn("echo > c", more), tell("late")))
        // Another service is not over: by its end those would have been told, too.
        yield* Effect.provide(run("true", more), Layer.fresh(processes))
        assert.deepStrictEqual(told, [])
        assert.isFalse(Fs.existsSync(`${folder}/c`))
      }).pipe(Effect.scoped, Effect.provide(processes)))
  }

  it.live("has nothing to wait for where nothing lives", () =>
    Effect.flatMap(Processes, (service) => service.endAll).pipe(Effect.provide(processes)))
})

describe("the offer of a namespace", () => {
  it.live("is none where the system has none, or forbids them, and says why", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* offerContainment(path, "darwin"), {
        _tag: "Group",
        reason: "this system has no PID namespaces"
      })
      if (process.platform !== "linux") return
      const folder = fakeUnshare(`${yield* scratchFolder}/bin`, refusing)
      assert.deepStrictEqual(yield* offerContainment(`${folder}:${path}`), {
        _tag: "Group",
        reason: "the system refuses PID namespaces (unshare: unshare failed: Operation not permitted)"
      })
    }).pipe(Effect.scoped, Effect.provide(processes)))
})
