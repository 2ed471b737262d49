/** Everything a run needs, looked at one by one, each with its state and what to do about it. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as path from "node:path"
import { Codex } from "../codex/Codex.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { Problem } from "../domain/Problem.ts"
import { Gate } from "../gate/Gate.ts"
import { type Repository, resolveCommit } from "../git/Repository.ts"
import type { Containment } from "../process/containment.ts"
import { Host } from "../process/Host.ts"
import type { Layout } from "../store/stateFolder.ts"
import { confinedReads } from "./confinedReads.ts"
import { checkGit, checkNode } from "./preflight.ts"
import { locate } from "./startRun.ts"

/** One thing that a run needs, as it was found. */
export interface Check {
  readonly name: string
  /** `warning`: a run is possible, but not as it should be. */
  readonly state: "ok" | "warning" | "failed" | "skipped"
  readonly detail: string
  readonly remedy: string | null
}

const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail, remedy: null })

const failed = (name: string, detail: string, remedy: string | null = null): Check => ({
  name,
  state: "failed",
  detail,
  remedy
})

const skipped = (name: string, detail: string): Check => ({ name, state: "skipped", detail, remedy: null })

const broken = (name: string, problems: ReadonlyArray<Problem>): Check => {
  const remedies = problems.flatMap(({ remedy }) => remedy ?? [])
  return failed(
    name,
    problems.map(({ at, message }) => at === name ? message : `${at}: ${message}`).join("; "),
    remedies.length === 0 ? null : remedies.join(" ")
  )
}

const ofProblems = (name: string, problems: ReadonlyArray<Problem>, fine: string): Check =>
  problems.length === 0 ? ok(name, fine) : broken(name, problems)

/** Looks at everything; proves the gate anew. */
export const examine = Effect.fn("doctor")(function*() {
  const { env } = yield* Host
  const config = yield* RunnerConfig
  const located = yield* Effect.either(locate())
  const basics = [
    ofProblems("node", yield* checkNode, process.versions.node),
    ofProblems("git", yield* checkGit(env), "new enough")
  ]
  if (Either.isLeft(located)) {
    const { problems } = located.left
    const names = [...new Set(problems.map(({ at }) => checkOf(at)))]
    return [
      ...basics,
      ...names.map((name) => broken(name, problems.filter(({ at }) => checkOf(at) === name))),
      ...["codex", "auth", "gate", "sandbox", "reads", "processes"].map((name) =>
        skipped(name, `first mend ${names.join(" and ")}`)
      )
    ]
  }
  const { layout, repository } = located.right
  const head = yield* Effect.either(resolveCommit(repository, "HEAD"))
  const hasCommit = Either.isRight(head) && head.right !== undefined
  return [
    ...basics,
    hasCommit
      ? ok("repository", repository.root)
      : failed("repository", `${repository.root} has no commit yet`, "git add -A && git commit -m \"first\""),
    ok("state folder", layout.root),
    // That it is trusted, or needs no trust, has been seen on the way here.
    ok("configuration", config.origin.path ?? "defaults, there is no .mcp-codex.json"),
    ...(yield* examineCodex(located.right))
  ]
})

/** The check that a problem on the way to the repository belongs to. */
const checkOf = (at: string): string =>
  at === ".mcp-codex.json" ? "configuration" : at === "state_dir" ? "state folder" : "repository"

const examineCodex = Effect.fnUntraced(function*(located: {
  readonly repository: Repository
  readonly layout: Layout
}) {
  const { env } = yield* Host
  const codex = yield* Codex
  const gate = yield* Gate
  const config = yield* RunnerConfig
  const cacheFolder = path.join(path.dirname(located.layout.root), "codex")
  const opened = yield* Effect.either(codex.open({ home: `${cacheFolder}/doctor-home`, cacheFolder }))
  if (Either.isLeft(opened)) {
    const rest = (name: string, ...later: ReadonlyArray<string>) => [
      failed(name, opened.left.message),
      ...[...later, "gate", "sandbox", "reads", "processes"].map((check) => skipped(check, `first mend ${name}`))
    ]
    return opened.left._tag === "NotAuthenticated" ? [ok("codex", "found"), ...rest("auth")] : rest("codex", "auth")
  }
  const { subject, version, warnings } = opened.right
  const found: ReadonlyArray<Check> = [
    warnings.length === 0
      ? ok("codex", `${version} (${subject?.binary.path ?? "no binary"})`)
      : { name: "codex", state: "warning", detail: warnings.join("; "), remedy: null },
    ok("auth", "found")
  ]
  if (subject === null) return found
  const proven = yield* Effect.either(gate.arm({ ...subject, cacheFolder, anew: true }))
  if (Either.isRight(proven)) {
    return [
      ...found,
      ok("gate", "proven on this Codex: forbidden calls are denied before they run"),
      ok("sandbox", "holds: no network, no writes outside the worktree, no secrets in commands' environment"),
      checkReads(confinedReads({ ...located, config, gate: proven.right, host: env, session: opened.right })),
      ofContainment(proven.right.containment)
    ]
  }
  const { gate: gateTroubles, sandbox } = proven.left
  const state = config.enforcement === "audit" ? "warning" as const : "failed" as const
  const trouble = (name: string, texts: ReadonlyArray<string>, remedy: string): Check =>
    texts.length === 0 ? ok(name, "no trouble seen") : { name, state, detail: texts.join("; "), remedy }
  return [
    ...found,
    trouble(
      "gate",
      gateTroubles,
      "Update Codex (npm install -g @openai/codex@latest), or set \"enforcement\": \"audit\" to check afterwards only."
    ),
    // Without a gate to try it with, nothing is known of the sandbox.
    gateTroubles.length > 0 && sandbox.length === 0 ? skipped("sandbox", "first mend gate") : trouble(
      "sandbox",
      sandbox,
      "Codex's sandbox needs unprivileged user namespaces; Ubuntu 24.04 forbids them by AppArmor: " +
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or install bubblewrap with a profile of its own."
    ),
    ...["reads", "processes"].map((name) => skipped(name, `first mend ${gateTroubles.length > 0 ? "gate" : "sandbox"}`))
  ]
})

/** Where namespaces can be had, a machine without is one that could do better. */
const ofContainment = (containment: Containment): Check => {
  if (containment._tag === "Namespace") {
    return ok("processes", "contained in a PID namespace, which ends with the runner")
  }
  const detail = `in process groups only, because ${containment.reason}`
  return process.platform === "linux"
    ? {
      name: "processes",
      state: "warning",
      detail,
      remedy: "Runs are possible. After a kill -9 of the runner, what Codex started may live on until the next start."
    }
    : ok("processes", detail)
}

/** Without it a run is possible, and says so. */
const checkReads = (reads: ReturnType<typeof confinedReads>): Check =>
  Either.match(reads, {
    onRight: () => ok("reads", "confined: commands can't read your credentials and codex-runner's own folder"),
    onLeft: (why): Check => ({
      name: "reads",
      state: "warning",
      detail: `open: commands can read whatever you can (${why[0]?.slice(0, 300)}${
        why.length > 1 ? `; and ${why.length - 1} more` : ""
      })`,
      remedy: "A newer Codex may do it: npm install -g @openai/codex@latest"
    })
  })

/** Whether a run would be possible. */
export const isReady = (checks: ReadonlyArray<Check>): boolean => !checks.some((check) => check.state === "failed")
