import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { treeAfterPatch, treeOf, treeOnDisk, without } from "../support/capture.ts"
import { gitRepo, plainGit, writeFiles } from "../support/GitRepo.ts"
import { snapshotOf } from "../support/snapshot.ts"
import { acquireWorktree, captureChanges, stages, testRef } from "../support/stages.ts"

const base = {
  ".gitignore": "ignored/\n*.log\n",
  "src/a.ts": "one\ntwo\nthree\n",
  "src/b.ts": "b\n",
  "src/deep/c.ts": "c\n",
  "docs/crlf.txt": "one\r\ntwo\r\n",
  "run.sh": { exec: "#!/bin/sh\n" },
  "link": { link: "src/a.ts" },
  "bin.dat": new Uint8Array([0, 1, 2, 3, 255]),
  "empty": "",
  "no-eol": "no end",
  "ünï/odd \"name\".txt": "odd\n",
  "kept.log": "a tracked file in spite of the ignore rules\n"
}

/** Names that a task may change: those of the base, and odd ones. */
const names = [
  ...Object.keys(base),
  "src",
  "src/deep",
  "docs",
  "new.ts",
  "src/new/deeper/file.ts",
  "link/inside",
  "-n",
  "--help",
  "new line\nin\ttabs",
  "quo\"te'd \\ back",
  "ünïcode/名前 🎉",
  " leading space",
  "*?[a]",
  ":(glob)**",
  "a{b,c}",
  "#comment",
  "!bang",
  "src/.gitignore",
  "src/.gitattributes",
  "ignored/output.js",
  "trace.log"
]

const content = fc.oneof(
  fc.constantFrom(
    "",
    "text\n",
    "no end",
    "one\r\ntwo\r\n",
    "one\nTWO\nthree\n",
    "*\n",
    "* binary\n",
    "a\u2028b\n",
    "$Id$\n"
  ),
  fc.uint8Array({ maxLength: 300 })
)

const step = fc.record({
  what: fc.constantFrom(
    ...["write", "write", "write", "delete", "rename", "chmod", "link", "folder"] as const,
    ...["add", "commit", "unstage", "assume", "skip", "branch", "reset", "exclude"] as const
  ),
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  content
})
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

const exists = (path: string) => {
  try {
    return Fs.lstatSync(path)
  } catch {
    return undefined
  }
}

/** Room for a name: whatever is in its way goes, also above it. */
const makeRoom = (root: string, name: string) => {
  for (let folder = Path.dirname(name); folder !== "."; folder = Path.dirname(folder)) {
    const above = exists(`${root}/${folder}`)
    if (above !== undefined && !above.isDirectory()) Fs.rmSync(`${root}/${folder}`)
  }
  Fs.rmSync(`${root}/${name}`, { recursive: true, force: true })
  Fs.mkdirSync(Path.dirname(`${root}/${name}`), { recursive: true })
}

/** One thing that an agent does; git's refusals are as good as anything. */
const take = (root: string, env: Readonly<Record<string, string>>, { content, name, other, what }: Step) => {
  const path = `${root}/${name}`
  const git = (...args: ReadonlyArray<string>) => {
    try {
      plainGit(root, env, "--literal-pathspecs", ...args)
    } catch {
      // Refused.
    }
  }
  const there = exists(path)
  switch (what) {
    case "write":
      makeRoom(root, name)
      return Fs.writeFileSync(path, content)
    case "delete":
      return there === undefined ? undefined : Fs.rmSync(path, { recursive: true })
    case "rename":
      if (there === undefined || `${other}/`.startsWith(`${name}/`) || `${name}/`.startsWith(`${other}/`)) return
      makeRoom(root, other)
      return exists(path) === undefined ? undefined : Fs.renameSync(path, `${root}/${other}`)
    case "chmod":
      return there?.isFile() === true ? Fs.chmodSync(path, there.mode ^ 0o111) : undefined
    case "link":
      makeRoom(root, name)
      return Fs.symlinkSync(other, path)
    case "folder":
      makeRoom(root, name)
      return writeFiles(root, { [`${name}/file in folder`]: content })
    case "add":
      return git("add", "-A")
    case "commit":
      git("add", "-A")
      return git("commit", "-q", "-m", "an agent's")
    case "unstage":
      return git("rm", "-r", "-q", "--cached", "--", name)
    case "assume":
      return git("update-index", "--assume-unchanged", "--", name)
    case "skip":
      return git("update-index", "--skip-worktree", "--", name)
    case "branch":
      return git("checkout", "-q", "-b", `b${Math.abs(other.length)}`)
    case "reset":
      return git("reset", "-q", "HEAD~1")
    case "exclude":
      return git("config", "core.excludesFile", "/dev/null")
  }
}

