import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { TreeChange } from "../../src/git/treeChanges.ts"
import { conflictPairs } from "../../src/run/conflictPairs.ts"
import { gitRepo } from "../support/GitRepo.ts"
import { conflictsIn, leftBehind, listing, recorded, tryGit, type Work } from "./apply/support.ts"

const blob = { mode: "100644", id: "1" }
const changed = (path: string): TreeChange => ({ path, before: blob, after: blob })
const added = (path: string): TreeChange => ({ path, before: null, after: blob })
const deleted = (path: string): TreeChange => ({ path, before: blob, after: null })

const pairsOf = (tasks: ReadonlyArray<ReadonlyArray<TreeChange>>) => conflictPairs(tasks, 100).pairs

describe("pairs that could conflict", () => {
  it("share a path, or one has as a file what the other has as a folder", () => {
    assert.deepStrictEqual(pairsOf([[changed("a")], [changed("b")], [changed("b"), changed("a")]]), [[0, 2], [
      1,
      2
    ]])
    assert.deepStrictEqual(pairsOf([[added("x/y/z")], [added("x")], [added("xy")]]), [[0, 1]])
  })

  it("or one adds to a folder that the other took files from, since it may have been renamed", () => {
    const rename = [deleted("src/a"), added("lib/a")]
    assert.deepStrictEqual(pairsOf([rename, [added("src/deep/new")]]), [[0, 1]])
    assert.deepStrictEqual(pairsOf([rename, [changed("src/b")]]), [])
    assert.deepStrictEqual(pairsOf([[deleted("top")], [added("anywhere/new")]]), [[0, 1]])
  })

  it("none of one task, or of none", () => {
    assert.deepStrictEqual(pairsOf([[changed("a"), deleted("b"), added("c")]]), [])
    assert.deepStrictEqual(pairsOf([]), [])
  })

  it("the first ones, and how many there are beyond", () => {
    const tasks = [1, 2, 3].map(() => [changed("a")])
    assert.deepStrictEqual(conflictPairs(tasks, 2), { pairs: [[0, 1], [0, 2]], leftOut: 1 })
    assert.strictEqual(conflictPairs(tasks, 3).leftOut, 0)
  })
})

const base = {
  "a.txt": "1\n2\n3\n4\n5\n",
  "b.txt": "b\n",
  "d/one": "one one one\nfirst\n",
  "d/two": "two two two\nsecond\n"
}

describe("a run's conflicts", () => {
  it.scopedLive("each pair with its files, by what git calls it; nothing of the repository changes", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, {
        top: { write: { "a.txt": "ONE\n2\n3\n4\n5\n" } },
        bottom: { write: { "a.txt": "1\n2\n3\n4\nFIVE\n" } },
        both: { write: { "a.txt": "X\n2\n3\n4\nY\n", "b.txt": "both\n" } },
        gone: { remove: ["b.txt"] },
        move: { write: { "e/one": base["d/one"], "e/two": base["d/two"] }, remove: ["d"] },
        add: { write: { "d/three": "three\n" } },
        file: { write: { "d": "a file\n" } },
        nothing: {},
        bad: { write: { "b.txt": "bad\n" }, result: { status: "failed" } }
      })
      repo.write({ "a.txt": "mine\n" })
      const before = [listing(repo.root), repo.git("count-objects", "-v"), repo.git("show-ref")]
      const found = yield* conflictsIn(repo)
      assert.deepStrictEqual([listing(repo.root), repo.git("count-objects", "-v"), repo.git("show-ref")], before)
      assert.deepStrictEqual(leftBehind(repo), [])
      assert.deepStrictEqual<ReadonlyArray<string>>(found.tasks, [
        "top",
        "bottom",
        "both",
        "gone",
        "move",
        "add",
        "file",
        "bad"
      ])
      assert.deepStrictEqual(
        found.conflicts.map((
          { files, tasks }
        ) => [tasks.join(" "), ...files.map(({ path, type }) => `${path}: ${type}`)]),
        [
          ["top both", "a.txt: contents"],
          ["bottom both", "a.txt: contents"],
          ["both gone", "b.txt: modify/delete"],
          ["both bad", "b.txt: contents"],
          ["gone bad", "b.txt: modify/delete"],
          ["move add", "d/three: directory rename suggested", "e/three: directory rename suggested"],
          ["move file", ...["d/one", "d/two", "e/one", "e/two"].map((path) => `${path}: rename/delete`)],
          ["add file", "d: file/directory"]
        ]
      )
      assert.strictEqual(found.pairs_left_out, 0)
    }))

  it.scopedLive("a ref that was moved or deleted is left out, and the first is told", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      const change = { write: { "b.txt": "x\n" } }
      yield* recorded(repo, { one: change, moved: change, deleted: change, two: { write: { "b.txt": "y\n" } } })
      repo.commit()
      repo.git("update-ref", "refs/codex-runner/r1/moved", repo.commit({ "c": "c\n" }))
      repo.git("update-ref", "-d", "refs/codex-runner/r1/deleted")
      const found = yield* conflictsIn(repo)
      assert.deepStrictEqual<ReadonlyArray<string>>(found.tasks_left_out, ["moved"])
      assert.deepStrictEqual(found.conflicts.map(({ tasks }) => tasks.join(" ")), ["one two"])
    }))

  it.scopedLive("no pair that git finds a conflict in is passed over", () =>
    Effect.gen(function*() {
      const names = ["a.txt", "b.txt", "d/one", "d/two", "d", "e/one", "e/two", "d/new", "d/deep/x", "lib/one", "new"]
      const work = fc.record({
        write: fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...Object.values(base), "other\n"), {
          maxKeys: 3
        })
          .map((files) =>
            Object.fromEntries(
              Object.entries(files).filter(([name]) => !Object.keys(files).some((one) => one.startsWith(`${name}/`)))
            )
          ),
        remove: fc.subarray(["a.txt", "b.txt", "d", "d/one", "d/two"], { maxLength: 3 })
      })
      const works = fc.sample(work, { numRuns: 16, seed: 20261122 })
      const tasks: Record<string, Work> = Object.fromEntries(works.map((one, at) => [`t${at}`, one]))
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, tasks)
      const found = yield* conflictsIn(repo)
      const all = found.tasks.flatMap((one, at) => found.tasks.slice(at + 1).map((other) => [one, other] as const))
      const byGit = all.filter(([one, other]) => {
        const sides = [one, other].map((task) => `refs/codex-runner/r1/${task}`)
        return tryMerge(repo, sides)
      })
      assert.isAbove(byGit.length, 10)
      assert.deepStrictEqual(
        found.conflicts.map(({ tasks: pair }) => pair.join(" ")),
        byGit.map((pair) => pair.join(" "))
      )
    }))
})

const tryMerge = (repo: Parameters<typeof conflictsIn>[0], sides: ReadonlyArray<string>): boolean =>
  tryGit(repo.root, repo.env, "merge-tree", "--write-tree", ...sides).code === 1
