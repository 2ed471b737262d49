/** What `apply` did, or why it did nothing, for people. */
import { count, oneLine, plainText } from "../audit/plainText.ts"
import { type Applied, formatApplyProblem, type NotApplied } from "../domain/Apply.ts"
import { shellWord } from "../domain/shellWord.ts"
import type { Palette } from "./palette.ts"

/** Files named in one line, and in the command that undoes. */
const maxFiles = 6

export const renderApplied = (palette: Palette, applied: Applied, git: string): string =>
  [
    ...applied.notes.map((note) => palette.yellow(`note: ${plainText(note)}`)),
    palette.bold(headline(applied)),
    ...applied.tasks.map(({ commit, files, task_id }) =>
      [
        `  ${palette.green(task_id.padEnd(widest(applied)))}`,
        ...(commit === null ? [] : [commit.slice(0, 12)]),
        files.length === 0
          ? "changes nothing that is not there already"
          : `${count(files.length, "file")}: ${listed(files)}`
      ].join("  ")
    ),
    ...applied.left_out.map(({ reason, task_id }) => palette.dim(`  left out: ${task_id}, ${oneLine(reason, 200)}`)),
    ...(applied.applied ? nextSteps(palette, applied, git) : ["", "Nothing was changed."])
  ].join("\n")

const widest = ({ tasks }: Applied): number => Math.max(...tasks.map(({ task_id }) => task_id.length))

const headline = ({ applied, branch, onto }: Applied): string => {
  const verb = applied ? "Applied" : "Can be applied"
  return branch === null
    ? `${verb} to the checkout, staged, not committed:`
    : `${verb} to the new branch ${oneLine(branch, 200)}, from ${onto.slice(0, 12)} on:`
}

const listed = (files: ReadonlyArray<string>): string =>
  [
    ...files.slice(0, maxFiles).map((file) => oneLine(file, 100)),
    ...(files.length > maxFiles ? [`and ${files.length - maxFiles} more`] : [])
  ].join(", ")

const nextSteps = (palette: Palette, { branch, onto, tasks }: Applied, git: string): ReadonlyArray<string> => {
  const files = [...new Set(tasks.flatMap((task) => task.files))]
  if (files.length === 0) return []
  // Another name could stand for more files than one.
  const undo = files.length <= maxFiles && files.every((file) => /^[\w./-]+$/.test(file))
    ? files.map((file) => `:/${file}`).join(" ")
    : "FILE …"
  const steps = branch === null
    ? [
      `  look:    ${git} diff --cached`,
      `  commit:  ${git} commit`,
      `  undo:    ${git} restore --source=HEAD --staged --worktree -- ${undo}`
    ]
    : [
      `  look:    ${git} log -p ${onto.slice(0, 12)}..${shellWord(branch)}`,
      `  take:    ${git} merge ${shellWord(branch)}`
    ]
  return ["", palette.bold("Next"), ...steps]
}

/** `flags`: those of the command that was tried, which its alternative needs as well. */
export const renderNotApplied = (
  palette: Palette,
  { applicable, problems, run_id }: NotApplied,
  flags: ReadonlyArray<string> = []
): string =>
  [
    palette.red("Nothing was applied:"),
    ...problems.map((problem) => `  - ${plainText(formatApplyProblem(problem))}`),
    ...(applicable.length === 0
      ? []
      : [
        "",
        `Without what conflicts: ${["codex-runner", "apply", run_id, ...applicable, ...flags].map(shellWord).join(" ")}`
      ])
  ].join("\n")
