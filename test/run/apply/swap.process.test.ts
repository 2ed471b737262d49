/** The swap at every point at which it could be killed, and with whatever somebody does before it is set right. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { stampOf, statAt, type Swap, swapBack, swapSteps } from "../../../src/run/applySwap.ts"
import { type Files, scratchFolder, writeFiles } from "../../support/GitRepo.ts"
import { listing } from "./support.ts"

const names = ["a", "b", "a/x", "a/y", "b/c/d", "b/c/e", "e", "é \n"]
const content = fc.oneof(
  fc.constantFrom("", "one\n", "two\n"),
  fc.constantFrom({ link: "a" }, { link: "../outside" }, { exec: "run\n" })
)
/** A tree: no file is another's folder. */
const tree = fc.dictionary(fc.constantFrom(...names), content, { maxKeys: 6 }).map((files) =>
  Object.fromEntries(
    Object.entries(files).filter(([name]) => !Object.keys(files).some((other) => other.startsWith(`${name}/`)))
  )
)

const bystanders: Files = { "mine/untracked": "mine\n" }

/** A checkout with one tree in it, and a swap that makes another of it. */
const prepare = (folder: string, from: Files, to: Files): Swap => {
  const [root, area] = [Path.join(folder, "root"), Path.join(folder, "area")]
  for (const place of [root, area]) Fs.rmSync(place, { recursive: true, force: true })
  for (const place of [root, `${area}/old`, `${area}/new`]) Fs.mkdirSync(place, { recursive: true })
  writeFiles(root, { ...from, ...bystanders })
  writeFiles(`${area}/new`, to)
  const paths = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return {
    root,
    area,
    files: paths.map((path) => ({
      path,
      old: path in from ? stampOf(Path.join(root, path)) : null,
      new: path in to ? stampOf(Path.join(area, "new", path)) : null
    }))
  }
}

const expected = (folder: string, files: Files): ReadonlyArray<string> => {
  const root = Path.join(folder, "expected")
  Fs.rmSync(root, { recursive: true, force: true })
  Fs.mkdirSync(root)
  writeFiles(root, { ...files, ...bystanders })
  return listing(root)
}

describe("a swap", () => {
  it.scoped("done: one tree for another; killed after any step, then set right: as it was", () =>
    Effect.map(scratchFolder, (folder) => {
      fc.assert(
        fc.property(tree, tree, fc.nat({ max: 12 }), (from, to, killedAfter) => {
          const whole = prepare(folder, from, to)
          for (const _ of swapSteps(whole));
          assert.deepStrictEqual(listing(whole.root), expected(folder, to))

          const swap = prepare(folder, from, to)
          const steps = swapSteps(swap)
          for (let step = 0; step < killedAfter && steps.next().done !== true; step++);
          assert.deepStrictEqual(swapBack(swap), [])
          assert.deepStrictEqual(listing(swap.root), expected(folder, from))
        }),
        { numRuns: 60 }
      )
    }))

  it.scoped("what somebody wrote after it was killed is never lost, and neither is what was there before", () =>
    Effect.map(scratchFolder, (folder) => {
      fc.assert(
        fc.property(tree, tree, fc.nat({ max: 12 }), fc.constantFrom(...names), (from, to, killedAfter, name) => {
          const swap = prepare(folder, from, to)
          const steps = swapSteps(swap)
          for (let step = 0; step < killedAfter && steps.next().done !== true; step++);
          const mine = Path.join(swap.root, name)
          // Written through no link, of which one can lead to itself.
          fc.pre(statAt(Path.dirname(mine))?.isDirectory() === true)
          const there = statAt(mine)
          fc.pre(there === undefined || there.isFile())
          Fs.writeFileSync(mine, "written since\n")
          const left = swapBack(swap)
          assert.strictEqual(Fs.readFileSync(mine, "utf8"), "written since\n")
          for (const [number, { path }] of swap.files.entries()) {
            const aside = statAt(`${swap.area}/old/${number}`) !== undefined
            assert.strictEqual(aside, left.includes(path), path)
            if (path !== name && path in from && !aside) {
              assert.isDefined(statAt(Path.join(swap.root, path)), path)
            }
          }
        }),
        { numRuns: 60 }
      )
    }))

  it.scoped("stops before a file that was written to meanwhile, and before a link in the place of a folder", () =>
    Effect.map(scratchFolder, (folder) => {
      const written = prepare(folder, { a: "one\n", b: "b\n" }, { a: "two\n" })
      Fs.appendFileSync(`${written.root}/a`, "mine\n")
      assert.throws(() => [...swapSteps(written)], /"a": it was changed meanwhile/)
      swapBack(written)
      assert.strictEqual(Fs.readFileSync(`${written.root}/a`, "utf8"), "one\nmine\n")

      const linked = prepare(folder, {}, { "sub/file": "x\n" })
      Fs.mkdirSync(`${folder}/elsewhere`)
      Fs.symlinkSync(`${folder}/elsewhere`, `${linked.root}/sub`)
      assert.throws(() => [...swapSteps(linked)], /sub is no folder/)
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/elsewhere`), [])

      const circle = prepare(folder, {}, { "sub/file": "x\n" })
      Fs.symlinkSync("sub", `${circle.root}/sub`)
      assert.throws(() => [...swapSteps(circle)], /sub is no folder/)
      assert.deepStrictEqual(swapBack(circle), [])
    }))
})
