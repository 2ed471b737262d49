/** What a user does with a run's results: looks, reads along, applies. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { Applied } from "../../src/domain/Apply.ts"
import { TaskStory } from "../../src/domain/TaskStory.ts"
import { builtBin, type Program, start } from "./support/program.ts"
import { type Scene, scene } from "./support/scene.ts"
import { addFile, command, done, patch, task, thenHang, wellBehaved } from "./support/script.ts"

const token = `ghp_${"a1B2c3D4e5F6".repeat(3)}`

const tasks = {
  one: task(patch("*** Update File: src/base.txt", "@@", "-one", "+ONE"), command("cat src/base.txt"), done),
  two: task(patch("*** Update File: src/base.txt", "@@", "-one", "+EINS"), command("rm -rf src"), done),
  "with-secret": task(addFile("src/secret.txt", `token = ${token}`), done),
  failing: task(command("node work.mjs"), done)
}

/** Writes where the task may not. */
const files = {
  "work.mjs": "import * as fs from 'node:fs'\nfs.mkdirSync('docs')\nfs.writeFileSync('docs/outside.md', 'x')\n"
    + "console.log('\\u001b[31mworked\\u001b[0m')\n"
}

/** The built program at a terminal, in a repository: `script` gives it one. */
const atTerminal = ({ repo }: Scene, env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>): string => {
  const line = [process.execPath, builtBin, ...args].map((word) => `'${word}'`).join(" ")
  return spawnSync("script", ["-q", "-e", "-c", line, "/dev/null"], {
    cwd: repo.root,
    encoding: "utf8",
    env: { ...repo.env, TERM: "xterm-256color", ...env }
  }).stdout
}

