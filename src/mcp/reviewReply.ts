/** A review as a reply. */
import { oneLine } from "../audit/plainText.ts"
import { type PlanReport, PlanReview } from "../domain/PlanReview.ts"
import { bytesOf, clip } from "./clip.ts"
import { maxReplyBytes, maxTextBytes } from "./fit.ts"
import { type Reply, reply } from "./replies.ts"
import type { PlanReviewReply } from "./schemas.ts"
import { linesWithin } from "./words.ts"

const headings: Readonly<Record<keyof PlanReport, string>> = {
  missing_tasks: "Missing tasks",
  dependency_issues: "Dependency issues",
  parallelization_suggestions: "What can be done at the same time",
  test_gaps: "Test gaps",
  risk_flags: "Risks",
  recommended_task_splits: "Tasks to split"
}
const lists = Object.keys(PlanReview.fields.report.fields)
const isList = (name: string): name is keyof PlanReport => name in headings

/** The first findings of each list, each finding cut to so many bytes. */
const cutReport = (report: PlanReport, bytes: number, findings: number): PlanReport => {
  const cut = (list: ReadonlyArray<string>) => {
    const kept = list.slice(0, findings).map((finding) => clip(finding, bytes, "left out"))
    return kept.length < list.length ? [...kept, `… and ${list.length - kept.length} more`] : kept
  }
  return {
    missing_tasks: cut(report.missing_tasks),
    dependency_issues: cut(report.dependency_issues),
    parallelization_suggestions: cut(report.parallelization_suggestions),
    test_gaps: cut(report.test_gaps),
    risk_flags: cut(report.risk_flags),
    recommended_task_splits: cut(report.recommended_task_splits)
  }
}

const wordsOf = (report: PlanReport): string => {
  const found = lists.filter(isList).flatMap((name) => report[name].map((finding) => ({ name, finding })))
  if (found.length === 0) return "Codex found nothing to say against the plan."
  const lines = found.map(({ finding, name }) => `- ${headings[name]}: ${oneLine(finding, 300)}`)
  const head = `Codex has ${found.length === 1 ? "1 finding" : `${found.length} findings`}:`
  return [head, ...linesWithin(lines, maxTextBytes - 500)].join("\n")
}

/** All of it where it fits; else long findings are cut, and then the lists. */
export const reviewReply = ({ report }: PlanReview): Reply => {
  const made = (told: PlanReport): Reply => {
    const structured: PlanReviewReply = { report: told }
    return reply(wordsOf(report), structured)
  }
  let [bytes, findings] = [4000, 1000]
  let all = made(report)
  while (bytesOf(all) > maxReplyBytes) {
    all = made(cutReport(report, bytes, findings))
    if (bytes > 400) bytes /= 2
    else findings = Math.floor(findings / 2)
  }
  return all
}
