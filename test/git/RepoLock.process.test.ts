import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import { RepoLock } from "../../src/git/RepoLock.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { childrenOf, eventually } from "../support/processes.ts"
import { bundle } from "../support/program.ts"

const path = process.env["PATH"] ?? "/usr/bin:/bin"

const withLock = (lock: string) => <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.flatMap(RepoLock, (locks) => locks.withLock(lock)(effect)).pipe(Effect.provide(RepoLock.layer))

/** Another process: it takes the lock, says so in a file, and holds it until it is told otherwise. */
const holder = (folder: string) => {
  const program = `
    import * as Effect from "effect/Effect"
    import * as Fs from "node:fs"
    import { RepoLock } from "./src/git/RepoLock.ts"
    const [lock, held, count] = process.argv.slice(2)
    const increment = Effect.promise(async () => {
      const before = Number(Fs.readFileSync(held, "utf8"))
      await new Promise((resume) => setTimeout(resume, 1))
      Fs.writeFileSync(held, String(before + 1))
    })
    const hold = Effect.zipRight(Effect.sync(() => Fs.writeFileSync(held, "held")), Effect.async(() => void setInterval(() => {}, 1000)))
    await Effect.runPromise(Effect.flatMap(RepoLock, (locks) =>
      count === undefined
        ? locks.withLock(lock)(hold)
        : Effect.repeatN(locks.withLock(lock)(increment), Number(count) - 1)
    ).pipe(Effect.provide(RepoLock.layer)))
  `
  const file = bundle(folder, program)
  return (args: ReadonlyArray<string>, env = path): ChildProcess =>
    spawn(process.execPath, [file, ...args], {
      env: { PATH: env },
      stdio: ["ignore", "ignore", "inherit"]
    })
}

const groupOf = (pid: number): number =>
  Number(/\) \w \d+ (\d+) /.exec(Fs.readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1])

const isLocked = (lock: string): boolean => spawnSync("flock", ["-n", "-x", lock, "true"]).status !== 0

/** A folder with this one program alone, as the whole PATH. */
const pathWith = (folder: string, ...programs: ReadonlyArray<string>): string => {
  const bin = `${folder}/bin-${programs.join("-")}`
  Fs.mkdirSync(bin)
  for (const program of programs) {
    const found = path.split(":").map((one) => `${one}/${program}`).find((one) => Fs.existsSync(one))
    if (found !== undefined) Fs.symlinkSync(Fs.realpathSync(found), `${bin}/${program}`)
  }
  return bin
}

describe("RepoLock", () => {
  it.scopedLive("lets one process at a time in: no update of four at once is lost", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const start = holder(folder)
      Fs.writeFileSync(`${folder}/count`, "0")
      const ends = [1, 2, 3, 4].map(() => once(start([`${folder}/lock`, `${folder}/count`, "15"]), "exit"))
      const codes = yield* Effect.promise(() => Promise.all(ends))
      assert.deepStrictEqual(codes.map(([code]) => code), [0, 0, 0, 0])
      assert.strictEqual(Fs.readFileSync(`${folder}/count`, "utf8"), "60")
    }))

  it.scopedLive("makes another process wait, until its holder is killed with SIGKILL", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const lock = `${folder}/lock`
      const child = holder(folder)([lock, `${folder}/held`])
      yield* eventually(() => Fs.existsSync(`${folder}/held`))
      assert.isTrue(isLocked(lock))
      const waiting = yield* Effect.fork(withLock(lock)(Effect.succeed("had")))
      child.kill("SIGKILL")
      assert.strictEqual(yield* Fiber.join(waiting), "had")
      assert.isFalse(isLocked(lock))
    }))

  it.scopedLive("takes the lock with perl where there is no flock", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const child = holder(folder)([`${folder}/lock`, `${folder}/held`], pathWith(folder, "perl"))
      yield* eventually(() => Fs.existsSync(`${folder}/held`))
      assert.isTrue(isLocked(`${folder}/lock`))
      child.kill("SIGKILL")
      yield* eventually(() => !isLocked(`${folder}/lock`))
    }))

  it.scopedLive("needs nothing of flock that BusyBox has not", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const flock = Fs.realpathSync(spawnSync("sh", ["-c", "command -v flock"], { encoding: "utf8" }).stdout.trim())
      writeFiles(folder, {
        "bin/flock": {
          exec: `#!/bin/sh\nfor a do case $a in -[!sxun3]*|--*) exit 1;; esac; done\nexec ${flock} "$@"\n`
        }
      })
      const child = holder(folder)([`${folder}/lock`, `${folder}/held`], `${folder}/bin`)
      yield* eventually(() => Fs.existsSync(`${folder}/held`))
      assert.isTrue(isLocked(`${folder}/lock`))
      child.kill("SIGKILL")
    }))

  it.scopedLive("says what is missing where there is neither", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const before = process.env["PATH"]
      process.env["PATH"] = pathWith(folder)
      const error = yield* Effect.flip(withLock(`${folder}/lock`)(Effect.void)).pipe(
        Effect.ensuring(Effect.sync(() => {
          process.env["PATH"] = before
        }))
      )
      assert.strictEqual(error.message, `cannot lock ${folder}/lock: neither flock nor perl is installed`)
    }))

  it.scopedLive("lets the callers of one process in one after the other", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const locks = yield* Effect.provide(RepoLock, RepoLock.layer)
      let inside = 0
      const most: Array<number> = []
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => index),
        () =>
          locks.withLock(`${folder}/lock`)(Effect.gen(function*() {
            inside += 1
            most.push(inside)
            yield* Effect.yieldNow()
            inside -= 1
          })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(most, [1, 1, 1, 1, 1, 1, 1, 1])
    }))

  it.scopedLive("frees the lock after a failure, a defect and an interruption", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const lock = `${folder}/lock`
      assert.deepStrictEqual(yield* Effect.exit(withLock(lock)(Effect.fail("no"))), Exit.fail("no"))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(withLock(lock)(Effect.die("bug")))))
      const inside = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(withLock(lock)(Effect.zipRight(Deferred.succeed(inside, void 0), Effect.never)))
      yield* Deferred.await(inside)
      assert.isTrue(isLocked(lock))
      yield* Fiber.interrupt(fiber)
      assert.isFalse(isLocked(lock))
    }))

  it.scopedLive("stops waiting when interrupted, and not by a terminal's signal to everybody in its group", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const lock = `${folder}/lock`
      const child = holder(folder)([lock, `${folder}/held`])
      yield* eventually(() => Fs.existsSync(`${folder}/held`))
      const waiting = yield* Effect.fork(withLock(lock)(Effect.void))
      yield* eventually(() => childrenOf(process.pid, "flock").length > 0)
      for (const pid of childrenOf(process.pid, "flock")) assert.strictEqual(groupOf(pid), pid)
      const exit = yield* Fiber.interrupt(waiting)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* eventually(() => childrenOf(process.pid, "flock").length === 0)
      assert.isTrue(isLocked(lock))
      child.kill("SIGKILL")
    }))

  it.scoped("says why the lock's file can't be opened", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const error = yield* Effect.flip(withLock(`${folder}/no/lock`)(Effect.void))
      assert.include(error.message, `cannot lock ${folder}/no/lock: `)
      assert.include(error.message, "ENOENT")
    }))
})
