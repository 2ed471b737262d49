/** The view at real terminals, fed with events by a program that goes a step further at each SIGUSR2, and ends at SIGUSR1. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { existsSync } from "node:fs"
import { gitRepo } from "../../support/GitRepo.ts"
import { bundle } from "../../support/program.ts"
import { expectScreen } from "../../support/screen.ts"
import { atTerminal } from "../../support/terminal.ts"

const program = `
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { writeFileSync } from "node:fs"
import { Interruptions, listen } from "./src/cli/interruptions.ts"
import { Output } from "./src/cli/output.ts"
import { withProgress } from "./src/cli/progress.ts"
import { run } from "./test/cli/results.ts"
import { task } from "./test/support/results.ts"
import { command, denied, edit, enters, finishes, message, says, started } from "./test/cli/live/events.ts"

const ids = Array.from({ length: Number(process.argv[3] ?? 4) }, (_, index) => "task-" + index)
const usage = { input_tokens: 12000, cached_input_tokens: 0, output_tokens: 345, reasoning_output_tokens: 0 }
const signals = Effect.unsafeMakeSemaphore(0)
process.on("SIGUSR2", () => Effect.runSync(signals.release(1)))
const signal = signals.take(1)
process.stdout.write("ready\\n")
const step = (...does) => Effect.zipRight(Effect.forEach(does, (one) => one, { discard: true }), signal)

const main = withProgress((watch) => Effect.gen(function*() {
  const tell = (event) => watch(event)
  yield* step(Effect.void)
  yield* step(
    tell({ ...started(...ids), warnings: ["This repository has submodules."] }),
    ...ids.slice(0, 3).flatMap((id) => [tell(enters(id, "worktree")), tell(enters(id, "codex", 300))])
  )
  yield* step(
    tell(says("task-0", command("item.started", "1", "npm test -- --run"))),
    tell(says("task-1", edit("/w/src/a.ts", "/w/src/b.ts"))),
    tell(denied("task-2", "curl https://evil.example")),
    tell(finishes(task("task-1", { files_changed: ["src/a.ts"], usage, summary: "日本語の要約。\\u001b[2J" })))
  )
  yield* step(
    Effect.logWarning("a log line"),
    Effect.sync(() => console.error("a line of somebody's")),
    Effect.sync(() => process.stderr.write("w".repeat(100) + "\\n")),
    Effect.flatMap(Output, ({ err }) => err("told by ours")),
  )
  // Timers come in their order: the view has drawn before the next step, or tried to.
  yield* step(Effect.sync(() => process.stderr.write("#".repeat(200_000))), Effect.sleep("300 millis"))
  yield* step(
    ...Array.from({ length: 1000 }, (_, index) => tell(says("task-0", message("message " + index)))),
    Effect.sync(() => writeFileSync(process.argv[2], "done"))
  )
}))
// Nothing is drawn because time goes by: a frame for one size that meets a terminal of the next is not under test.
const still = Object.assign(Clock.make(), { currentTimeMillis: Effect.succeed(0), unsafeCurrentTimeMillis: () => 0 })
const logging = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
const layers = Layer.mergeAll(Output.layer, Layer.succeed(Interruptions, listen("Ending.")), logging)
// A signal that is waited for keeps no process alive.
setInterval(() => {}, 1_000_000)
Effect.runPromise(Effect.withClock(Effect.provide(main, layers), still)).then(() => {
  // A terminal whose program is gone is not read for long: it stays until what it wrote was seen.
  process.on("SIGUSR1", () => process.exit())
  process.stdout.write("the results\\n")
})
`

const place = Effect.gen(function*() {
  const { env, home } = yield* gitRepo()
  return { env, home, path: bundle(home, program) }
})

interface Options {
  readonly columns?: number
  readonly rows?: number
  readonly tasks?: number
  readonly env?: Readonly<Record<string, string>>
}

const open = ({ columns = 80, env = {}, rows = 24, tasks = 4 }: Options = {}) =>
  Effect.gen(function*() {
    const at = yield* place
    const flag = `${at.home}/done`
    const terminal = yield* atTerminal(process.execPath, [at.path, flag, String(tasks)], {
      columns,
      rows,
      cwd: at.home,
      env: { ...at.env, TERM: "xterm-256color", ...env }
    })
    yield* terminal.shows("ready")
    // It may have come to its end before the last of them.
    const go = Effect.ignore(Effect.try(() => process.kill(terminal.pid, "SIGUSR2")))
    return { ...terminal, flag, go }
  })

/** To where tasks are at work, one is done, and one call was denied. */
const toTheMiddle = (terminal: Effect.Effect.Success<ReturnType<typeof open>>) =>
  Effect.gen(function*() {
    yield* terminal.shows("Checking what is needed")
    yield* terminal.go
    yield* terminal.shows("3 at work")
    yield* terminal.go
    yield* terminal.shows("1 of 4 tasks done")
  })

/** Signals that come at once count as one. */
const goUntil = (terminal: { readonly go: Effect.Effect<void> }, is: () => boolean) =>
  Effect.repeat(terminal.go, { until: is, schedule: Schedule.spaced("50 millis") })

