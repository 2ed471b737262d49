import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { anchor, codes, documents, headings, root } from "./documents.ts"

const links = (prose: string): ReadonlyArray<string> =>
  [...prose.replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)

describe("the documents", () => {
  it("link to what is there", () => {
    const broken = documents.flatMap((document) =>
      links(document.prose).flatMap((link) => {
        if (/^https?:/.test(link)) return []
        const [path = "", fragment] = link.split("#")
        const target = path === "" ? document.path : join(dirname(document.path), path)
        if (!existsSync(join(root, target))) return [`${document.path}: ${link}`]
        if (fragment === undefined) return []
        const other = documents.find((one) => one.path === target)
        return other !== undefined && headings(other).map(anchor).includes(fragment)
          ? []
          : [`${document.path}: ${link} (no such heading)`]
      })
    )
    assert.deepStrictEqual(broken, [])
  })

  it("name files that are there", () => {
    const missing = documents.flatMap(({ path, prose }) =>
      codes(prose)
        .filter((code) => /^(?:src|test|docs|scripts)\/[\w./-]+$/.test(code))
        // The example of the README.
        .filter((code) => !existsSync(join(root, code)) && code !== "src/math.js")
        .map((code) => `${path}: ${code}`)
    )
    assert.deepStrictEqual(missing, [])
  })

  it("are all reached from the README", () => {
    const reached = new Set(["README.md"])
    for (const path of reached) {
      const found = documents.find((one) => one.path === path)
      for (const link of found === undefined ? [] : links(found.prose)) {
        if (!/^https?:|^#/.test(link)) reached.add(join(dirname(path), link.split("#")[0] ?? ""))
      }
    }
    assert.deepStrictEqual(documents.map(({ path }) => path).filter((path) => !reached.has(path)), [])
  })

  it("name the scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const named = documents.flatMap(({ text }) => [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name))
    // Of the user's repositories, in examples.
    const theirs = ["lint", "generate", "type"]
    assert.deepStrictEqual(
      [...new Set(named)].filter((name) => name !== undefined && !(name in scripts) && !theirs.includes(name)),
      []
    )
  })
})
