/** Everything that must hold before a run, checked together, each failure with its remedy. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { readFileSync } from "node:fs"
import * as path from "node:path"
import { Codex, type CodexSession } from "../codex/Codex.ts"
import { compareVersions } from "../codex/probe.ts"
import { RunnerConfig, type RunnerConfigData } from "../config/RunnerConfig.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import { quotedShort } from "../domain/quoted.ts"
import type { Enforcement } from "../domain/Result.ts"
import type { AdmittedRun, RunId, RunRequest } from "../domain/Task.ts"
import { type ArmedGate, Gate } from "../gate/Gate.ts"
import { type BaseTree, readBaseTree, readConfiguration, type Repository, resolveCommit } from "../git/Repository.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { Processes } from "../process/Processes.ts"
import { codexHomeOf, type Layout } from "../store/stateFolder.ts"
import { confinedReads } from "./confinedReads.ts"
import { environmentProblem, providerKeyProblems } from "./providerKey.ts"
import { countMissing, repositoryKinds } from "./repositoryKinds.ts"

const oldestNode = "20.19.0"
const oldestGit = "2.39.0"

/** What the machine and the repository have for Codex to work in. */
export interface Surroundings {
  readonly repository: Repository
  readonly layout: Layout
  readonly base: BaseTree
  readonly session: CodexSession
  /** Null where nothing is denied before it runs. */
  readonly gate: ArmedGate | null
  readonly enforcement: Enforcement
  /** What the model's commands can't read, by real paths; null where reads are not confined. */
  readonly unreadable: ReadonlyArray<string> | null
  /** The user's ignore patterns from outside the tree. */
  readonly excludes: string
  readonly warnings: ReadonlyArray<string>
}

/** A run that may start. */
export interface Ready extends Surroundings {
  readonly run: AdmittedRun
}

type Host = Readonly<Record<string, string | undefined>>
export type Checked<A> = Either.Either<A, Arr.NonEmptyReadonlyArray<Problem>>

/** Refuses a run for these problems; there must be one. */
export const reject = (problems: ReadonlyArray<Problem>): Effect.Effect<never, RunRejected> =>
  Arr.isNonEmptyReadonlyArray(problems)
    ? Effect.fail(new RunRejected({ problems }))
    : Effect.dieMessage("refused without a problem")

export const preflight = Effect.fn("preflight")(function*(options: {
  /** Where the request itself is no good, the rest is checked all the same. */
  readonly request: Checked<RunRequest>
  readonly runId: RunId
  readonly repository: Repository
  readonly layout: Layout
  readonly host: Host
}) {
  const { host, layout, repository, request, runId } = options
  const policy = yield* SecurityPolicy
  const surroundings = yield* checkSurroundings({
    repository,
    layout,
    host,
    codexHome: codexHomeOf(layout, runId),
    baseRef: Either.isRight(request) ? request.right.base_ref : undefined
  })
  const problems = [
    ...(Either.isRight(request) ? policy.check(request.right) : request.left),
    ...problemsOf(surroundings)
  ]
  if (problems.length > 0 || Either.isLeft(request) || Either.isLeft(surroundings)) return yield* reject(problems)
  const admitted = policy.admit({ request: request.right, runId, baseCommit: surroundings.right.base.commit })
  if (Either.isLeft(admitted)) return yield* reject(admitted.left)
  return { ...surroundings.right, run: admitted.right } satisfies Ready
})

/** All that doesn't depend on what is asked of Codex, but for the commit to start from. */
export const checkSurroundings = Effect.fn("preflight.surroundings")(function*(options: {
  readonly repository: Repository
  readonly layout: Layout
  readonly host: Host
  /** Codex's home where it needs no login: not there yet. */
  readonly codexHome: string
  readonly baseRef?: string | undefined
}) {
  const { host, layout, repository } = options
  const config = yield* RunnerConfig
  const [node, git, codex, base] = yield* Effect.all([
    checkNode,
    checkGit(host),
    openCodex(layout, options.codexHome),
    checkBase(repository, options.baseRef ?? "HEAD", host)
  ], { concurrency: "unbounded" })
  const problems = [
    ...node,
    ...git,
    ...providerKeyProblems(config.codex_config, config.env_passthrough, host),
    ...problemsOf(codex),
    ...problemsOf(base)
  ]
  if (Arr.isNonEmptyArray(problems)) return Either.left(problems)
  return Either.map(Either.all({ codex, base }), ({ base, codex }): Surroundings => ({
    repository,
    layout,
    base: base.tree,
    session: codex.session,
    gate: codex.gate,
    enforcement: codex.enforcement,
    unreadable: Either.getOrNull(
      confinedReads({ config, gate: codex.gate, host, layout, repository, session: codex.session })
    ),
    excludes: base.excludes,
    warnings: [...sandboxOff(config), ...codex.session.warnings, ...codex.warnings, ...base.warnings]
  }))
})

/** Told on every run, however often it was before. */
const sandboxOff = ({ sandbox_mode }: RunnerConfigData): ReadonlyArray<string> =>
  sandbox_mode === "danger-full-access"
    ? ["Codex's sandbox is off (sandbox_mode): an allowed command can do all that you can, the network included."]
    : []

