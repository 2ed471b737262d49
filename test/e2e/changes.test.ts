import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { GitRepo } from "../support/GitRepo.ts"
import { type Outcome, scene } from "./support/scene.ts"
import { addFile, command, patch, task } from "./support/script.ts"

/** The patch on the base commit is the very tree that the ref holds; the checkout is as it was afterwards. */
const assertAppliesTo = (repo: GitRepo, outcome: Outcome, taskId: string): void => {
  const { patch_path, ref } = outcome.task(taskId)
  repo.git("apply", "--index", patch_path ?? "")
  assert.strictEqual(repo.git("write-tree"), repo.git("rev-parse", `${ref}^{tree}`), taskId)
  assert.strictEqual(repo.git("diff", "--name-only"), "", "and the files are as the index says")
  repo.git("reset", "-q", "--hard")
  repo.git("clean", "-q", "-f", "-d")
}

const oddNames = [
  "src/with space.txt",
  "src/-dash.txt",
  "src/quote\"s 'n $dollar.txt",
  "src/tab\there.txt",
  "src/new\nline.txt",
  "src/back\\slash.txt",
  "src/grüße-日本-🙂.txt",
  "src/[glob]*?.txt",
  "src/deep/er/than/before.txt"
]

/** One program for everything that `apply_patch` can't do. */
const work = `import * as fs from "node:fs"
const does = {
  binary: () => {
    fs.writeFileSync("src/data.bin", Buffer.from([0, 1, 2, 255, 10, 13, 0]))
    fs.writeFileSync("src/image.bin", Buffer.concat([fs.readFileSync("src/image.bin"), Buffer.from([0, 7])]))
  },
  modes: () => { fs.chmodSync("src/tool.sh", 0o755); fs.chmodSync("src/was-tool.sh", 0o644) },
  links: () => {
    fs.symlinkSync("base.txt", "src/link")
    fs.rmSync("src/becomes-link.txt")
    fs.symlinkSync("base.txt", "src/becomes-link.txt")
  },
  kinds: () => {
    fs.rmSync("src/becomes-folder")
    fs.mkdirSync("src/becomes-folder")
    fs.writeFileSync("src/becomes-folder/inside.txt", "inside\\n")
    fs.writeFileSync("src/empty.txt", "")
    fs.writeFileSync("src/crlf.txt", "one\\r\\ntwo\\r\\nno newline at the end")
  },
  names: () => {
    fs.mkdirSync("src/deep/er/than", { recursive: true })
    for (const name of ${JSON.stringify(oddNames)}) fs.writeFileSync(name, "odd\\n")
  },
  ignored: () => {
    fs.mkdirSync("node_modules/made-here", { recursive: true })
    fs.writeFileSync("node_modules/made-here/index.js", "1\\n")
    fs.writeFileSync("src/kept.txt", "kept\\n")
  }
}
does[process.argv[2] ?? "binary"]()
`

const works = ["binary", "modes", "links", "kinds", "names", "ignored"]

