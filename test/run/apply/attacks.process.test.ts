/** Patches that are signed but hostile, as if a task had found a way around every check before. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type GitRepo, gitRepo } from "../../support/GitRepo.ts"
import { apply, recorded, refused, statusOf, told } from "./support.ts"

const added = (path: string, content: string, mode = "100644"): string =>
  [
    `diff --git "a/${path}" "b/${path}"`,
    `new file mode ${mode}`,
    "--- /dev/null",
    `+++ "b/${path}"`,
    "@@ -0,0 +1 @@",
    `+${content}`,
    ...(mode === "120000" ? ["\\ No newline at end of file"] : []),
    ""
  ].join("\n")

const hostile: Readonly<Record<string, string>> = {
  "a file through a link of the same patch": added("door", "..", "120000") + added("door/planted", "x"),
  "a file through a link of an earlier commit": added("out/planted", "x"),
  "a path that leads out": added("../planted", "x"),
  "a path that leads out, from further in": added("sub/../../planted", "x"),
  "an absolute path": added("/planted", "x"),
  "git's own folder": added(".git/hooks/post-checkout", "x"),
  "git's own folder, in other letters": added(".GIT/config", "x"),
  "git's own folder, as Windows has it": added("git~1/config", "x"),
  "git's own folder, with what HFS leaves out": added(".g\u200cit/config", "x"),
  "git's own folder, further in": added("sub/.git/config", "x"),
  "what is no patch": "not a patch\n",
  "a change of what is not there": added("a.txt", "x").replace("new file mode 100644\n", "").replace(
    "/dev/null",
    "\"a/a.txt\""
  )
}

/** Everything around the checkout but git's objects and the state. */
const around = (repo: GitRepo): ReadonlyArray<string> =>
  Fs.readdirSync(repo.home, { recursive: true, withFileTypes: true })
    .map((entry) => Path.relative(repo.home, Path.join(entry.parentPath, entry.name)))
    .filter((name) => !/\/objects(\/|$)|^state(\/|$)/.test(name)).sort()

describe("a hostile patch", () => {
  it.scopedLive("that would write elsewhere is refused, and nothing is written at all", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "a\n", "out": { link: ".." }, "sub/x": "x\n" } })
      const names = Object.keys(hostile)
      yield* recorded(repo, Object.fromEntries(names.map((name, at) => [`t${at}`, { patch: hostile[name] ?? "" }])))
      const before = around(repo)
      for (const [at, name] of names.entries()) {
        const problems = told(yield* refused(repo, { run: "r1", tasks: [`t${at}`] }))
        assert.match(problems.join("\n"), /^failed: git apply failed \(exit (1|128)\): /, name)
        assert.deepStrictEqual(around(repo), before, name)
      }
    }))

  it.scopedLive("whose link is where HEAD has a folder by now: a conflict, nothing is written through it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "a\n" } })
      yield* recorded(repo, {
        one: { patch: added("door", "..", "120000") },
        two: { write: { "door/planted": "x\n" } }
      })
      assert.match(
        told(yield* refused(repo, { run: "r1" })).join("\n"),
        /^conflict: "door": two conflicts with task one/
      )
      repo.commit({ "door/mine": "mine\n" })
      assert.match(told(yield* refused(repo, { run: "r1", tasks: ["one"] })).join("\n"), /^conflict: "door": one/)
      assert.isFalse(Fs.existsSync(`${repo.home}/planted`))
    }))
})

describe("nothing that a task leaves runs when it is applied", () => {
  it.scopedLive("hooks, filters, drivers of merge and diff, monitors, editors, signers", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "1\n2\n3\n", "b.txt": "b\n" } })
      yield* recorded(repo, {
        one: {
          write: {
            ".gitattributes": "* filter=trap merge=trap diff=trap\n",
            ".gitconfig": `[core]\n\tfsmonitor = ${repo.home}/trap\n`,
            ".husky/post-commit": { exec: `#!/bin/sh\ntouch '${repo.home}/trapped'\n` },
            "a.txt": "1\n2\nthree\n",
            "new.txt": "new\n"
          }
        },
        two: { write: { "a.txt": "ONE\n2\n3\n" } }
      })
      const trap = `${repo.home}/trap`
      Fs.writeFileSync(trap, `#!/bin/sh\ntouch '${repo.home}/trapped'\ncat\n`, { mode: 0o755 })
      // The user has all of this configured, for files of their own choice.
      for (
        const key of [
          "filter.trap.smudge",
          "filter.trap.clean",
          "merge.trap.driver",
          "diff.trap.command",
          "diff.trap.textconv"
        ]
      ) {
        repo.git("config", key, trap)
      }
      for (const key of ["core.fsmonitor", "core.editor", "gpg.program", "core.sshCommand"]) {
        repo.git("config", key, trap)
      }
      repo.git("config", "commit.gpgSign", "true")
      repo.git("config", "core.hooksPath", `${repo.home}/hooks`)
      const hooks = [
        "post-index-change",
        "reference-transaction",
        "post-checkout",
        "post-commit",
        "pre-commit",
        "post-merge"
      ]
      Fs.mkdirSync(`${repo.home}/hooks`)
      for (const hook of hooks) Fs.copyFileSync(trap, `${repo.home}/hooks/${hook}`)

      yield* apply(repo, { run: "r1", check: true })
      yield* apply(repo, { run: "r1", branch: "side" })
      yield* apply(repo, { run: "r1" })
      assert.isFalse(Fs.existsSync(`${repo.home}/trapped`))
      assert.strictEqual(repo.read("a.txt"), "ONE\n2\nthree\n")
      assert.strictEqual(repo.git("show", "side:a.txt"), "ONE\n2\nthree")

      // What is applied now is under the user's own attributes: their git, their programs.
      assert.include(statusOf(repo).map((line) => line.slice(3)), ".gitattributes")
    }))

  it.scopedLive("an attribute file of the user's own counts as it was before", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ".gitattributes": "*.txt eol=crlf\n", "a.txt": "1\n2\n" } })
      yield* recorded(repo, { one: { write: { "b.txt": "b\n" }, remove: [".gitattributes"] } })
      repo.git("rm", "-q", "--cached", "a.txt")
      repo.git("reset", "-q", "--hard")
      assert.strictEqual(repo.read("a.txt"), "1\r\n2\r\n")
      yield* apply(repo, { run: "r1" })
      assert.strictEqual(repo.read("b.txt"), "b\r\n")
      assert.isFalse(Fs.existsSync(`${repo.root}/.gitattributes`))
    }))
})
