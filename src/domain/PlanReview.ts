/**
 * A plan as it comes over the wire, and what Codex makes of it. One schema of
 * the review is the result's, the one Codex is told to answer by, and the one
 * its answer is held against.
 */
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { decode } from "./decode.ts"
import { formatProblem, type Problem } from "./Problem.ts"
import { TaskError } from "./Result.ts"

/** Characters of a plan, and of what is told of its repository. */
export const maxPlanCharacters = 200_000

/** Characters as a person counts them, and as JSON Schema does: an emoji is one. */
const characters = (text: string): number => text.length - (text.match(/[\u{10000}-\u{10ffff}]/gu)?.length ?? 0)

/** With commas. (Node's own way loads all that it knows of languages.) */
const count = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",")

const expected = `expected 1 to ${count(maxPlanCharacters)} characters`

const textFault = (text: string): string | undefined => {
  if (text.trim() === "") return `${expected}, got ${text === "" ? "none" : "white space alone"}`
  const length = characters(text)
  if (length > maxPlanCharacters) return `${expected}, got ${count(length)}`
  return text.includes("\0") ? "holds a NUL byte, which no text has" : undefined
}

const planText = (description: string) =>
  Schema.String.pipe(
    // Two filters: with one, the description would be lost in the JSON Schema.
    Schema.filter(() => true, { jsonSchema: { minLength: 1 } }),
    Schema.filter(textFault, { jsonSchema: { maxLength: maxPlanCharacters } })
  ).annotations({ description })

/** A plan to review: 1 to 200,000 characters, and as many on its repository. */
export const PlanReviewRequest = Schema.Struct({
  plan_text: planText("The plan, as text or Markdown: 1 to 200,000 characters."),
  repo_context: Schema.optional(
    planText("What the files don't tell of the repository: conventions, goals, constraints.")
  )
})
export type PlanReviewRequest = typeof PlanReviewRequest.Type

/** Decodes a request as it came over a wire, every problem at once. */
export const decodePlanReviewRequest = decode(PlanReviewRequest, { area: "request", root: "request" })

const list = (description: string) => Schema.Array(Schema.String).annotations({ description })

/** What is to be said of the plan; a list is empty where there is nothing. */
export const PlanReport = Schema.Struct({
  missing_tasks: list("Work that the plan needs and doesn't have."),
  dependency_issues: list("Tasks in the wrong order, in a circle, or without what they depend on."),
  parallelization_suggestions: list("Tasks that could be done at the same time, and what keeps others from it."),
  test_gaps: list("What no test of the plan would notice."),
  risk_flags: list("What could go wrong or cost more than it seems."),
  recommended_task_splits: list("Tasks that are too large, and how to split them.")
})
export type PlanReport = typeof PlanReport.Type

/** What Codex found in a plan. */
export const PlanReview = Schema.Struct({ report: PlanReport })
export type PlanReview = typeof PlanReview.Type

/** The JSON Schema that Codex is told to answer by, in the form that model providers take. */
export const planReviewJsonSchema = (): object => {
  const { $schema: _, ...schema } = JSONSchema.make(PlanReview)
  return schema
}

const decodeReview = decode(PlanReview, { area: "request", root: "answer" })

const parseJson = Option.liftThrowable((text: string, mask: (text: string) => string): unknown =>
  JSON.parse(text, (_key, value: unknown) => typeof value === "string" ? mask(value) : value)
)

/**
 * Codex's answer as a review, or everything that keeps it from being one. Each
 * text in it is masked by itself and whole: in the JSON around it a mask could
 * take a quote with it, and of what is wrong only the start is told.
 */
export const readAnswer = (
  answer: string,
  mask: (text: string) => string
): Either.Either<PlanReview, ReadonlyArray<string>> =>
  Option.match(parseJson(answer, mask), {
    onNone: () => Either.left(["answer: is no JSON text"]),
    onSome: (value) =>
      Either.mapLeft(decodeReview(value), (problems: ReadonlyArray<Problem>) => problems.map(formatProblem))
  })

/** A review that was started and came to nothing; nothing of it is left. */
export class PlanReviewFailed extends Schema.TaggedError<PlanReviewFailed>()("PlanReviewFailed", {
  error: TaskError
}) {
  override get message(): string {
    return this.error.message
  }
}