const trackedAnyway = new Set(Object.keys(base))

const isIgnoredByBase = (path: string) =>
  !trackedAnyway.has(path) && (path.startsWith("ignored/") || /\.log(\/|$)/.test(path))

describe("Patches.capture", () => {
  it("stores the bytes on disk exactly, whatever was done to get there, and gives a patch that makes them", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) =>
        Effect.runPromise(
          Effect.gen(function*() {
            const repo = yield* gitRepo({ files: base })
            repo.git("add", "-f", "kept.log")
            repo.commit()
            yield* Effect.gen(function*() {
              const worktree = yield* acquireWorktree(repo)
              const commit = worktree.base.commit
              for (const one of steps) take(worktree.path, repo.env, one)
              const onDisk = without(treeOnDisk(worktree.path), isIgnoredByBase)
              const user = snapshotOf(repo.root)
              const checkout = (tree: Readonly<Record<string, string>>) =>
                Object.fromEntries(Object.entries(tree).filter(([path]) => !/^\.git\/(objects|refs\/codex)/.test(path)))
              const changes = yield* captureChanges(worktree)
              assert.deepStrictEqual(changes.incomplete, [])
              assert.deepStrictEqual(checkout(snapshotOf(repo.root)), checkout(user))
              assert.deepStrictEqual(without(treeOnDisk(worktree.path), isIgnoredByBase), onDisk)
              if (changes.patch === null || changes.ref === null) {
                assert.deepStrictEqual(onDisk, treeOf(repo, commit))
                assert.deepStrictEqual([changes.patch, changes.ref, changes.files], [null, null, []])
                assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
                return
              }
              assert.deepStrictEqual(treeOf(repo, changes.ref), onDisk)
              assert.strictEqual(changes.ref, testRef)
              assert.strictEqual(repo.git("rev-parse", `${testRef}^@`), commit)
              const before = treeOf(repo, commit)
              const paths = new Set([...Object.keys(before), ...Object.keys(onDisk)])
              assert.deepStrictEqual(
                changes.files.map((file) => file.path).sort(),
                [...paths].filter((path) => before[path] !== onDisk[path]).sort()
              )
              assert.isTrue(changes.applies.onBase && changes.applies.onHead, changes.applies.log)
              assert.strictEqual(
                treeAfterPatch(repo, commit, changes.patch.path),
                repo.git("rev-parse", `${testRef}^{tree}`)
              )
              assert.strictEqual(changes.patch.bytes, Fs.statSync(changes.patch.path).size)
              // A task may well put a folder or a link where git wants an attribute file.
              const ignored = ["gitattributesBlob", "gitattributesSymlink", "gitignoreSymlink"]
              const tolerant = ignored.flatMap((what) => ["-c", `fsck.${what}=ignore`])
              assert.strictEqual(repo.git(...tolerant, "fsck", "--strict", "--no-dangling"), "")
            }).pipe(Effect.scoped, Effect.provide(stages(repo)))
          }).pipe(Effect.scoped)
        )),
      { numRuns: Number(process.env["ROUND_TRIP_RUNS"] ?? 12), endOnFailure: true }
    ))
})
