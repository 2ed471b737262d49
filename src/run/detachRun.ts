/** A run in a process of its own, which outlives whoever asked for it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, mkdirSync, openSync } from "node:fs"
import * as path from "node:path"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { askingOfDisk } from "../domain/diskTrouble.ts"
import { RunRejected } from "../domain/Problem.ts"
import { reasonOf } from "../domain/reasonOf.ts"
import { builtFolder } from "../process/built.ts"
import { Host } from "../process/Host.ts"
import { traceparent } from "../telemetry/traceContext.ts"
import { DetachedAnswer, DetachedOrder } from "./detachedOrder.ts"
import { rejected } from "./rejection.ts"
import { locate } from "./startRun.ts"

const programFile = "detached.mjs"

/** Until its run is on record a runner checks Codex, and perhaps proves the gate. */
const patience = Duration.minutes(3)

const encodeOrder = Schema.encodeSync(DetachedOrder)
const decodeAnswer = Schema.decodeUnknown(DetachedAnswer)

/** Comes back once the run is on record, or with why it is refused. */
export const detachRun = Effect.fn("detachRun")(function*(work: DetachedOrder["work"]) {
  // What isn't trusted is refused here: the order says that it is.
  const { layout } = yield* locate()
  const { origin: _, ...config } = yield* RunnerConfig
  const { directory, env } = yield* Host
  const folder = builtFolder("bin", programFile)
  if (folder === undefined) {
    return yield* rejected(
      "installation",
      "the program for detached runs is missing.",
      "Install codex-mcp-runner again."
    )
  }
  const log = path.join(layout.root, `detached-${process.pid}-${randomBytes(4).toString("hex")}.log`)
  const start = {
    program: path.join(folder, programFile),
    text: encodeOrder({ directory, config, work, log }),
    env: { ...env, ...(yield* traceparent) },
    log
  }
  const said = yield* Effect.acquireUseRelease(
    openLog(log),
    (fd) => order(start, fd),
    (fd) => Effect.sync(() => closeSync(fd))
  )
  const answer = yield* decodeAnswer(said).pipe(
    Effect.mapError(() => rejected("detach", "the detached runner ended without an answer.", `Its log is ${log}.`))
  )
  if (answer._tag === "Started") return answer.run_id
  return yield* new RunRejected({ problems: answer.problems })
})

const openLog = (log: string) =>
  Effect.try({
    try: () => {
      mkdirSync(path.dirname(log), { recursive: true, mode: 0o700 })
      return openSync(log, "a", 0o600)
    },
    catch: (cause) => rejected("state_dir", askingOfDisk(`cannot keep ${log}: ${reasonOf(cause)}`))
  })

/** Starts the runner with its order, and gives the first line that it says: empty where it ended without. */
const order = (start: {
  readonly program: string
  readonly text: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: string
}, log: number): Effect.Effect<string, RunRejected> =>
  Effect.async<string, RunRejected>((resume) => {
    // Not through Processes, which ends what it started.
    const child = spawn(process.execPath, [start.program], {
      // A folder that nobody removes.
      cwd: "/",
      env: start.env,
      detached: true,
      stdio: ["pipe", "pipe", log]
    })
    let said = ""
    const leave = () => {
      child.stdout?.destroy()
      child.unref()
    }
    child.once("error", (error) => resume(rejected("detach", `the runner can't be started: ${error.message}`)))
    child.stdin?.on("error", () => undefined).end(start.text)
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (!said.includes("\n")) return
      leave()
      resume(Effect.succeed(said))
    })
    child.stdout?.once("end", () => resume(Effect.succeed(said)))
    return Effect.sync(() => {
      leave()
      child.kill("SIGTERM")
    })
  }).pipe(
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () =>
        rejected("detach", `the runner did not start within ${Duration.format(patience)}.`, `Its log is ${start.log}.`)
    })
  )
