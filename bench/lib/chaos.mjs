// @ts-check
/** One round of chaos: a run whose runner is killed with -9 at a chosen moment, what the next start makes of it, and a look at everything. */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root, runner, standInCodex } from "./codex.mjs"
import { makeRepository } from "./repository.mjs"
import { cleanEnv, git } from "./scratch.mjs"

/** Where in a run it is killed: before its record is there, as its journal tells of a stage, or after its end. */
export const stages = /** @type {const} */ ([
  "start",
  "worktree",
  "setup",
  "codex",
  "capture",
  "record",
  "release",
  "end"
])
/** @typedef {typeof stages[number]} Stage */

/** Marsaglia's xorshift: the same moments for the same seed. @param {number} seed */
export const random = (seed) => {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** A Codex that changes files in two steps, with a helper that outlives it unless it is ended. */
const standIn = standInCodex(`echo '{"type":"thread.started","thread_id":"chaos"}'
echo '{"type":"turn.started"}'
echo begun > src/begun.txt
sleep 300 &
sleep 0.05
rm src/d0/f0.ts
echo done > src/done.txt
sleep 0.05
kill $!
echo '{"type":"item.completed","item":{"id":"item_9","type":"agent_message","text":"done"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":1,"cached_input_tokens":0,"output_tokens":1}}'
`)

/** @param {string} folder */
const processesUnder = (folder) =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(folder) &&
        !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
    } catch {
      return false
    }
  })

/** Files and folders below. @param {string} folder @returns {Array<string>} */
const below = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => [
      join(folder, entry.name),
      ...(entry.isDirectory() ? below(join(folder, entry.name)) : [])
    ])
    : []

/** @param {string} file */
const read = (file) => existsSync(file) ? readFileSync(file, "utf8") : ""

const tasks = Array.from({ length: 5 }, (_, n) => `task-${n}`)

/**
 * @typedef {object} Arena a repository and a runner in it
 * @property {(moment: { id: string, stage: Stage, nth: number, delay: number, resume: boolean }) => Promise<Outcome>} round
 */
/** @typedef {{ killed: boolean, saved: number, resumed: boolean }} Outcome */

/**
 * @param {string} scratch
 * @param {ReadonlyArray<string> | null} provider `key=value` pairs that bring the real Codex to a model; null for a stand-in
 * @returns {Arena}
 */
