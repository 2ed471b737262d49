/** Questions to whoever sits at the terminal. */
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline/promises"

export const isTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Yes or no; anything but a yes is a no. */
export const ask = (question: string): Effect.Effect<boolean> =>
  Effect.tryPromise(async (signal) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await terminal.question(question, { signal })).trim())
    } finally {
      terminal.close()
    }
  }).pipe(Effect.orElseSucceed(() => false))
