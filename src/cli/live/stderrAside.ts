/** Standard error while the view is on it: whatever is written there by anyone is kept for the place above the view. */
import * as Effect from "effect/Effect"

export interface Aside {
  readonly say: (text: string) => void
  /** What was said since the last time, as whole lines. */
  readonly take: () => string
}

/** Characters that may wait for a terminal. */
const maxWaiting = 256 * 1024

/** Log lines, warnings of Node's, notes: until the scope closes. */
export const stderrAside = Effect.acquireRelease(
  Effect.sync((): Aside => {
    let [waiting, dropped] = ["", 0]
    const say = (text: string): void => {
      if (waiting.length + text.length > maxWaiting) dropped += 1
      else waiting += text.endsWith("\n") ? text : `${text}\n`
    }
    process.stderr.write = (
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | ((error?: Error | null) => void),
      callback?: (error?: Error | null) => void
    ): boolean => {
      say(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"))
      const done = typeof encoding === "function" ? encoding : callback
      if (done !== undefined) process.nextTick(done)
      return true
    }
    const take = (): string => {
      const text = dropped === 0 ? waiting : `${waiting}[… ${dropped} lines that the terminal had no time for]\n`
      ;[waiting, dropped] = ["", 0]
      return text
    }
    return { say, take }
  }),
  // The stream's own method shows again.
  () => Effect.sync(() => Reflect.deleteProperty(process.stderr, "write"))
)
