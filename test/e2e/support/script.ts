/** What the scripted model does in these tests, in short words. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Reply from "../../../src/scripted/Reply.ts"
import type { Script } from "../../../src/scripted/Script.ts"

/** Lines of one `apply_patch` call. */
export const patch = (...lines: ReadonlyArray<string>): Reply.Reply =>
  Reply.calls([Reply.patch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"))])

export const addFile = (path: string, ...lines: ReadonlyArray<string>): Reply.Reply =>
  patch(`*** Add File: ${path}`, ...lines.map((line) => `+${line}`))

export const command = (cmd: string, options: Parameters<typeof Reply.command>[1] = {}): Reply.Reply =>
  Reply.calls([Reply.command(cmd, options)])

export const done = Reply.message("Done.")

/** These steps, then the closing words. */
export const task = (...replies: ReadonlyArray<Reply.Reply>): Script => (turn) => replies[turn.step] ?? done

/** Edits one file and ends well: what a task's siblings do. */
export const wellBehaved = (name: string): Script => task(addFile(`src/${name}.txt`, name))

/** A script, and the moment in which its last step is asked for. */
export interface Watched {
  readonly script: Script
  readonly reached: Effect.Effect<void>
}

/** These steps, then no answer ever. */
export const thenHang = (...replies: ReadonlyArray<Reply.Reply>): Watched => {
  const deferred = Deferred.unsafeMake<void>(FiberId.none)
  return {
    script: (turn) => {
      const reply = replies[turn.step]
      if (reply !== undefined) return reply
      Deferred.unsafeDone(deferred, Effect.void)
      return Reply.hang
    },
    reached: Deferred.await(deferred)
  }
}
