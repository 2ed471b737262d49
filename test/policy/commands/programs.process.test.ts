import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { commandHost } from "../../../src/policy/commandHost.ts"
import { judgeCommand } from "../../../src/policy/commands/judgeCommand.ts"
import { gitRepo } from "../../support/GitRepo.ts"
import { repository } from "./fakeHost.ts"

const searchPath = "/usr/local/bin:/usr/bin:/bin"

const canonicalIn = (worktree: string, command: string): string | undefined => {
  const verdict = judgeCommand({
    command,
    cwd: worktree,
    worktree,
    allowedCommands: [],
    allowReadOnly: true,
    host: commandHost(searchPath)
  })
  return verdict._tag === "Allow" ? verdict.canonical : undefined
}

const run = (cwd: string, command: string, env: Readonly<Record<string, string>>) =>
  spawnSync("/bin/sh", ["-c", command], { cwd, env, encoding: "utf8", input: "", timeout: 20_000 })

const friendly = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ allow: Schema.Array(Schema.String) })))(
  readFileSync(new URL("../../fixtures/commands/friendly.json", import.meta.url), "utf8")
).allow

describe("read-only commands, really run", () => {
  it.scoped("are understood by the programs in the form they are rewritten to", () =>
    Effect.map(gitRepo({ files: {} }), (repo) => {
      for (const content of ["1\n", "2\n", "3\n", "4\n"]) {
        repo.commit(Object.fromEntries(
          repository.files.filter((file) => file.startsWith("/wt/") && !file.endsWith("/.git") && !file.includes("/-"))
            .map((file) => [file.slice(4), content])
        ))
      }
      const misunderstood = friendly.flatMap((command) => {
        const canonical = canonicalIn(repo.root, command)
        if (canonical === undefined) return []
        const { stderr } = run(repo.root, canonical, repo.env)
        return /usage|illegal|invalid|unrecognized|unknown|must come before|not found/i.test(stderr) &&
            !/abc123|HEAD@|'main/.test(stderr + command)
          ? [{ canonical, stderr }]
          : []
      })
      assert.deepStrictEqual(misunderstood, [])
    }))
})

describe("git, in a repository that names programs to run", () => {
  it.scoped("runs none of them", () =>
    Effect.map(gitRepo({ files: { "a.x": "one\n", ".gitattributes": "*.x diff=planted\n" } }), (repo) => {
      const planted = `${repo.home}/planted.sh`
      const trace = `${repo.home}/trace`
      repo.write({ "../planted.sh": { exec: `#!/bin/sh\necho "$0 $@" >>'${trace}'\ncat "$1" 2>/dev/null\n` } })
      repo.commit({ "a.x": "two\n" })
      // A repository inside, known to the outer one as a submodule is.
      repo.git("init", "-q", "sub")
      repo.git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "inner")
      repo.git("add", "sub")
      repo.commit({ "b.x": "b\n" })
      repo.git("-C", "sub", "config", "core.fsmonitor", planted)
      for (const key of ["diff.external", "diff.planted.textconv", "core.pager", "pager.log", "gpg.program"]) {
        repo.git("config", key, planted)
      }
      repo.git("config", "diff.submodule", "diff")
      repo.git("config", "submodule.recurse", "true")
      repo.write({ "a.x": "three\n", "sub/new.txt": "new\n" })

      const commands = [
        "git status",
        "git status --short",
        "git diff",
        "git diff HEAD~1 -- a.x",
        "git diff --cached",
        "git log -p",
        "git log --oneline -3 --stat",
        "git show",
        "git show HEAD:a.x",
        "git show HEAD~1 -- a.x",
        "git blame a.x",
        "git grep -n t",
        "git grep t HEAD",
        "git ls-files -m",
        "git rev-parse HEAD"
      ]
      for (const command of commands) {
        const canonical = canonicalIn(repo.root, command)
        if (canonical === undefined) return assert.fail(command)
        const end = run(repo.root, canonical, repo.env)
        assert.deepStrictEqual({ command, status: end.status, stderr: end.stderr }, { command, status: 0, stderr: "" })
        assert.isFalse(existsSync(trace), `${command} ran ${existsSync(trace) ? readFileSync(trace, "utf8") : ""}`)
      }
      assert.isUndefined(canonicalIn(repo.root, "cd sub && git status"))
      // The same commands as the model wrote them do run it: the trap works.
      run(repo.root, "git diff; git show HEAD:a.x; git status", repo.env)
      assert.isTrue(existsSync(trace))
    }))
})
