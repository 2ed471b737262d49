/** A plan's review as text for people. */
import { plainText } from "../audit/plainText.ts"
import type { PlanReport, PlanReview } from "../domain/PlanReview.ts"
import type { Palette } from "./palette.ts"

const headings: Readonly<Record<keyof PlanReport, string>> = {
  missing_tasks: "Missing tasks",
  dependency_issues: "Dependencies",
  parallelization_suggestions: "What can be done at the same time",
  test_gaps: "Test gaps",
  risk_flags: "Risks",
  recommended_task_splits: "Tasks to split"
}

/** A line's entry, its further lines set in. */
const entry = (text: string): string => `  - ${plainText(text).trim().replaceAll("\n", "\n    ")}`

/** A heading for each list that holds something. */
export const renderReview = ({ bold, green }: Palette, { report }: PlanReview): string => {
  const sections = [
    section("missing_tasks", report.missing_tasks),
    section("dependency_issues", report.dependency_issues),
    section("parallelization_suggestions", report.parallelization_suggestions),
    section("test_gaps", report.test_gaps),
    section("risk_flags", report.risk_flags),
    section("recommended_task_splits", report.recommended_task_splits)
  ].filter(({ entries }) => entries.length > 0)
  if (sections.length === 0) return green("Nothing to say against this plan.")
  return sections.map(({ entries, heading }) => [bold(heading), ...entries.map(entry)].join("\n")).join("\n\n")
}

const section = (name: keyof PlanReport, entries: ReadonlyArray<string>) => ({ heading: headings[name], entries })
