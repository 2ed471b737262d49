/** A call of a tool, and its arguments read. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import { decode } from "../domain/decode.ts"
import { RunRejected } from "../domain/Problem.ts"
import type { Send } from "./progress.ts"

export interface Call {
  readonly args: unknown
  /** undefined: the client asked for no progress. */
  readonly send: Send | undefined
}

/** A tool's arguments, or everything that is wrong with them. */
export const read = <A, I>(schema: Schema.Schema<A, I>) => {
  const from = decode(schema, { area: "request", root: "arguments" })
  return (args: unknown) => Either.mapLeft(from(args), (problems) => new RunRejected({ problems }))
}

/** Only looked at where the arguments as a whole are no good. */
export const repoDirOf = (args: unknown): string | undefined =>
  typeof args === "object" && args !== null && "repo_dir" in args && typeof args.repo_dir === "string"
    ? args.repo_dir
    : undefined

export const bothProblems = (...checked: ReadonlyArray<Either.Either<unknown, RunRejected>>) => {
  const [first, ...rest] = checked.flatMap((one) => Either.isLeft(one) ? one.left.problems : [])
  return first === undefined ? Effect.dieMessage("no problem") : new RunRejected({ problems: [first, ...rest] })
}

/** Something in the arguments that can't be. */
export const refuse = (at: string, message: string, remedy: string) =>
  new RunRejected({ problems: [{ area: "request", at, message, remedy }] })