describe("a run's results", () => {
  it.scopedLive("are looked at again: the run's table with its conflicts, a task's story, its patch, what Codex did", () =>
    Effect.gen(function*() {
      const place = yield* scene({ tasks, files })
      const { cli, repo, run } = place
      yield* run({ request: { run_id: "looked-at" } })

      const shown = yield* cli(["runs", "show", "last"])
      assert.strictEqual(shown.code, 0, shown.stderr)
      assert.match(shown.stdout, /one +success/)
      assert.match(shown.stdout, /one and two: src\/base\.txt/)
      assert.notInclude(shown.stdout, "with-secret and")

      const story = yield* cli(["runs", "show", "looked", "two"])
      assert.match(story.stdout, /^two of run looked-at: success in /)
      assert.match(
        story.stdout,
        /\d\d:\d\d:\d\d {2}edit update src\/base\.txt\n.*\n? *\d\d:\d\d:\d\d {2}denied rm -rf src: /
      )
      assert.match(story.stdout, /\nDenied\n {2}rm -rf src\n/)
      assert.match(story.stdout, /\nPatch\ndiff --git a\/src\/base\.txt b\/src\/base\.txt\n/)
      const { timeline } = Schema.decodeUnknownSync(Schema.parseJson(TaskStory))(
        (yield* cli(["runs", "show", "last", "one", "--json"])).stdout
      )
      assert.deepStrictEqual(
        timeline.filter(({ kind }) => kind === "command" || kind === "edit").map((
          { exit_code, text }
        ) => [text, exit_code]),
        [["update src/base.txt", null], ["cat src/base.txt", 0]]
      )
      assert.isTrue(timeline.every(({ at }) => at !== null))

      const diff = yield* cli(["runs", "diff", "last", "one"])
      assert.strictEqual(
        diff.stdout,
        `${repo.git("diff", "--full-index", "HEAD", "refs/codex-runner/looked-at/one")}\n`
      )
      const whole = yield* cli(["runs", "diff", "last"])
      const inOrder = Array.from(whole.stdout.matchAll(/^# task (.*)$/gm), ([, id]) => id)
      assert.deepStrictEqual(inOrder, Object.keys(tasks).filter((id) => inOrder.includes(id)))
      assert.isAbove(inOrder.length, 1)

      const masked = yield* cli(["runs", "diff", "last", "with-secret"])
      assert.notInclude(masked.stdout, token)
      assert.match(masked.stdout, /\+token = \[redacted:github-token\]/)
      assert.match(masked.stderr, /^Secrets are masked\. The exact patch: \/.*\/tasks\/with-secret\/patch\.diff$/m)

      const logs = yield* cli(["runs", "logs", "last", "failing"])
      assert.match(logs.stdout, /\n\$ node work\.mjs\nexit 0: node work\.mjs\n {2}\| worked\n/)
      const raw = yield* cli(["runs", "logs", "last", "failing", "--raw"])
      const kinds = raw.stdout.trim().split("\n").map((line): unknown => JSON.parse(line).type)
      assert.deepStrictEqual([kinds[0], kinds.at(-1)], ["thread.started", "turn.completed"])

      const unknown = yield* cli(["runs", "show", "looked-at", "on"])
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /the run has no task "on"\. Did you mean one\?/)

      if (process.platform !== "linux") return
      // The checkout's own configuration names a pager; so does a file that a task could have left, which counts for nothing.
      repo.git("config", "core.pager", "sed 's/^/PAGED /'")
      Fs.writeFileSync(`${repo.root}/.gitconfig`, "[core]\n\tpager = touch trapped\n")
      const coloured = atTerminal(place, {}, "runs", "diff", "last", "one")
      assert.include(coloured, "PAGED \u001b[32m+ONE\u001b[39m")
      assert.isFalse(Fs.existsSync(`${repo.root}/trapped`))
      assert.include(
        atTerminal(place, { GIT_PAGER: "cat", NO_COLOR: "1" }, "runs", "show", "last", "one"),
        "\n+ONE\r\n"
      )
    }))

  it.scopedLive("are applied: checked, refused with what conflicts, put into the checkout and on a branch", () =>
    Effect.gen(function*() {
      const { cli, repo, run } = yield* scene({ tasks, files })
      yield* run({ request: { run_id: "r" } })
      const conflict = yield* cli(["apply", "last", "--check"])
      assert.deepStrictEqual([conflict.code, conflict.stdout], [1, ""])
      assert.strictEqual(
        conflict.stderr,
        [
          "Nothing was applied:",
          "  - \"src/base.txt\": two conflicts with task one.",
          "",
          "Without what conflicts: codex-runner apply r one with-secret",
          ""
        ].join("\n")
      )
      const failing = yield* cli(["apply", "last", "failing", "--json"])
      assert.deepInclude(JSON.parse(failing.stdout), { run_id: "r", applied: false, applicable: [] })
      assert.match(failing.stdout, /git cherry-pick --no-commit refs\/codex-runner\/r\/failing/)

      const applied = yield* cli(["apply", "r", "one", "with-secret"], { unchecked: true })
      assert.strictEqual(applied.code, 0, applied.stderr)
      assert.match(
        applied.stdout,
        /^Applied to the checkout, staged, not committed:\n {2}one {10}1 file: src\/base\.txt\n/
      )
      assert.strictEqual(repo.git("diff", "--cached", "--name-only"), "src/base.txt\nsrc/secret.txt")
      // What is on disk is the exact patch: nothing of it is masked.
      assert.strictEqual(repo.read("src/secret.txt"), `token = ${token}\n`)
      assert.strictEqual(repo.git("diff"), "")

      const branch = yield* cli(["apply", "r", "two", "--branch", "side", "--json"], { unchecked: true })
      const { tasks: [two] } = Schema.decodeUnknownSync(Schema.parseJson(Applied))(branch.stdout)
      assert.strictEqual(repo.git("rev-parse", "side"), two?.commit)
      assert.strictEqual(repo.git("show", "side:src/base.txt"), "EINS\ntwo\nthree")
      assert.deepStrictEqual((yield* cli(["runs", "verify"], { unchecked: true })).code, 0)
      const undo = /undo: +(.*)/.exec(applied.stdout)?.[1] ?? ""
      assert.strictEqual(spawnSync("sh", ["-c", undo], { cwd: repo.root, env: repo.env }).status, 0, undo)
      assert.strictEqual(repo.git("status", "--porcelain"), "")
    }))

  it.scopedLive("are read along while another process makes them, until it is over", () =>
    Effect.gen(function*() {
      const slow = thenHang(addFile("src/slow.txt", "slow"))
      const { cli, repo, run } = yield* scene({ tasks: { quick: wellBehaved("quick"), slow: slow.script } })
      const scope = yield* Effect.scope
      const reader = yield* Deferred.make<Program>()
      yield* run({
        request: { run_id: "live" },
        // The reader may outlive the run by a moment.
        unchecked: true,
        meanwhile: () =>
          Effect.gen(function*() {
            yield* slow.reached
            const program = yield* start({ args: ["runs", "logs", "live", "--follow"], cwd: repo.root, env: repo.env })
            yield* Deferred.succeed(reader, program)
            yield* program.printed("src/slow.txt")
            yield* cli(["cancel", "live"], { unchecked: true })
          }).pipe(Scope.extend(scope))
      })
      const { code, stdout: followed } = yield* Effect.flatMap(Deferred.await(reader), ({ ended }) => ended)
      assert.strictEqual(code, 0)
      assert.match(followed, /quick {2}add src\/quick\.txt/)
      assert.match(followed, /slow {2}add src\/slow\.txt/)
      const after = yield* cli(["runs", "logs", "live", "slow"])
      assert.include(after.stdout, "add src/slow.txt")
    }))
})