describe("what a task changes", () => {
  it.scopedLive("edits, deletions, renames, binaries, modes, links and odd names come back byte by byte", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: {
          edit: task(patch(
            "*** Update File: src/base.txt",
            "@@",
            "-one",
            " two",
            " three",
            "*** Add File: src/new/file.txt",
            "+new"
          )),
          delete: task(patch("*** Delete File: src/old.txt")),
          rename: task(patch(
            "*** Update File: src/old.txt",
            "*** Move to: src/renamed.txt",
            "@@",
            " old",
            "-content",
            "+content, edited"
          )),
          npm: task(command("npm test")),
          ...Object.fromEntries(works.map((name) => [name, task(command(`node work.mjs ${name}`))]))
        },
        files: {
          "work.mjs": work,
          "src/old.txt": "old\ncontent\n",
          "src/image.bin": new Uint8Array([137, 80, 0, 1, 2, 3]),
          "src/tool.sh": "#!/bin/sh\n",
          "src/was-tool.sh": { exec: "#!/bin/sh\n" },
          "src/becomes-link.txt": "a file\n",
          "src/becomes-folder": "a file\n"
        }
      })
      const outcome = yield* run()
      assert.strictEqual(outcome.code, 0, outcome.stderr)

      const changed = (taskId: string) => [...outcome.task(taskId).files_changed].sort()
      assert.deepStrictEqual(changed("edit"), ["src/base.txt", "src/new/file.txt"])
      assert.deepStrictEqual(changed("delete"), ["src/old.txt"])
      assert.deepStrictEqual(changed("rename"), ["src/old.txt", "src/renamed.txt"])
      assert.deepStrictEqual(changed("binary"), ["src/data.bin", "src/image.bin"])
      assert.deepStrictEqual(changed("npm"), ["src/data.bin", "src/image.bin"])
      assert.deepStrictEqual(changed("modes"), ["src/tool.sh", "src/was-tool.sh"])
      assert.deepStrictEqual(changed("links"), ["src/becomes-link.txt", "src/link"])
      assert.deepStrictEqual(changed("names"), [...oddNames].sort())
      assert.deepStrictEqual(changed("ignored"), ["src/kept.txt"])
      for (const { task_id } of outcome.result.results) assertAppliesTo(repo, outcome, task_id)

      const listed = (taskId: string, path: string) => repo.git("ls-tree", outcome.task(taskId).ref ?? "", path)
      assert.match(listed("modes", "src/tool.sh"), /^100755 /)
      assert.match(listed("modes", "src/was-tool.sh"), /^100644 /)
      assert.match(listed("links", "src/becomes-link.txt"), /^120000 /)
      assert.strictEqual(
        repo.git("show", `${outcome.task("kinds").ref}:src/crlf.txt`),
        "one\r\ntwo\r\nno newline at the end"
      )
    }))
})

describe("setup", () => {
  it.scopedLive("gives a task its dependencies, and is in no patch", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: {
          uses: task(addFile("src/mine.txt", "mine"), command("npm test")),
          edits: task(
            patch("*** Update File: src/generated.txt", "@@", "-made by setup", "+edited"),
            command("node work.mjs")
          )
        },
        files: {
          ".gitignore": "node_modules/\n.env.test\n",
          ".worktreeinclude": ".env.test\n",
          "package.json": `{"name":"x","scripts":{"test":"tool && node work.mjs"}}\n`,
          "work.mjs": "import * as fs from 'node:fs'\nconsole.log(fs.readFileSync('.env.test', 'utf8'))\n"
            + "fs.appendFileSync('node_modules/tool.js', '// scribbled')\n"
        },
        config: { setup: { copy: ["node_modules"], commands: ["printf 'made by setup\\n' > src/generated.txt"] } }
      })
      repo.write({
        ".env.test": "FOR=tests\n",
        "node_modules/tool.js": { exec: "#!/usr/bin/env node\nconsole.log('the tool ran')\n" },
        "node_modules/.bin/tool": { link: "../tool.js" }
      })
      const { code, stderr, task: resultOf } = yield* run()

      assert.strictEqual(code, 0, stderr)
      const uses = resultOf("uses")
      assert.deepStrictEqual(uses.commands_run, [{ cmd: "npm test", exit_code: 0 }])
      assert.include(uses.evidence, "the tool ran")
      assert.include(uses.evidence, "FOR=tests")
      assert.deepStrictEqual(uses.files_changed, ["src/mine.txt"])
      assert.deepStrictEqual(resultOf("edits").files_changed, ["src/generated.txt"])
      assert.strictEqual(repo.git("show", `${resultOf("edits").ref}:src/generated.txt`), "edited")
    }))

  it.scopedLive("that fails fails each task, before the model is asked anything", () =>
    Effect.gen(function*() {
      const { prompts, run } = yield* scene({
        tasks: { one: task(), two: task() },
        config: { setup: { commands: ["true", "echo 'no registry today' >&2; exit 3"] } }
      })
      const { code, result } = yield* run()
      assert.strictEqual(code, 1)
      for (const { error, patch_applicable, status } of result.results) {
        assert.strictEqual(status, "failed")
        assert.strictEqual(error?.kind, "setup")
        assert.include(error?.message ?? "", "exit 3: no registry today")
        assert.isFalse(patch_applicable)
      }
      assert.deepStrictEqual(yield* prompts, [])
    }))
})
