/** A script: what the model answers, as a function of where the conversation stands. */
import * as Reply from "./Reply.ts"
import type { Turn } from "./Turn.ts"

/** Called once for each request. What it throws is answered as an HTTP 500 that says so. */
export type Script = (turn: Turn) => Reply.Reply

/** Answers the first request of a turn with the first reply, and so on; the last reply repeats. */
export const steps = (...replies: readonly [Reply.Reply, ...ReadonlyArray<Reply.Reply>]): Script => (turn) =>
  replies[turn.step] ?? replies.at(-1) ?? replies[0]

const unknownPrompt: Script = (turn) =>
  Reply.httpError(400, `The scripted model has no answer to this prompt: ${turn.prompt.slice(0, 200)}`)

/** Picks the first script whose text is in the prompt, or whose pattern matches it. */
export const byPrompt = (
  routes: ReadonlyArray<readonly [match: string | RegExp, script: Script]>,
  otherwise: Script = unknownPrompt
): Script =>
(turn) => {
  const route = routes.find(([match]) =>
    typeof match === "string" ? turn.prompt.includes(match) : turn.prompt.search(match) >= 0
  )
  return (route?.[1] ?? otherwise)(turn)
}
