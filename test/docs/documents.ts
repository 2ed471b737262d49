/** The documents for people, taken apart: fenced blocks, tables, headings, links. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

export interface Fence {
  /** `sh`, `ts`, `json`, `yaml`. */
  readonly language: string
  readonly body: string
  /** Of the opening line, from 1. */
  readonly line: number
}

export interface Document {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
  readonly fences: ReadonlyArray<Fence>
  /** The text with its fenced blocks blanked out. */
  readonly prose: string
}

const open = (path: string): Document => {
  const text = readFileSync(join(root, path), "utf8")
  const fence = /^```(\w*)\n([\s\S]*?)^```$/gm
  return {
    path,
    text,
    fences: [...text.matchAll(fence)].map(({ 1: language = "", 2: body = "", index }) => ({
      language,
      body,
      line: text.slice(0, index).split("\n").length
    })),
    prose: text.replace(fence, (block) => block.replace(/[^\n]/g, ""))
  }
}

export const documents: ReadonlyArray<Document> = [
  "README.md",
  "CONTEXT.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md")).sort().map((path) => `docs/${path}`)
].map(open)

export const document = (path: string): Document => {
  const found = documents.find((one) => one.path === path)
  if (found === undefined) throw new Error(`no document ${path}`)
  return found
}

export const headings = ({ prose }: Document): ReadonlyArray<string> =>
  [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading)

/** As GitHub makes the anchor of a heading. */
export const anchor = (heading: string): string =>
  heading.toLowerCase().replace(/[^\p{Letter}\p{Number}\s_-]/gu, "").replaceAll(" ", "-")

/** The part of a document below a heading, up to the next of its level or above. */
export const section = ({ prose }: Document, heading: string): string => {
  const [, level = "", rest = ""] = new RegExp(`^(#+) ${heading}\\n([\\s\\S]*)`, "m").exec(prose) ?? []
  if (level === "") throw new Error(`no heading ${heading}`)
  return rest.split(new RegExp(`^#{1,${level.length}} `, "m"))[0] ?? ""
}

/** The cells of every table's rows, heads and rules left out. A `\|` is part of a cell. */
export const rows = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...text.matchAll(/(?:^\|.*\|\n)+/gm)].flatMap(([table]) =>
    table.trimEnd().split("\n").slice(2).map((row) =>
      row.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"))
    )
  )

/** The inline code of a text, without its backticks. */
export const codes = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)