export const problemsOf = <A>(checked: Checked<A>): ReadonlyArray<Problem> => Either.isLeft(checked) ? checked.left : []

export const checkNode = Effect.sync((): ReadonlyArray<Problem> =>
  compareVersions(process.versions.node, oldestNode) >= 0
    ? []
    : [environmentProblem("node", `Node ${process.versions.node} is too old.`, `Install Node ${oldestNode} or newer.`)]
)

export const checkGit = Effect.fn("preflight.git")(function*(host: Host) {
  const processes = yield* Processes
  const remedy = `Install git ${oldestGit} or newer.`
  const said = yield* Effect.either(processes.run({
    command: "git",
    args: ["--version"],
    cwd: "/",
    env: { PATH: host["PATH"] ?? "" },
    timeout: "20 seconds",
    maxOutputBytes: 10_000
  }))
  if (Either.isLeft(said)) return [environmentProblem("git", `${said.left.message}.`, remedy)]
  const version = /(\d+\.\d+(?:\.\d+)?)/.exec(new TextDecoder().decode(said.right.stdout))?.[1] ?? "0"
  return compareVersions(version, oldestGit) >= 0
    ? []
    : [environmentProblem("git", `git ${version} is too old.`, remedy)]
})

interface GatedCodex {
  readonly session: CodexSession
  readonly gate: ArmedGate | null
  readonly enforcement: Enforcement
  readonly warnings: ReadonlyArray<string>
}

/** Codex, with the gate proven on it; where it can't be, the configuration says whether to go on without. */
const openCodex = Effect.fn("preflight.codex")(
  function*(layout: Layout, home: string) {
    const codex = yield* Codex
    const config = yield* RunnerConfig
    const gate = yield* Gate
    const cacheFolder = path.join(layout.state, "codex")
    const session = yield* codex.open({ home, cacheFolder })
    const found = (
      armed: ArmedGate | null,
      enforcement: Enforcement,
      warnings: ReadonlyArray<string>
    ): Checked<GatedCodex> => Either.right({ session, gate: armed, enforcement, warnings })
    if (session.subject === null) return found(null, "none", [])
    const armed = yield* Effect.either(gate.arm({ ...session.subject, cacheFolder }))
    if (Either.isRight(armed)) return found(armed.right, "pre-execution", [])
    if (config.enforcement === "required") return yield* armed.left
    return found(null, "post-execution", [`${armed.left.message} Going on without (enforcement: "audit").`])
  },
  Effect.catchAll((error) =>
    Effect.succeed(refused(
      error._tag === "GateNotProven"
        ? environmentProblem(
          "gate",
          error.message,
          "See codex-runner doctor. To run all the same and check afterwards, set \"enforcement\": \"audit\"."
        )
        : environmentProblem(error._tag === "NotAuthenticated" ? "auth" : "codex", error.message)
    ))
  )
)

const checkBase = Effect.fn("preflight.base")(function*(repository: Repository, baseRef: string, host: Host) {
  const commit = yield* resolveCommit(repository, baseRef)
  if (commit === undefined) {
    const hasCommits = (yield* resolveCommit(repository, "HEAD")) !== undefined
    return hasCommits
      ? refused({
        area: "request",
        at: "base_ref",
        message: `${quotedShort(baseRef)} names no commit of ${repository.root}.`
      })
      : refused(environmentProblem(
        "repository",
        `${repository.root} has no commit yet.`,
        "Make a first one: git add -A && git commit -m \"first\"."
      ))
  }
  const [configuration, read] = yield* Effect.all([
    readConfiguration(repository),
    Effect.either(readBaseTree(repository, commit))
  ], { concurrency: 2 })
  const missing = yield* countMissing(repository, configuration, commit)
  if (missing > 0) {
    return refused(environmentProblem(
      "repository",
      `this is a partial clone, and ${missing} objects of the base commit are not here.`,
      `Fetch them first: git -C ${repository.root} fetch --refetch --no-filter, or: git checkout ${baseRef}.`
    ))
  }
  const tree = yield* read
  const warnings = yield* repositoryKinds(repository, configuration, tree)
  return Either.right({ tree, warnings, excludes: userExcludes(repository, configuration, host) })
}, Effect.catchAll((error) => Effect.succeed(refused(environmentProblem("repository", error.message)))))

const refused = (problem: Problem): Checked<never> => Either.left([problem])

const userExcludes = (
  repository: Repository,
  configuration: ReadonlyMap<string, string>,
  host: Host
): string => {
  const home = host["HOME"] ?? "/"
  const configured = configuration.get("core.excludesfile")?.replace(/^~\//, `${home}/`)
  const files = [
    `${repository.commonDir}/info/exclude`,
    configured ?? path.join(host["XDG_CONFIG_HOME"] ?? `${home}/.config`, "git", "ignore")
  ]
  return files.map((file) => {
    try {
      return readFileSync(file, "utf8")
    } catch {
      return ""
    }
  }).join("\n")
}
