/** A patch's lines as a person reads them: in colours, and with nothing in them that a terminal would obey. */
import { visibleText } from "../audit/visibleText.ts"
import type { Palette } from "./palette.ts"

/** For the lines of one patch after the other. Only inside a hunk is a first character what it seems. */
export const makeDiffPainter = (palette: Palette): (line: string) => string => {
  let inHunk = false
  let isBinary = false
  return (line) => {
    const text = visibleText(line)
    if (line.startsWith("diff --git ")) {
      inHunk = isBinary = false
      return palette.bold(text)
    }
    if (line === "GIT binary patch") isBinary = true
    if (isBinary) return palette.dim(text)
    if (line.startsWith("@@")) {
      inHunk = true
      const [, range = text, rest = ""] = /^(@@.*?@@)(.*)$/.exec(text) ?? []
      return `${palette.yellow(range)}${rest}`
    }
    if (!inHunk) return palette.bold(text)
    if (line.startsWith("+")) return palette.green(text)
    if (line.startsWith("-")) return palette.red(text)
    return text
  }
}
