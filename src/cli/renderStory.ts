/** One task's story, for people. */
import { clipEnd, count, oneLine, plainText } from "../audit/plainText.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { StoryEntry, TaskStory } from "../domain/TaskStory.ts"
import { seconds } from "./format.ts"
import type { Palette } from "./palette.ts"
import { colourOf } from "./render.ts"
import { hanging } from "./width.ts"

const maxPromptCharacters = 2_000
const maxTimeline = 200

/** All but the patch. `columns` are the terminal's: prose is wrapped to them, commands and paths never are. */
export const renderStory = (palette: Palette, story: TaskStory, columns?: number): string => {
  const { prompt, result, run_id, state, task_id, timeline } = story
  const colour = result === null ? palette.bold : colourOf(palette, result.status)
  const shown = timeline.slice(-maxTimeline)
  const sections: ReadonlyArray<readonly [title: string, lines: ReadonlyArray<string>]> = [
    ["Prompt", text(clipEnd(prompt, maxPromptCharacters, "run.json has the whole"), columns)],
    [
      "Timeline",
      [
        ...(shown.length < timeline.length
          ? [`  … ${count(timeline.length - shown.length, "earlier entry", "earlier entries")}`]
          : []),
        ...shown.flatMap((entry) => timelineLines(palette, entry, columns))
      ]
    ],
    ...(result === null ? [] : resultSections(palette, result, columns)),
    ["Where", whereabouts(story)]
  ]
  return [
    `${palette.bold(task_id)} of run ${run_id}: ${colour(state)}${
      result === null ? "" : ` in ${seconds(result.duration_ms)}`
    }`,
    ...(result?.error == null ? [] : text(result.error.message, columns).map((line) => palette.red(line))),
    ...sections.flatMap(([title, lines]) => lines.length === 0 ? [] : ["", palette.bold(title), ...lines])
  ].join("\n")
}

const text = (words: string, columns?: number): ReadonlyArray<string> => {
  const plain = plainText(words).trim()
  return plain === "" ? [] : plain.split("\n").flatMap((line) => hanging(line, "  ", columns))
}

/** The hour, in the reader's own time. */
const clock = (at: string | null): string => {
  const date = at === null ? undefined : new Date(at)
  return date === undefined || Number.isNaN(date.getTime()) ? "        " : date.toTimeString().slice(0, 8)
}

const maxEntryCharacters = 300

const timelineLines = (
  palette: Palette,
  { at, exit_code, kind, reason, text: what }: StoryEntry,
  columns: number | undefined
): ReadonlyArray<string> => {
  const words = oneLine(what, maxEntryCharacters)
  const why = reason === null || reason === "" ? "" : `: ${oneLine(reason, maxEntryCharacters)}`
  const hour = `  ${palette.dim(clock(at))}  `
  const prose = (told: string, paint: (line: string) => string) =>
    hanging(told, " ".repeat(clock(at).length + 4), columns)
      .map((line, index) => index === 0 ? hour + paint(line.trimStart()) : paint(line))
  switch (kind) {
    case "stage":
    case "note":
      return prose(words, palette.dim)
    case "command": {
      const end = exit_code === null
        ? ""
        : exit_code === 0
        ? palette.green(" (exit 0)")
        : palette.red(` (exit ${exit_code})`)
      return [`${hour}$ ${words}${end}`]
    }
    case "edit":
      return [`${hour}edit ${words}`]
    case "denied":
      return prose(`denied ${words}${why}`, palette.yellow)
    case "end":
      return prose(`${words}${why}`, (line) => line)
  }
}

const resultSections = (palette: Palette, result: TaskResult, columns: number | undefined) => {
  const { denied, evidence, notes_for_manager, usage, violations, workspace_path } = result
  return [
    [
      "Denied",
      denied.flatMap(({ reason, what }) => [
        `  ${palette.yellow(oneLine(what, 200))}`,
        ...hanging(oneLine(reason, 400), "    ", columns)
      ])
    ],
    ["Violations", violations.map(({ detail, kind }) => `  ${palette.red(kind)}: ${oneLine(detail, 400)}`)],
    ["Notes", text(notes_for_manager, columns)],
    // By paths as they are in the repository.
    ["Evidence", text(workspace_path === "" ? evidence : evidence.replaceAll(`${workspace_path}/`, ""))],
    [
      "Usage",
      usage === null ? [] : [
        `  ${usage.input_tokens} tokens in (${usage.cached_input_tokens} cached), ${usage.output_tokens} out`
        + ` (${usage.reasoning_output_tokens} of these for reasoning)`
      ]
    ]
  ] as const
}

const whereabouts = ({ log_dir, result }: TaskStory): ReadonlyArray<string> =>
  ([
    ["logs", log_dir],
    ["patch", result?.patch_path],
    ["ref", result?.ref],
    ["thread", result?.thread_id],
    ["enforced", result?.enforcement]
  ] as const).flatMap(([name, place]) => place == null ? [] : [`  ${name.padEnd(8)}  ${place}`])
