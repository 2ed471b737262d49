/** Results as commits on a new branch, from the base commit on, one for each task. The checkout has no part in it. */
import * as Effect from "effect/Effect"
import { oneLine, plainText } from "../audit/plainText.ts"
import { applyProblem } from "../domain/Apply.ts"
import { quotedShort } from "../domain/quoted.ts"
import type { TaskId } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { readConfiguration, type Repository } from "../git/Repository.ts"
import type { StoredRun } from "../store/RunStore.ts"
import type { MergedTask } from "./applyMerge.ts"
import { publish, type Quarantine } from "./quarantine.ts"

/** What is wrong with a new branch's name; nothing where it can be made. */
export const branchProblems = Effect.fn("apply.branchProblems")(function*(repository: Repository, branch: string) {
  const git = yield* Git
  const refuse = (message: string) => [applyProblem("branch", `${quotedShort(branch, 200)}: ${message}`)]
  const isName = !branch.includes("\0") && !branch.startsWith("-") && branch !== "HEAD" && branch.length < 250
  const ref = `refs/heads/${branch}`
  const check = isName
    ? yield* git.run({ target: repository.target, args: ["check-ref-format", ref], accept: [0, 1] })
    : { code: 1 }
  if (check.code !== 0) return refuse("git takes no such name for a branch.")
  const listed = yield* git.text({
    target: repository.target,
    args: ["for-each-ref", "--format=%(refname)", "refs/heads/"]
  })
  const names = listed.split("\n")
  if (names.includes(ref)) return refuse("there is a branch of this name already. Choose another.")
  const inTheWay = names.find((name) => name.startsWith(`${ref}/`) || ref.startsWith(`${name}/`))
  return inTheWay === undefined
    ? []
    : refuse(`git can't have it beside the branch ${inTheWay.slice("refs/heads/".length)}. Choose another.`)
})

/** Commits by their tasks; a task that left nothing to change has none. */
export const commitTasks = Effect.fn("apply.commitTasks")(function*(
  repository: Repository,
  quarantine: Quarantine,
  run: StoredRun,
  merged: ReadonlyArray<MergedTask>
) {
  const git = yield* Git
  const committer = yield* userOf(repository)
  const commits = new Map<TaskId, string>()
  let parent = run.record.base_commit
  for (const { changes, task, tree } of merged) {
    if (changes.length === 0) continue
    const author = `codex-runner ${run.record.run_id}/${task.taskId} <codex-runner@localhost>`
    const result = run.result.results.find((one) => one.task_id === task.taskId)
    const when = `${Math.floor(Date.parse(result?.finished_at ?? run.record.created_at) / 1000)} +0000`
    const now = `${Math.floor(Date.now() / 1000)} +0000`
    const text = [
      `tree ${tree}`,
      `parent ${parent}`,
      `author ${author} ${when}`,
      `committer ${committer} ${now}`,
      "",
      messageOf(run, task.taskId, result?.summary ?? "", task.patchSha256)
    ].join("\n")
    parent = yield* git.text({
      target: quarantine.over("index"),
      args: ["hash-object", "-t", "commit", "-w", "--stdin"],
      stdin: new TextEncoder().encode(text)
    })
    commits.set(task.taskId, parent)
  }
  return { commits, tip: parent }
})

/** The task and what Codex said of its work, which is somebody else's text: masked when it was recorded, here made plain. */
const messageOf = (run: StoredRun, taskId: TaskId, summary: string, patchSha256: string): string => {
  const [first = "", ...rest] = plainText(summary).trim().split("\n")
  const subject = first.trim() === "" ? `${taskId}: by Codex` : oneLine(`${taskId}: ${first}`, 72)
  const body = [first.length + taskId.length > 68 ? first : "", ...rest].join("\n").trim().slice(0, 4000)
  return [
    subject,
    "",
    ...(body === "" ? [] : [body, ""]),
    `Codex-Runner-Run: ${run.record.run_id}`,
    `Codex-Runner-Task: ${taskId}`,
    `Codex-Runner-Patch-SHA256: ${patchSha256}`,
    ""
  ].join("\n")
}

/** Who applies is who commits, where git knows their name. */
const userOf = Effect.fnUntraced(function*(repository: Repository) {
  const configuration = yield* readConfiguration(repository)
  const plain = (name: string) => plainText(configuration.get(name) ?? "").replace(/[<>\n]/g, "").trim()
  const [name, email] = [plain("user.name"), plain("user.email")]
  return name === "" || email === "" ? "codex-runner <codex-runner@localhost>" : `${name} <${email}>`
})

/** Gives the repository the commits and, last, the branch: it is there with all of them or not at all. */
export const makeBranch = Effect.fn("apply.makeBranch")(function*(
  repository: Repository,
  quarantine: Quarantine,
  options: { readonly branch: string; readonly base: string; readonly tip: string; readonly why: string }
) {
  const git = yield* Git
  const listed = yield* git.run({
    target: quarantine.over("index"),
    args: ["rev-list", "--objects", "--no-object-names", options.tip, `^${options.base}`],
    maxOutputBytes: 256 * 1024 * 1024,
    timeout: "2 minutes"
  })
  yield* publish(quarantine, repository, new TextDecoder().decode(listed.stdout).trim().split("\n"))
  yield* git.run({
    target: repository.target,
    args: ["update-ref", "-m", options.why, "--stdin"],
    stdin: new TextEncoder().encode(`create refs/heads/${options.branch} ${options.tip}\n`)
  })
})
