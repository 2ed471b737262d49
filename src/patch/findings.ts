/** What the bytes on disk alone show: what is out of bounds, and what a capture misses. */
import type { Violation } from "../domain/Result.ts"
import type { ChangedPaths } from "./changedPaths.ts"
import { captureLimits, type takeWithinLimits } from "./limits.ts"
import type { Walk } from "./walk.ts"

/** A capture so far. */
export interface Captured {
  readonly seen: Walk
  readonly changed: ChangedPaths
  readonly taken: ReturnType<typeof takeWithinLimits>
  /** Names that git did not take into the index. */
  readonly refused: ReadonlyArray<string>
  /** Repositories of their own, by their folders. */
  readonly nested: ReadonlyArray<string>
  /** Whether `.git` still leads to git's entry of the worktree. */
  readonly ownPointer: boolean
}

/** Of each kind and cause at most 50: a flood says no more. */
const maxOfACause = 50

const violations = (
  kind: Violation["kind"],
  paths: ReadonlyArray<string>,
  detail: (path: string) => string
): ReadonlyArray<Violation> => paths.slice(0, maxOfACause).map((path) => ({ kind, detail: detail(path) }))

export const findingsOf = ({ changed, nested, ownPointer, refused, seen, taken }: Captured) => ({
  violations: [
    ...violations("nested_repository", nested, (path) => `a repository of its own at "${path}"`),
    ...violations(
      "nested_repository",
      ownPointer || nested.includes(".git") ? [] : [".git"],
      (path) => `"${path}" no longer leads to git's entry of the worktree`
    ),
    ...violations("special_file", seen.specialFiles, (path) => `"${path}" was a pipe, socket or device`),
    ...violations("hidden_by_ignore", changed.hidden, (path) => `"${path}" is hidden by an ignore file of the task's`),
    ...violations("hidden_by_ignore", changed.hugeIgnoreFiles, (path) => `"${path}" is too large for an ignore file`),
    ...violations("name_collision", refused, (path) => `git refuses the name "${path}"`),
    ...violations("name_collision", changed.unreadable, (path) => `the name "${path}" is not valid UTF-8`),
    ...violations("too_large", taken.tooLarge, (path) => `"${path}" is over ${captureLimits.fileBytes} bytes`),
    ...violations("too_large", taken.overflow, (text) => text),
    ...violations("hard_link", taken.hardLinks, (path) => `"${path}" shares its content with another file`)
  ],
  incomplete: [
    ...taken.tooLarge.map((path) => `"${path}" is too large`),
    ...taken.overflow,
    ...nested.map((path) => `what is in "${path}" is in no patch`),
    ...refused.map((path) => `git refuses the name "${path}"`),
    ...changed.unreadable.map((path) => `the name "${path}" is not valid UTF-8`)
  ]
})
