/**
 * Where a task's links may lead. Judged by their text alone: what is at its end here may not be there where the patch
 * is applied.
 */
import { isGitsName } from "./pathRules.ts"

/** Both separators: git makes a link with either on Windows. */
const namesOf = (target: string): ReadonlyArray<string> =>
  target.split(/[/\\]/).filter((name) => name !== "" && name !== ".")

/** What is wrong with a link at `path`, relative to the repository's root. */
export const linkFault = (path: string, target: string): string | undefined => {
  const names = namesOf(target)
  const ups = names.filter((name) => name === "..").length
  const folders = path.split("/").length - 1
  if (/^(?:[/\\]|[A-Za-z]:)/.test(target) || ups > folders) return `a link that leads outside: ${target}`
  // A name may be a link to a folder higher up, and two that lead inside by themselves lead outside together.
  if (names.slice(0, ups).some((name) => name !== "..")) {
    return `a link that may lead outside, by ".." after a name: ${target}`
  }
  return names.some(isGitsName) ? `a link to what is git's: ${target}` : undefined
}
