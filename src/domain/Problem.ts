/** Why a run as a whole is refused: every problem at once, before anything starts. */
import * as Schema from "effect/Schema"

export const ProblemArea = Schema.Literal("configuration", "request", "environment")
export type ProblemArea = typeof ProblemArea.Type

/** One thing that is wrong: where, what, and what to do about it. */
export const Problem = Schema.Struct({
  area: ProblemArea,
  /** The field (`tasks[2].task_id`), or the requirement (`git`, `codex`, `auth`). */
  at: Schema.String,
  message: Schema.String,
  remedy: Schema.optional(Schema.String)
})
export type Problem = typeof Problem.Type

/** A problem in one line. */
export const formatProblem = (problem: Problem): string =>
  `${problem.at}: ${problem.message}${problem.remedy === undefined ? "" : ` ${problem.remedy}`}`

/** A run that was refused. Holds every problem found, at least one. */
export class RunRejected extends Schema.TaggedError<RunRejected>()("RunRejected", {
  problems: Schema.NonEmptyArray(Problem)
}) {
  override get message(): string {
    const one = this.problems.length === 1
    return `${one ? "1 problem" : `${this.problems.length} problems`}; nothing was started.\n${
      this.problems.map((problem) => `  - ${formatProblem(problem)}`).join("\n")
    }`
  }
}
