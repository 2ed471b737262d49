import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ViolationKind } from "../../src/domain/Result.ts"
import { scene } from "./support/scene.ts"
import { addFile, command, done, task, wellBehaved } from "./support/script.ts"

/** What an allowed program does behind everyone's back: each is seen on disk. */
const deeds: Readonly<Record<string, { readonly does: string; readonly kind: ViolationKind; readonly names: string }>> =
  {
    "adds-outside": { does: `fs.writeFileSync("docs/new.md", "x")`, kind: "path", names: "docs/new.md" },
    "deletes-outside": { does: `fs.rmSync("docs/old.md")`, kind: "path", names: "docs/old.md" },
    "moves-out": { does: `fs.renameSync("src/base.txt", "docs/base.txt")`, kind: "path", names: "docs/base.txt" },
    "mode-outside": { does: `fs.chmodSync("docs/old.md", 0o755)`, kind: "path", names: "docs/old.md" },
    "configuration": {
      does: `fs.writeFileSync(".mcp-codex.json", "{}")`,
      kind: "protected_path",
      names: ".mcp-codex.json"
    },
    "absolute-link": { does: `fs.symlinkSync("/etc/passwd", "src/link")`, kind: "symlink", names: "src/link" },
    "relative-link": { does: `fs.symlinkSync("../../other", "src/link")`, kind: "symlink", names: "src/link" },
    "hides": {
      does: `fs.writeFileSync("src/.gitignore", "hidden.txt\\n"); fs.writeFileSync("src/hidden.txt", "x")`,
      kind: "hidden_by_ignore",
      names: "src/hidden.txt"
    },
    "case": { does: `fs.writeFileSync("src/BASE.txt", "x")`, kind: "name_collision", names: "src/BASE.txt" },
    "pipe": { does: `execFileSync("mkfifo", ["src/pipe"])`, kind: "special_file", names: "src/pipe" },
    "hard-link": { does: `fs.linkSync("src/base.txt", "src/same.txt")`, kind: "hard_link", names: "src/same.txt" }
  }

const work = `import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
fs.writeFileSync("src/ours.txt", "ours\\n")
const deeds = {
${Object.entries(deeds).map(([id, { does }]) => `  ${JSON.stringify(id)}: () => { ${does} }`).join(",\n")}
}
deeds[process.argv[2]]()
`

describe("work out of bounds", () => {
  it.scopedLive("fails its task with the violation named, is kept for a person, and harms no sibling", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: {
          ...Object.fromEntries(Object.keys(deeds).map((id) => [id, task(command(`node work.mjs ${id}`))])),
          good: wellBehaved("good")
        },
        files: { "work.mjs": work, "docs/old.md": "old\n" },
        config: { max_tasks_per_run: 20 }
      })
      const { code, stderr, task: resultOf } = yield* run()

      assert.strictEqual(code, 1, stderr)
      assert.strictEqual(resultOf("good").status, "success")
      for (const [id, { kind, names }] of Object.entries(deeds)) {
        const rejected = resultOf(id)
        assert.deepStrictEqual([id, rejected.status, rejected.error?.kind], [id, "failed", "policy"])
        const seen = rejected.violations.filter((violation) => violation.kind === kind)
        assert.isTrue(
          seen.some(({ detail }) => detail.includes(names)),
          `${id}: ${JSON.stringify(rejected.violations)}`
        )
        assert.isFalse(rejected.patch_applicable, id)
        assert.include(rejected.notes_for_manager, "The work was rejected", id)
        assert.strictEqual(repo.git("show", `${rejected.ref}:src/ours.txt`), "ours")
      }
      assert.include(
        resultOf("adds-outside").error?.message ?? "",
        "Path not in allowed patterns: \"docs/new.md\""
      )
    }))

  it.scopedLive("a repository inside: what it holds is in no patch, so the worktree stays, and is named", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: { plants: task(command("node work.mjs")) },
        files: {
          "work.mjs": `import * as fs from "node:fs"
fs.mkdirSync("src/inner/.git", { recursive: true })
fs.writeFileSync("src/inner/.git/config", "[core]\\n")
fs.writeFileSync("src/inner/file.txt", "x")
`
        }
      })
      const { code, task: resultOf } = yield* run({ keepsWorktrees: true })
      assert.strictEqual(code, 1)
      const { error, notes_for_manager, patch_applicable, violations, workspace_path } = resultOf("plants")
      assert.deepStrictEqual([error?.kind, patch_applicable], ["policy", false])
      assert.isTrue(violations.some(({ detail, kind }) => kind === "nested_repository" && detail.includes("src/inner")))
      assert.include(notes_for_manager, `The worktree is kept at ${workspace_path}.`)
      assert.include(repo.git("worktree", "list"), workspace_path)
    }))

  it.scopedLive("never gets past as a success, however the edit or the command is asked for", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: {
          edit: task(addFile("docs/new.md", "x")),
          config: task(addFile(".mcp-codex.json", "{}")),
          narrowed: task(addFile("src/other.txt", "x")),
          command: task(command("touch src/touched.txt")),
          shell: task(command("bash -c 'touch src/touched.txt'"))
        }
      })
      const { task: resultOf } = yield* run({ task: { narrowed: { allowed_paths: ["src/base.txt"] } } })
      for (const id of ["edit", "config", "narrowed", "command", "shell"]) {
        const { denied, ref, status, violations } = resultOf(id)
        // Stopped before it happened, or seen afterwards.
        assert.isTrue(
          denied.length > 0 ? ref === null : status === "failed" && violations.length > 0,
          `${id}: ${status} ${JSON.stringify({ denied, violations })}`
        )
      }
      assert.strictEqual(repo.git("status", "--porcelain"), "")
    }))

  it.scopedLive("what tools leave behind is no violation, is in no patch, and is told", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: { caches: task(addFile("src/a.txt", "a"), command("node work.mjs"), done) },
        files: {
          "work.mjs": `import * as fs from "node:fs"
fs.mkdirSync("coverage"); fs.writeFileSync("coverage/report.html", "x")
fs.writeFileSync("tsconfig.tsbuildinfo", "x")
`
        }
      })
      const { code, task: resultOf } = yield* run()
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(resultOf("caches").files_changed, ["src/a.txt"])
      const notes = resultOf("caches").notes_for_manager
      assert.match(notes, /Left out as what tools leave behind: .*coverage\/report\.html/)
      assert.match(notes, /Left out as what tools leave behind: .*tsconfig\.tsbuildinfo/)
    }))
})
