/** Applying is what plain git's cherry-pick does, with the run's base in place of history. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import { type Files, gitRepo, plainGit } from "../../support/GitRepo.ts"
import { apply, cloneOf, doWork, listing, recorded, refused, statusOf, tryGit, type Work } from "./support.ts"

const lines = ["1", "2", "3", "4", "5", "6", "7"]
const base: Files = {
  "text": `${lines.join("\n")}\n`,
  "src/a": "a\n",
  "src/deep/b": "b\n",
  "run": { exec: "#!/bin/sh\n" },
  "link": { link: "text" },
  "bin": new Uint8Array([0, 1, 2]),
  "odd \"ü\n": "odd\n"
}
const names = [...Object.keys(base), "src", "src/deep", "link/in", "new", "new/in", "x/y/z", "-n", ":(glob)*"]

/** The text with one of its lines changed: others may change another. */
const edited = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom("X", "Y")).map(([at, text]) =>
  `${lines.with(at, text).join("\n")}\n`
)
const content = fc.oneof(
  fc.constantFrom("", "text\n", "no end", "a\r\nb\r\n"),
  fc.constantFrom({ link: "src/a" }, { exec: "run\n" }, new Uint8Array([0, 255, 10]))
)
const change: fc.Arbitrary<Work> = fc.record({
  write: fc.oneof(
    edited.map((text): Files => ({ text })),
    fc.tuple(edited, fc.constantFrom(...names), content).map(([text, name, other]): Files => ({ text, [name]: other })),
    fc.tuple(fc.constantFrom(...names), content).map(([name, other]): Files => ({ [name]: other }))
  ),
  remove: fc.subarray(["src/a", "src/deep", "run", "odd \"ü\n"], { maxLength: 2 })
})

const scenario = fc.record({ tasks: fc.array(change, { minLength: 1, maxLength: 3 }), since: fc.option(change) })

describe("apply", () => {
  it.scopedLive("gives the tree, the index and the files that git cherry-pick --no-commit gives, or tells a conflict where it does", () =>
    Effect.gen(function*() {
      const seen = { clean: 0, conflicts: 0 }
      for (const { since, tasks } of fc.sample(scenario, { numRuns: 10, seed: 20261123 })) {
        yield* Effect.scoped(Effect.gen(function*() {
          const repo = yield* gitRepo({ files: base })
          const work = Object.fromEntries(tasks.map((one, at) => [`t${at}`, one]))
          const results = yield* recorded(repo, work)
          if (since !== null) {
            doWork(repo.root, since)
            repo.commit()
          }
          const refs = results.flatMap(({ ref }) => ref === null ? [] : [ref])
          if (refs.length === 0) return
          const clone = cloneOf(repo, repo.head())
          for (const ref of refs) plainGit(clone, repo.env, "fetch", "-q", "origin", `${ref}:${ref}`)
          const clean = refs.every((ref) => tryGit(clone, repo.env, "cherry-pick", "--no-commit", ref).code === 0)
          if (clean) {
            yield* apply(repo, { run: "r1" })
            assert.strictEqual(repo.git("write-tree"), plainGit(clone, repo.env, "write-tree"))
            assert.deepStrictEqual(listing(repo.root), listing(clone))
            assert.deepStrictEqual(statusOf(repo).filter((line) => line.slice(1, 2) !== " "), [])
            repo.git("fsck", "--strict", "--no-dangling", "--no-progress")
          } else {
            const kinds = (yield* refused(repo, { run: "r1" })).map(({ kind }) => kind)
            assert.deepStrictEqual([...new Set(kinds)], ["conflict"])
          }
          seen[clean ? "clean" : "conflicts"] += 1
          Fs.rmSync(clone, { recursive: true })
        }))
      }
      assert.isAbove(seen.clean, 2)
      assert.isAbove(seen.conflicts, 1)
    }))

  it.scopedLive("a file in a folder that was renamed meanwhile goes where git would suggest it: as a conflict", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, { one: { write: { "src/deep/new": "new\n" } } })
      repo.git("mv", "src", "lib")
      repo.commit()
      const problems = yield* refused(repo, { run: "r1" })
      assert.deepStrictEqual(problems.map(({ path, with: others }) => [path, others]), [
        ["lib/deep/new", ["HEAD"]],
        ["src/deep/new", ["HEAD"]]
      ])
    }))

  it.scopedLive("a change of a file that was renamed meanwhile goes to its new name", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, { one: { write: { "text": `${lines.with(3, "X").join("\n")}\n` } } })
      repo.git("mv", "text", "renamed")
      repo.commit()
      const applied = yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(applied.tasks[0]?.files, ["renamed"])
      assert.deepStrictEqual(statusOf(repo), ["M  renamed"])
    }))
})