/** Through all steps, until what comes after the view was written; then to its exit code. */
const toTheEnd = (terminal: Effect.Effect.Success<ReturnType<typeof open>>) =>
  Effect.gen(function*() {
    const seen = terminal.until(() => terminal.bytes().includes("the results"))
    yield* Effect.raceFirst(seen, Effect.zipRight(goUntil(terminal, () => false), Effect.never))
    process.kill(terminal.pid, "SIGUSR1")
    return yield* terminal.ended
  })

describe("the live view at a terminal", () => {
  for (const [columns, rows] of [[80, 24], [200, 50]] as const) {
    it.scopedLive(`of ${columns}x${rows}`, () =>
      Effect.gen(function*() {
        const terminal = yield* open({ columns, rows })
        yield* toTheMiddle(terminal)
        expectScreen(terminal.screen.text(), "screen")
        assert.isTrue(terminal.screen.isPainted())
      }))
  }

  it.scopedLive("has log lines and whatever else is written above it, and itself once", () =>
    Effect.gen(function*() {
      const terminal = yield* open()
      yield* toTheMiddle(terminal)
      yield* terminal.go
      yield* terminal.shows("told by ours")
      const text = terminal.screen.history()
      expectScreen(text.replace(/timestamp=\S+/, "timestamp=…"), "screen")
    }))

  it.scopedLive("survives every change of size", () =>
    Effect.gen(function*() {
      const terminal = yield* open()
      yield* toTheMiddle(terminal)
      const sizes = [[60, 24], [80, 14], [45, 24], [120, 30], [33, 9], [100, 24]] as const
      for (const [columns, rows] of sizes) {
        yield* terminal.resize(columns, rows)
        const heading = [
          "TASK",
          "STATE",
          "TIME",
          ...(columns < 100 ? [] : ["LEFT"]),
          ...(columns < 44 ? [] : ["CMDS", "DENIED"]),
          ...(columns < 72 ? [] : ["TOKENS"]),
          ...(columns < 60 ? [] : ["FILES"])
        ]
        // The view is what stands last, drawn for this size.
        yield* terminal.until(({ text }) => {
          const [head = "", ...lines] = text().split("\n").slice(-8)
          return head.split(/ +/).slice(0, heading.length + 1).join(" ").startsWith(`${heading.join(" ")} LAST`) &&
            lines.slice(0, 4).every((line, index) => line.startsWith(`task-${index}`)) &&
            /^0:\d\d {2}1 of 4 tasks do/.test(lines[5] ?? "") && (lines[6] ?? "").startsWith("1 command, 1 denied")
        })
      }
    }))

  it.scopedLive("leaves nothing of an earlier size where it was in sight as a whole", () =>
    Effect.gen(function*() {
      const terminal = yield* open()
      yield* toTheMiddle(terminal)
      // A terminal that changes its size in the middle of a paint is another matter.
      const isPainted = () => terminal.bytes().endsWith("\u001b[?2026l")
      yield* terminal.until(isPainted)
      for (const [columns, tokens] of [[60, false], [80, true], [50, false], [75, true]] as const) {
        yield* terminal.resize(columns, 24)
        yield* terminal.until(({ text }) => text().includes("TOKENS") === tokens && isPainted())
        assert.lengthOf(terminal.screen.text().match(/^TASK|^task-|^0:/gm) ?? [], 6)
      }
    }))

  it.scopedLive("has no colour with NO_COLOR", () =>
    Effect.gen(function*() {
      const terminal = yield* open({ env: { NO_COLOR: "1" } })
      yield* toTheMiddle(terminal)
      assert.isFalse(terminal.screen.isPainted())
    }))

  it.scopedLive("of 500 tasks shows those at work and counts the rest", () =>
    Effect.gen(function*() {
      const terminal = yield* open({ tasks: 500 })
      yield* terminal.shows("Checking what is needed")
      yield* terminal.go
      yield* terminal.shows("3 at work")
      expectScreen(terminal.screen.text(), "screen")
    }))

  it.scopedLive("is gone at the end, where the results come to stand", () =>
    Effect.gen(function*() {
      const terminal = yield* open()
      yield* toTheMiddle(terminal)
      assert.strictEqual(yield* toTheEnd(terminal), 0)
      assert.include(terminal.screen.history(), "the results")
      assert.notInclude(terminal.screen.text(), "tasks done")
    }))

  it.scopedLive("that takes nothing more holds up neither the run nor what comes after", () =>
    Effect.gen(function*() {
      const terminal = yield* open()
      yield* toTheMiddle(terminal)
      yield* terminal.go
      yield* terminal.shows("told by ours")
      yield* terminal.stop
      yield* terminal.go
      // 200,000 characters are under way, far more than a terminal's buffer holds.
      yield* goUntil(terminal, () => existsSync(terminal.flag))
      yield* terminal.goOn
      assert.strictEqual(yield* toTheEnd(terminal), 0)
      // What was held up may go on being written behind it: nobody waits for that longer than a second.
      assert.include(terminal.bytes(), "the results")
    }))
})

describe("lines in place of a view", () => {
  for (const [name, env] of Object.entries({ "in CI": { CI: "true" }, "at a dumb terminal": { TERM: "dumb" } })) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const terminal = yield* open({ env })
        yield* goUntil(terminal, () => terminal.bytes().includes("denied: curl https://evil.example (no)"))
        assert.notInclude(terminal.bytes(), "TASK")
        assert.notMatch(terminal.bytes(), /\u001b\[\d*A/)
      }))
  }
})
