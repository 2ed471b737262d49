/** A git that hangs, deaf to SIGTERM: its call is given up in time, its task fails for it, the others don't. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { Git, type GitCall } from "../../src/git/Git.ts"
import { marked } from "../support/containment.ts"
import { gitRepo, writeFiles } from "../support/GitRepo.ts"
import { leftovers, pipeline, requestFor, run, worktreesOf, writes } from "./pipeline.ts"

const realGit = spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim()

/** By what is asked of it, for the task `hung` alone. */
const hangs = ({ args, target }: GitCall, words: string): boolean =>
  `${args.join(" ")} ${target._tag === "Private" ? target.workTree : ""}`.includes("hung") &&
  args.join(" ").includes(words)

/** The calls that hang have half a second in place of their minutes; the others keep theirs. */
const impatient = (words: string) =>
  Layer.effect(
    Git,
    Effect.map(Git, (git) => {
      const limited = (call: GitCall): GitCall => hangs(call, words) ? { ...call, timeout: "500 millis" } : call
      return Git.of({ run: (call) => git.run(limited(call)), text: (call) => git.text(limited(call)) })
    })
  ).pipe(Layer.provide(Git.layer))

const fakeGit = (words: string): string =>
  `#!/bin/sh
case "$* $GIT_WORK_TREE" in
  *hung*) case "$*" in *'${words}'*) trap '' TERM; sleep 1000 & while :; do sleep 0.1; done ;; esac ;;
esac
exec '${realGit}' "$@"
`

const runWith = (words: string) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo()
    writeFiles(repo.home, { "bin/git": { exec: fakeGit(words) } })
    // For the fake to be told apart from every other process.
    const env = { ...repo.env, PATH: `${repo.home}/bin:${repo.env["PATH"]}` }
    const result = yield* run(requestFor(["hung", "other"], { run_id: "r", concurrency: 2 })).pipe(
      Effect.provide(pipeline(repo, writes({ "src/new.txt": "new\n" }), { env, git: impatient(words) }))
    )
    const [hung, other] = result.results
    assert.strictEqual(other?.status, "success", other?.error?.message)
    assert.strictEqual(repo.git("show", "refs/codex-runner/r/other:src/new.txt"), "new")
    assert.deepStrictEqual(marked(`PATH=${env.PATH}`), [], "what the fake git started")
    return { repo, hung }
  })

describe("a git call that hangs", () => {
  for (const [stage, words] of [["registration", "worktree add"], ["checkout", "read-tree --reset -u"]] as const) {
    it.scopedLive(`at the ${stage}: the task has no worktree and says so, nothing is left`, () =>
      Effect.gen(function*() {
        const { hung, repo } = yield* runWith(words)
        assert.deepStrictEqual([hung?.status, hung?.error?.kind], ["failed", "worktree"])
        assert.match(hung?.error?.message ?? "", /git (worktree|read-tree) failed: no end within 500 ms/)
        assert.deepStrictEqual([worktreesOf(repo), leftovers(repo)], [[repo.root], []])
      }))
  }

  for (const [stage, words] of [["look at what changed", "ls-files -z -t"], ["ref", "update-ref"]] as const) {
    it.scopedLive(`at the ${stage}: nothing is captured, so the worktree is kept with the work in it`, () =>
      Effect.gen(function*() {
        const { hung, repo } = yield* runWith(words)
        assert.deepStrictEqual([hung?.status, hung?.error?.kind], ["failed", "patch"])
        assert.match(hung?.error?.message ?? "", /no end within 500 ms.* The worktree is kept\.$/)
        assert.strictEqual(Fs.readFileSync(`${hung?.workspace_path}/src/new.txt`, "utf8"), "new\n")
        assert.deepStrictEqual(worktreesOf(repo), [repo.root, hung?.workspace_path ?? ""])
      }))
  }
})
