/** The live view on the terminal: drawn as events come, at most ten times a second, until its scope closes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { RunEvent } from "../../domain/RunEvent.ts"
import { waitAtMost } from "../../process/waitAtMost.ts"
import { Interruptions } from "../interruptions.ts"
import type { Palette } from "../palette.ts"
import { progressLine } from "../render.ts"
import { frame } from "./frame.ts"
import { initial, signalled, step } from "./LiveState.ts"
import { nothing, type OnScreen, paint } from "./paint.ts"
import { stderrAside } from "./stderrAside.ts"
import { terminalWriter } from "./terminalWriter.ts"

export interface LiveViewOptions {
  readonly palette: Palette
  /** Leaves the last state of things on the screen, where nothing else comes to stand there. */
  readonly stays: boolean
}

/** A run goes on where its terminal takes nothing more. */
const patience = "1 second"

/** Opens the view; what it gives is to be told every event. It shows the state of things, never who told of it when. */
export const openLiveView = Effect.fnUntraced(function*({ palette, stays }: LiveViewOptions) {
  const writer = terminalWriter(process.stderr.fd)
  let state = initial(yield* Clock.currentTimeMillis)
  let [drawn, onScreen]: [string, OnScreen] = ["", nothing]
  const said = yield* stderrAside
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGCONT", forget)),
    () => Effect.sync(() => process.off("SIGCONT", forget))
  )
  // What a shell printed while we were suspended stands above, not under, what comes.
  function forget(): void {
    ;[drawn, onScreen] = ["", nothing]
  }

  const draw = (lines: ReadonlyArray<string>): void => {
    const columns = sizeOf(process.stderr.columns, 80)
    const above = said.take()
    const wanted = [columns, ...lines].join("\n")
    if (above === "" && wanted === drawn) return
    const [text, after] = paint(onScreen, { above, lines, columns })
    drawn = wanted
    onScreen = after
    writer.write(text)
  }
  const look = (now: number) => ({
    palette,
    now,
    columns: sizeOf(process.stderr.columns, 80),
    rows: sizeOf(process.stderr.rows, 24),
    pid: process.pid
  })
  const tick = Effect.map(Clock.currentTimeMillis, (now) => {
    // A slow terminal misses what lies between.
    if (writer.isIdle()) draw(frame(state, look(now)))
  })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* waitAtMost(patience, Effect.promise(writer.idle))
      if (!writer.isIdle()) return
      const now = yield* Clock.currentTimeMillis
      draw(stays ? frame(state, look(now)) : [])
      yield* waitAtMost(patience, Effect.promise(writer.idle))
    })
  )
  yield* Effect.forkScoped(Effect.repeat(tick, Schedule.spaced("100 millis")))
  const interruptions = yield* Interruptions
  yield* interruptions.toldTo(() => {
    state = signalled(state)
  })
  return (event: RunEvent): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      state = step(state, event, now)
      const line = event._tag === "RunStarted" || event._tag === "TaskNote" ? progressLine(palette, event) : undefined
      if (line !== undefined) said.say(line)
    })
})

/** A terminal that doesn't know its size says 0. */
const sizeOf = (told: number | undefined, usual: number): number => told === undefined || told < 1 ? usual : told
