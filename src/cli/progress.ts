/** What a run shows while it goes on: a live view at a terminal, a line for each thing elsewhere. */
import * as Effect from "effect/Effect"
import type { RunEvent, Watch } from "../domain/RunEvent.ts"
import { Output } from "./output.ts"
import { checking, progressLine, provenOnce } from "./render.ts"

/** Whether a person looks, at a terminal that can move its cursor. */
const isLive = (
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>
): boolean => {
  const told = (name: string) => env[name] ?? ""
  return stream.isTTY === true && told("TERM") !== "dumb" && ["", "0", "false"].includes(told("CI"))
}

/** Shows what happens in whatever `use` gives the events of, until that is over; then nothing of it is in the way. */
export const withProgress = <A, E, R>(use: (watch: Watch) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(isLive(process.stderr, process.env) ? live : plain, use))

const plain = Effect.gen(function*() {
  const { err, onErr } = yield* Output
  yield* err(onErr.dim(`${checking} (${provenOnce}) …`))
  return (event: RunEvent): Effect.Effect<void> => {
    const line = progressLine(onErr, event)
    return line === undefined ? Effect.void : err(line)
  }
})

const live = Effect.gen(function*() {
  const { onErr } = yield* Output
  const { openLiveView } = yield* Effect.promise(() => import("./live/liveView.ts"))
  return yield* openLiveView({ palette: onErr, stays: process.stdout.isTTY !== true })
})
