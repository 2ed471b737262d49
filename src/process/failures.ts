/** What can go wrong with a process. None holds its arguments, so that no secret is in it. */
import * as Schema from "effect/Schema"

/** A program could not be started. */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>()("SpawnFailed", {
  command: Schema.String,
  cwd: Schema.String,
  missing: Schema.Literal("program", "cwd", "neither"),
  reason: Schema.String
}) {
  override get message(): string {
    switch (this.missing) {
      case "program":
        return `ENOENT: spawn ${this.command} ENOENT`
      case "cwd":
        return `cannot start ${this.command}: its working folder ${this.cwd} does not exist`
      case "neither":
        return `cannot start ${this.command}: ${this.reason}`
    }
  }
}

/** A pipe to a process broke. */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", {
  command: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `lost the output of ${this.command}: ${this.reason}`
  }
}

/** A process said more than it may. */
export class OutputLimit extends Schema.TaggedError<OutputLimit>()("OutputLimit", {
  command: Schema.String,
  maxBytes: Schema.Number
}) {
  override get message(): string {
    return `${this.command} printed more than ${this.maxBytes} bytes`
  }
}

/** A process took longer than it may, and was ended. */
export class ProcessTimedOut extends Schema.TaggedError<ProcessTimedOut>()("ProcessTimedOut", {
  command: Schema.String,
  afterMs: Schema.Number
}) {
  override get message(): string {
    return `${this.command} did not end within ${this.afterMs / 1000} s`
  }
}

/** Why there is no end of a process to tell of. */
export type RunFailed = SpawnFailed | ProcessFailed | OutputLimit | ProcessTimedOut
