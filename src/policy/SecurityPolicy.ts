/** What may be asked for, and whether what came of it stayed within bounds. */
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { type ChangedFile, foldPath, withParents } from "../domain/Changes.ts"
import type { Problem } from "../domain/Problem.ts"
import type { Violation } from "../domain/Result.ts"
import type { AdmittedRun, AdmittedTask, RunId, RunRequest } from "../domain/Task.ts"
import { admit, admitReview, checkRequest } from "./admission.ts"
import { bareRepositories } from "./bareRepositories.ts"
import { commandHost } from "./commandHost.ts"
import { judgeCommand } from "./commands/judgeCommand.ts"
import { linkFault } from "./linkRules.ts"
import { compilePathRules, judgePath } from "./pathRules.ts"

/** What a task did. */
export interface Deeds {
  readonly task: AdmittedTask
  readonly worktree: string
  /** Commands that ran, as the model asked for them. */
  readonly commands: ReadonlyArray<string>
  /** PATH that the commands had. */
  readonly searchPath: string
  readonly files: ReadonlyArray<ChangedFile>
  /** Where symlinks among the files lead, by path. */
  readonly links: ReadonlyMap<string, string>
  /** The base commit's paths by their form without case. */
  readonly foldedPaths: ReadonlyMap<string, string>
}

/** Says what may be asked for, and whether what came of it stayed within bounds. Before execution the gate holds what an admitted task says. */
export class SecurityPolicy extends Context.Tag("codex-runner/SecurityPolicy")<
  SecurityPolicy,
  {
    /** Every problem of a request that can be told without its base commit. */
    readonly check: (request: RunRequest) => ReadonlyArray<Problem>
    /** The one way to an {@link AdmittedTask} that changes anything. */
    readonly admit: (options: {
      readonly request: RunRequest
      readonly runId: RunId
      readonly baseCommit: string
    }) => Either.Either<AdmittedRun, Arr.NonEmptyReadonlyArray<Problem>>
    /** A plan's review as a task: it may read, and change nothing. */
    readonly admitReview: (options: { readonly runId: RunId; readonly prompt: string }) => AdmittedTask
    /** Whether a changed file is what tools leave behind. */
    readonly isDisposable: (task: AdmittedTask) => (path: string) => boolean
    /** Judges afterwards, by commands and by the bytes on disk. */
    readonly audit: (deeds: Deeds) => ReadonlyArray<Violation>
  }
>() {
  static readonly layer = Layer.effect(
    SecurityPolicy,
    Effect.map(RunnerConfig, (config) =>
      SecurityPolicy.of({
        check: (request) => checkRequest(request, config),
        admit: (options) => admit({ ...options, config }),
        admitReview: (options) => admitReview({ ...options, config }),
        isDisposable: (task) => {
          const rules = rulesFor(task)
          return (file) => judgePath(rules, file)._tag === "Disposable"
        },
        audit: (deeds) => [
          ...auditPaths(deeds),
          ...deeds.files.flatMap((file) => auditLink(file, deeds)),
          ...auditNames(deeds),
          ...bareRepositories(deeds.files, deeds.foldedPaths).map((folder) => ({
            kind: "nested_repository" as const,
            detail: `git takes ${folder === "" ? "the root" : `"${folder}"`} for a repository`
          })),
          ...deeds.commands.flatMap((command) => auditCommand(command, deeds, config.allow_read_only_commands))
        ]
      }))
  )
}

const rulesFor = (task: AdmittedTask) =>
  compilePathRules({ allowed: task.allowedPaths, protected: task.protectedPaths, disposable: task.disposablePaths })

const auditPaths = ({ files, task }: Deeds): ReadonlyArray<Violation> => {
  const rules = rulesFor(task)
  return files.flatMap((file) => {
    const verdict = judgePath(rules, file.path)
    return verdict._tag === "Denied" ? [verdict.violation] : []
  })
}

const auditLink = (file: ChangedFile, { links }: Deeds): ReadonlyArray<Violation> => {
  if (file.newMode === "160000") {
    return [{ kind: "nested_repository", detail: `"${file.path}" is a repository of its own` }]
  }
  const target = links.get(file.path)
  const fault = file.newMode !== "120000" || target === undefined ? undefined : linkFault(file.path, target)
  return fault === undefined ? [] : [{ kind: "symlink", detail: `"${file.path}" is ${fault}` }]
}

/** Names that a file system which ignores case would take for one another. */
const auditNames = ({ files, foldedPaths }: Deeds): ReadonlyArray<Violation> => {
  const gone = new Set(files.filter((file) => file.status === "D").map((file) => file.path))
  const taken = new Map([...foldedPaths].filter(([, path]) => !gone.has(path)))
  return files.filter((file) => file.status !== "D").flatMap((file) => {
    const twin = withParents(file.path).flatMap((part) => {
      const folded = foldPath(part)
      const other = taken.get(folded)
      if (other === undefined) taken.set(folded, part)
      return other === undefined || other === part ? [] : [other]
    }).at(0)
    return twin === undefined
      ? []
      : [{ kind: "name_collision" as const, detail: `"${file.path}" and "${twin}" differ by case only` }]
  })
}

const auditCommand = (
  command: string,
  { searchPath, task, worktree }: Deeds,
  allowReadOnly: boolean
): ReadonlyArray<Violation> => {
  const verdict = judgeCommand({
    command,
    cwd: worktree,
    worktree,
    allowedCommands: task.allowedCommands,
    allowReadOnly,
    host: commandHost(searchPath)
  })
  return verdict._tag === "Deny" ? [{ kind: "command", detail: verdict.reason }] : []
}
