/** Errors in words for a model: what is wrong, all of it, and what to do next. */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import { plainText } from "../audit/plainText.ts"
import type { PlanReviewFailed } from "../domain/PlanReview.ts"
import { formatProblem, type Problem, type RunRejected } from "../domain/Problem.ts"
import { clip } from "./clip.ts"
import { failure, type Reply } from "./replies.ts"
import { linesWithin } from "./words.ts"

export type Failure = RunRejected | PlanReviewFailed

const maxProblemBytes = 7000
/** Of one problem: it must not push out the others. */
const maxLineBytes = 2000

const nextSteps = (tool: string, { problems }: RunRejected): string => {
  const users = problems.some(({ area }) => area !== "request")
  const own = problems.some(({ area }) => area === "request")
  return [
    ...(users ? ["What the environment or the configuration lacks, the user has to put right: tell them."] : []),
    own ? `Correct the arguments and call ${tool} again.` : `Then call ${tool} again.`
  ].join(" ")
}

/** The engine names what a person types; here they are fields. */
const fields: ReadonlyMap<string, string> = new Map([["run", "run_id"], ["task", "task_id"]])

const asField = (problem: Problem): Problem => ({
  ...problem,
  at: fields.get(problem.at) ?? problem.at,
  ...(problem.remedy?.includes("--repo") === true ? { remedy: anotherRepository } : {})
})

const anotherRepository =
  "Name one with repo_dir. Which one is meant without it, the user tells this server with CODEX_RUNNER_REPO."

const rejected = (tool: string, error: RunRejected): string => {
  const { problems } = error
  const lines = problems.map((problem) => `- ${clip(formatProblem(asField(problem)), maxLineBytes, "left out")}`)
  const head = `${tool} was refused, nothing was started: ${
    problems.length === 1 ? "1 problem" : `${problems.length} problems`
  }.`
  return [head, ...linesWithin(lines, maxProblemBytes, ""), nextSteps(tool, error)].join("\n")
}

/** undefined where the call was only interrupted: then nobody waits for a word. `mask` takes out secrets. */
export const replyOf = (
  tool: string,
  cause: Cause.Cause<Failure>,
  mask: (text: string) => string
): Reply | undefined => {
  const error = Option.getOrUndefined(Cause.failureOption(cause))
  const words = error?._tag === "RunRejected"
    ? rejected(tool, error)
    : error?._tag === "PlanReviewFailed"
    ? `No review (${error.error.kind}): ${error.message}`
    : Cause.isInterruptedOnly(cause)
    ? undefined
    : `${tool} failed inside codex-runner: that is a bug of it. What happened is in the server's log (standard error). ` +
      "Runs go on: see list_runs."
  return words === undefined ? undefined : failure(mask(plainText(words)))
}
