/** A state folder on a small disk of its own, which fills up or turns read-only in the middle of a run. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { aTurn, fakeCodex } from "../codex/fakeCodex.ts"
import { type GitRepo, gitRepo, writeFiles } from "../support/GitRepo.ts"
import { toEnd } from "../support/program.ts"
import { builtBin } from "./support/program.ts"
import { outcomeOf } from "./support/scene.ts"

/** Mounts that nobody else sees, and that end with their last process. */
const inOwnMounts = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
const hasMounts = process.platform === "linux" &&
  spawnSync("unshare", [...inOwnMounts, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0

/** What is done in its worktree for each of three tasks, one after the other. */
interface Deeds {
  /** Shell code; `$STATE` is the state folder. */
  readonly struck: string
  readonly late?: string
  /** Before the run. */
  readonly before?: string
}

const codexDoing = (deeds: Deeds): string =>
  `while [ "$1" != -C ]; do shift; done; cd "$2" || exit 1
mkdir -p src
case "$*" in
  *"do struck"*) echo struck > src/struck.txt; ${deeds.struck} ;;
  *"do late"*) echo other > src/other.txt; ${deeds.late ?? ":"} ;;
  *) echo other > src/other.txt ;;
esac
${aTurn}`

const runOn = (deeds: Deeds) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo()
    const state = `${repo.home}/state`
    Fs.mkdirSync(state)
    const codex = fakeCodex(`${repo.home}/bin`, {
      exec: `STATE='${state}'\n${codexDoing(deeds)}`,
      loggedIn: true
    })
    writeFiles(repo.home, {
      "config.json": JSON.stringify({ codex_command: codex, enforcement: "audit", resource_policy: "normal" }),
      "tasks.json": JSON.stringify({
        run_id: "r",
        concurrency: 1,
        tasks: ["early", "struck", "late"].map((task_id) => ({ task_id, prompt: `do ${task_id}` }))
      })
    })
    const ended = yield* onSmallDisk(repo, deeds.before ?? ":")
    return { ended, repo, after: `${repo.home}/after` }
  })

/** `after` is a copy of what was on the disk at the end. */
const onSmallDisk = (repo: GitRepo, before: string) =>
  Effect.suspend(() => {
    const script = `STATE='${repo.home}/state'
mount -t tmpfs -o size=24m none "$STATE" || exit 99
${before}
"$@"
end=$?
rm -f "$STATE/fill"
cp -R "$STATE" '${repo.home}/after'
exit $end`
    const args = ["run", `${repo.home}/tasks.json`, "--config", `${repo.home}/config.json`, "--trust-config", "--json"]
    return toEnd("unshare", [...inOwnMounts, "sh", "-c", script, "sh", process.execPath, builtBin, ...args], {
      cwd: repo.root,
      env: { ...repo.env, TERM: "dumb" }
    })
  })

/** For good: once the worktrees of earlier tasks are deleted, which goes on behind the run's back and makes room again. */
const fill = `while [ -n "$(ls "$STATE"/codex-runner/repo-*/trash)" ]; do sleep 0.02; done
cat /dev/zero >> "$STATE/fill" 2>/dev/null`

/** For whoever opens something from now on: what is open stays. */
const readOnly = `mount --bind "$STATE" "$STATE"; mount -o remount,bind,ro "$STATE"`

/** A task's final result as it lay on the disk at the end. */
const storedResult = (after: string, task: string): unknown => {
  const [state = ""] = Fs.readdirSync(`${after}/codex-runner`).filter((name) => name.startsWith("repo-"))
  return JSON.parse(Fs.readFileSync(`${after}/codex-runner/${state}/runs/r/tasks/${task}/result.json`, "utf8"))
}

describe.skipIf(!hasMounts)("the disk of the state folder (needs mounts of its own)", () => {
  it.scopedLive("full for a while: the task at work fails with `disk`, its work is kept, the next one succeeds", () =>
    Effect.gen(function*() {
      const { ended, repo } = yield* runOn({
        struck: `trap 'rm -f "$STATE/fill"; exit 1' INT; ${fill}; yes | head -c 1000000; sleep 60 & wait`
      })
      const { task } = outcomeOf(ended)
      assert.strictEqual(ended.code, 1, ended.stderr)
      assert.strictEqual(task("early").status, "success")
      assert.deepStrictEqual([task("struck").status, task("struck").error?.kind], ["failed", "disk"])
      assert.strictEqual(repo.git("show", `${task("struck").ref}:src/struck.txt`), "struck")
      assert.strictEqual(task("late").status, "success", task("late").error?.message)
    }))

  it.scopedLive("full to the end: what fails says so, and what was finished before is as it was", () =>
    Effect.gen(function*() {
      const { after, ended, repo } = yield* runOn({ struck: fill, late: fill })
      const { result, task } = outcomeOf(ended)
      assert.strictEqual(ended.code, 1, ended.stderr)
      assert.deepStrictEqual(
        result.results.map(({ error, status }) => [status, error?.kind]),
        [["success", undefined], ["failed", "disk"], ["failed", "disk"]]
      )
      for (const name of ["struck", "late"]) {
        assert.match(task(name).error?.message ?? "", /Is the disk full or read-only\?/)
      }
      assert.deepStrictEqual(storedResult(after, "early"), JSON.parse(JSON.stringify(task("early"))))
      assert.strictEqual(repo.git("show", `${task("early").ref}:src/other.txt`), "other")
    }))

  it.scopedLive("read-only in the middle: the same", () =>
    Effect.gen(function*() {
      const { after, ended, repo } = yield* runOn({ struck: readOnly })
      const { result, task } = outcomeOf(ended)
      assert.strictEqual(ended.code, 1, ended.stderr)
      assert.deepStrictEqual(
        result.results.map(({ error, status }) => [status, error?.kind]),
        [["success", undefined], ["failed", "disk"], ["failed", "disk"]]
      )
      assert.deepStrictEqual(storedResult(after, "early"), JSON.parse(JSON.stringify(task("early"))))
      assert.strictEqual(repo.git("show", `${task("early").ref}:src/other.txt`), "other")
    }))

  it.scopedLive("read-only from the start: nothing is started, and the place is named", () =>
    Effect.gen(function*() {
      const { ended } = yield* runOn({ struck: "", before: readOnly })
      assert.strictEqual(ended.code, 3, ended.stderr)
      assert.match(ended.stderr, /state_dir: the state folder .+ can't be used/)
      assert.strictEqual(ended.stdout, "")
    }))
})
