/** Lines broken between words. Loads nothing: help and complaints come before anything that is slow to load. */

let segmenter: Intl.Segmenter | undefined

/** What a reader takes for characters, an accent with its letter. */
export const graphemes = (text: string): Iterable<{ readonly segment: string }> =>
  (segmenter ??= new Intl.Segmenter()).segment(text)

type Measure = (text: string) => number

/** In lines of at most so many columns, broken between words; words that are longer are broken, too. */
export const wrapBy = (widthOf: Measure) => (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (widthOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== "") lines.push(line)
    const pieces = inPieces(widthOf, word, columns)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ""
  }
  return [...lines, line]
}

const inPieces = (widthOf: Measure, word: string, columns: number): ReadonlyArray<string> => {
  const pieces = [""]
  for (const { segment } of graphemes(word)) {
    const last = pieces.at(-1) ?? ""
    if (last !== "" && widthOf(last + segment) > columns) pieces.push(segment)
    else pieces[pieces.length - 1] = last + segment
  }
  return pieces
}

/** By characters: for text in which each takes a column, as our own does. */
export const wrapPlain = wrapBy((text) => text.length)