export const makeArena = (scratch, provider) => {
  const repository = makeRepository(join(scratch, "repository"), 20)
  const env = cleanEnv(join(scratch, "home"))
  const state = join(scratch, "home/state/codex-runner")
  const config = join(scratch, "config.json")
  const codex = join(scratch, "codex")
  writeFileSync(codex, standIn, { mode: 0o755 })
  const own = provider === null
    ? { codex_command: codex, enforcement: "audit" }
    : { codex_command: join(root, "node_modules/.bin/codex"), codex_config: provider, codex_model: "gpt-5.5" }
  writeFileSync(
    config,
    JSON.stringify({
      ...own,
      resource_policy: "normal",
      max_runs_retained: 1000,
      setup: { commands: ["mkdir -p made && echo made > made/by-setup"] }
    })
  )
  const trusted = spawnSync(process.execPath, [runner, "trust", "--yes", "--repo", repository, "--config", config], {
    env,
    cwd: scratch,
    encoding: "utf8"
  })
  if (trusted.status !== 0) throw new Error(`the configuration is not trusted: ${trusted.stderr}`)
  /** What a task has written once it has begun. @param {string} task */
  const begunFile = (task) => provider === null ? "src/begun.txt" : `src/${task}.txt`

  /** @param {ReadonlyArray<string>} args @param {(child: import("node:child_process").ChildProcess) => () => void} [meddle] */
  const start = (args, meddle) =>
    new Promise((/** @type {(end: { code: number | null, said: string, out: string }) => void} */ resolve) => {
      const child = spawn(process.execPath, [runner, ...args, "--repo", repository, "--config", config], {
        env,
        cwd: scratch,
        stdio: ["ignore", "pipe", "pipe"]
      })
      const stop = meddle?.(child)
      let [out, said] = ["", ""]
      child.stdout.setEncoding("utf8").on("data", (text) => out += text)
      child.stderr.setEncoding("utf8").on("data", (text) => said += text)
      child.once("close", (code) => {
        stop?.()
        resolve({ code, said, out })
      })
    })

  const home = () => {
    const [name = ""] = existsSync(state) ? readdirSync(state).filter((entry) => entry.startsWith("repository-")) : []
    return join(state, name)
  }
  const refs = () => git(repository, "for-each-ref", "--format=%(refname)").split("\n")
  const checkout = () => `${git(repository, "status", "--porcelain")}\n${git(repository, "rev-parse", "HEAD")}`
  const before = { checkout: checkout(), config: read(join(repository, ".git/config")) }
  /** @param {string} ref @param {string} file */
  const inRef = (ref, file) => spawnSync("git", ["-C", repository, "cat-file", "-e", `${ref}:${file}`]).status === 0

  /** Kills it once the journal tells of a stage for the nth time, and a little later. @param {{ id: string, stage: Stage, nth: number, delay: number }} moment */
  const killer = ({ delay, id, nth, stage }) => (/** @type {import("node:child_process").ChildProcess} */ child) => {
    /** @type {NodeJS.Timeout} */
    let timer
    const strike = () => {
      timer = setTimeout(() => child.kill("SIGKILL"), delay)
    }
    if (stage === "start") strike()
    else {
      const mark = stage === "release"
        ? `"_tag":"TaskFinished"`
        : stage === "end"
        ? `"_tag":"RunFinished"`
        : `"stage":"${stage}"`
      const look = () => {
        const told = read(join(home(), "runs", id, "journal.jsonl")).split(mark).length - 1
        if (told >= (stage === "end" ? 1 : nth)) strike()
        else timer = setTimeout(look, 3)
      }
      look()
    }
    return () => clearTimeout(timer)
  }

  return {
    round: async ({ delay, id, nth, resume, stage }) => {
      /** @param {string} what */
      const fail = (what) => {
        throw new Error(`run ${id}, killed ${delay} ms after ${stage} number ${nth}: ${what}`)
      }
      const request = join(scratch, `${id}.json`)
      writeFileSync(
        request,
        JSON.stringify({
          concurrency: 3,
          tasks: tasks.map((task_id) => ({ task_id, prompt: `Write src/${task_id}.txt` }))
        })
      )
      const first = await start(["run", request, "--run-id", id], killer({ id, stage, nth, delay }))
      if (first.code !== null && first.code !== 0) fail(`the run ended with ${first.code}: ${first.said}`)
      const run = join(home(), "runs", id)
      const final = tasks.map((task) => join(run, "tasks", task, "result.json")).filter(existsSync)
        .map((file) => ({ file, text: read(file) }))
      const unfinished = tasks.filter((task) => !final.some(({ file }) => file.includes(`/${task}/`)))
      const begun = unfinished.filter((task) =>
        existsSync(join(home(), "worktrees", id, `${id}-${task}`, begunFile(task)))
      )
      const isOnRecord = existsSync(join(run, "run.json"))

      const second = resume && isOnRecord
        ? await start(["resume", id, "--json"])
        : await start(["runs", "list", "--json"])
      if (second.code !== 0) fail(`the next start ended with ${second.code}: ${second.said}`)
      const resumed = resume && isOnRecord
      const after = refs()
      for (const task of begun) {
        const names = [`refs/codex-runner/${id}/${task}`, `refs/codex-runner/${id}/${task}@1`]
        if (!names.some((name) => after.includes(name) && inRef(name, begunFile(task)))) {
          fail(`the work of ${task} is in no ref`)
        }
      }
      if (resumed) {
        const results = JSON.parse(second.out).results
        const bad = tasks.filter((task, n) => results[n]?.task_id !== task || results[n]?.status !== "success")
        if (bad.length > 0) fail(`resumed, and not a success: ${bad.join(", ")}: ${second.said}`)
        if (tasks.some((task) => !after.includes(`refs/codex-runner/${id}/${task}`))) fail("a resumed task has no ref")
      }
      for (const { file, text } of final) if (read(file) !== text) fail(`${file} changed`)
      const left = ["worktrees", "git", "scratch", "trash"].flatMap((kind) => below(join(home(), kind)))
      if (left.length > 0) fail(`left on disk: ${left.slice(0, 5).join(", ")}`)
      const drafts = below(join(home(), "runs")).filter((file) => /\.draft$|\/codex-home$/.test(file))
      if (drafts.length > 0) fail(`left in the record: ${drafts.slice(0, 5).join(", ")}`)
      const entries = below(join(repository, ".git/worktrees"))
      if (entries.length > 0) fail(`git's entries left: ${entries.join(", ")}`)
      const locks = below(join(repository, ".git")).filter((file) => file.endsWith(".lock"))
      if (locks.length > 0) fail(`locks left: ${locks.join(", ")}`)
      if (after.some((ref) => ref.endsWith("/@base"))) fail("a pinned base is left")
      const alive = processesUnder(scratch)
      if (alive.length > 0) fail(`processes left: ${alive.join(", ")}`)
      if (checkout() !== before.checkout) fail("the checkout changed")
      if (read(join(repository, ".git/config")) !== before.config) fail("git's configuration changed")
      git(repository, "fsck", "--no-dangling", "--strict")
      return { killed: first.code === null, saved: begun.length, resumed }
    }
  }
}
