/** A Codex that the hook ended, because it made more calls at once than can be judged. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { policyIn } from "./gateLog.ts"
import { calls, floodedSuffix } from "./hookCommand.ts"

export class TooManyCalls extends Schema.TaggedError<TooManyCalls>()("TooManyCalls", {}) {
  override get message(): string {
    return `The model made more than ${calls.atMost} calls at once, so Codex was ended: it could not have asked the ` +
      "gate about all of them. Run the task again, and ask for fewer at a time where it happens again."
  }
}

/** Once Codex has ended. `folder` is where the gate logs. */
export const refuseFlood = (folder: string): Effect.Effect<void, TooManyCalls> =>
  Effect.suspend(() => existsSync(`${policyIn(folder)}${floodedSuffix}`) ? new TooManyCalls() : Effect.void)
