import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { gitRepo } from "../support/GitRepo.ts"
import { scene } from "./support/scene.ts"
import { command, task } from "./support/script.ts"

/** What a linked worktree shares with the user's repository and with its siblings: a program that goes for all of it. */
const vandal = `import { spawnSync } from "node:child_process"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
const env = { ...process.env, GIT_AUTHOR_NAME: "e", GIT_AUTHOR_EMAIL: "e", GIT_COMMITTER_NAME: "e", GIT_COMMITTER_EMAIL: "e" }
delete env.GIT_CONFIG_COUNT
const git = (...args) => spawnSync("git", args, { env, encoding: "utf8" })
writeFileSync("src/base.txt", "stashed\\n")
const done = []
const tries = (name, ...args) => { if (git(...args).status === 0) done.push(name) }
tries("stash", "stash")
tries("commit", "commit", "--allow-empty", "-m", "evil")
tries("move main", "update-ref", "refs/heads/main", "HEAD~1")
tries("branch", "branch", "evil")
tries("tag", "tag", "evil")
tries("replace", "replace", "HEAD", "HEAD~1")
tries("config", "config", "core.fsmonitor", "touch evil")
tries("hook path", "config", "core.hooksPath", "/tmp")
for (const line of git("worktree", "list", "--porcelain").stdout.split("\\n")) {
  if (line.startsWith("worktree ") && line.includes("sibling")) tries("sibling", "worktree", "remove", "--force", line.slice(9))
}
const common = git("rev-parse", "--path-format=absolute", "--git-common-dir").stdout.trim()
for (const file of ["config", "hooks/post-checkout", "info/exclude"]) {
  try { appendFileSync(common + "/" + file, "\\n"); done.push(file) } catch {}
}
console.log("DONE:" + done.join())
`

const files = { "src/base.txt": "one\n", "work.mjs": vandal }

describe("13: what a worktree shares with the repository", () => {
  it.scopedLive("is out of an allowed program's reach: refs, stash, configuration, hooks, siblings", () =>
    Effect.gen(function*() {
      // Without a sandbox, in a worktree made by hand, all of it goes wrong.
      const plain = yield* gitRepo({ files })
      plain.commit({}, "second")
      for (const name of ["victim", "sibling"]) plain.git("worktree", "add", "-q", "--detach", `${plain.home}/${name}`)
      const before = plain.git("for-each-ref")
      const said = spawnSync(process.execPath, ["work.mjs"], {
        cwd: `${plain.home}/victim`,
        env: plain.env,
        encoding: "utf8"
      })
      assert.include(said.stdout, "DONE:stash,commit,move main,branch,tag,replace,config,hook path,sibling,config,")
      assert.notStrictEqual(plain.git("for-each-ref"), before)
      assert.isFalse(Fs.existsSync(`${plain.home}/sibling`))

      const { repo, run } = yield* scene({
        tasks: { a: task(command("node work.mjs")), sibling: task(command("ls")) },
        files
      })
      repo.commit({}, "second")
      // That nothing of the repository's is another than it was, the scene itself looks after.
      const { code, stderr, task: resultOf } = yield* run()
      assert.strictEqual(code, 0, stderr)
      assert.match(resultOf("a").evidence, /DONE:$/m)
      assert.deepStrictEqual(resultOf("a").files_changed, ["src/base.txt"])
      assert.strictEqual(resultOf("sibling").status, "success")
    }))
})
