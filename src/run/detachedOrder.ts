/** What a runner process of its own is told to do, and what it answers: a JSON text on its standard input, one on its output. */
import * as Schema from "effect/Schema"
import { Problem } from "../domain/Problem.ts"
import { RunId, RunRequest } from "../domain/Task.ts"

export const DetachedOrder = Schema.parseJson(Schema.Struct({
  /** Where the runner works, absolute. */
  directory: Schema.String,
  /** The configuration, whole, as whoever gives the order has it; it is trusted. */
  config: Schema.Unknown,
  work: Schema.Union(
    Schema.TaggedStruct("Run", { request: RunRequest }),
    /** The run's name, as a person gives it. */
    Schema.TaggedStruct("Resume", { run: Schema.String })
  ),
  /** Where its log lines go until the run has a folder. */
  log: Schema.String
}))
export type DetachedOrder = typeof DetachedOrder.Type

/** Said once: the run is on record, or refused. */
export const DetachedAnswer = Schema.parseJson(Schema.Union(
  Schema.TaggedStruct("Started", { run_id: RunId }),
  Schema.TaggedStruct("Refused", { problems: Schema.NonEmptyArray(Problem) })
))
export type DetachedAnswer = typeof DetachedAnswer.Type
