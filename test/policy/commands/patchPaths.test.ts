import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { PatchChange } from "../../../src/policy/commands/patchPaths.ts"
import { parsePatchPaths } from "../../../src/policy/commands/patchPaths.ts"

const patchOf = (...lines: ReadonlyArray<string>): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

const anyText = fc.array(fc.integer({ min: 0, max: 0x10ffff })).map((points) => String.fromCodePoint(...points))

describe("parsePatchPaths", () => {
  it("reads what models write", () => {
    const patch = patchOf(
      "*** Add File: src/new.ts",
      "+export {}",
      "+",
      "+*** Update File: not/a/header",
      "*** Update File: src/old name.ts",
      "*** Move to: src/moved.ts",
      "@@ function f() {",
      " context",
      "",
      "-*** Delete File: not/a/header",
      "+b\r",
      "*** End of File",
      "*** Update File: README.md",
      "@@",
      "-a",
      "+b",
      "*** Delete File: src/gone.ts"
    )
    assert.deepStrictEqual(parsePatchPaths(`${patch}\n`), {
      ok: true,
      changes: [
        { path: "src/new.ts", kind: "add" },
        { path: "src/old name.ts", kind: "update", movedTo: "src/moved.ts" },
        { path: "README.md", kind: "update" },
        { path: "src/gone.ts", kind: "delete" }
      ]
    })
  })

  const refused: ReadonlyArray<readonly [string, string]> = [
    ["nothing", ""],
    ["no file", patchOf()],
    ["no begin", "*** Add File: a\n+x\n*** End Patch"],
    ["no end", "*** Begin Patch\n*** Add File: a\n+x"],
    ["begin only", "*** Begin Patch"],
    ["text before", `x\n${patchOf("*** Delete File: a")}`],
    ["text after", `${patchOf("*** Delete File: a")}\n*** Delete File: b`],
    ["a here-document as the patch", `<<'EOF'\n${patchOf("*** Delete File: a")}\nEOF`],
    ["a padded begin", ` ${patchOf("*** Delete File: a")}`],
    ["a padded end", `${patchOf("*** Delete File: a")} `],
    ["content before the first file", patchOf("+x", "*** Delete File: a")],
    ["another environment", patchOf("*** Environment ID: other", "*** Delete File: a")],
    ["a padded header", patchOf(" *** Delete File: a")],
    ["a padded header in an update", patchOf("*** Update File: a", "@@", " *** Delete File: b")],
    ["a header padded by other blanks", patchOf("*** Update File: a", "@@", " \u0085\u00a0\t*** Delete File: b")],
    ["a header padded by a carriage return", patchOf("*** Update File: a", "@@", " \r*** Delete File: b")],
    ["a padded end in an update", patchOf("*** Update File: a", "@@", " *** End Patch", "-x")],
    ["a padded move", patchOf("*** Update File: a", " *** Move to: b")],
    ["an end in the middle", patchOf("*** Delete File: a", "*** End Patch", "*** Delete File: b")],
    ["a second begin", patchOf("*** Begin Patch", "*** Delete File: a")],
    ["an unknown header", patchOf("*** Copy File: a")],
    ["a header in lower case", patchOf("*** delete file: a")],
    ["an empty path", patchOf("*** Delete File: ")],
    ["a padded path", patchOf("*** Delete File:  a")],
    ["a path with a carriage return", patchOf("*** Delete File: a\r")],
    ["a path with a NUL", patchOf("*** Delete File: a\0b")],
    ["a move of an added file", patchOf("*** Add File: a", "*** Move to: b")],
    ["a move after the first change", patchOf("*** Update File: a", "@@", "-x", "*** Move to: b")],
    ["a second move", patchOf("*** Update File: a", "*** Move to: b", "*** Move to: c")],
    ["an empty move", patchOf("*** Update File: a", "*** Move to: ")],
    ["an added line without its mark", patchOf("*** Add File: a", "x")],
    ["an empty line in an added file", patchOf("*** Add File: a", "+x", "", "+y")],
    ["content of a deleted file", patchOf("*** Delete File: a", "-x")]
  ]
  for (const [what, patch] of refused) {
    it(`refuses ${what}`, () => assert.isFalse(parsePatchPaths(patch).ok))
  }

  const path = fc.string({ unit: fc.constantFrom(..."ab/. *+-@é日\u00a0😀".split(/(?:)/u)), minLength: 1 }).filter((
    text
  ) => text === text.trim() && !/[\p{Cc}\p{Cs}\u2028\u2029\uFEFF]/u.test(text))
  const text = fc.string().map((line) => line.replaceAll("\n", ""))
  const addition = fc.record({ path, lines: fc.array(text) }).map(({ lines, path }) => ({
    change: { path, kind: "add" } satisfies PatchChange,
    lines: [`*** Add File: ${path}`, ...lines.map((line) => `+${line}`)]
  }))
  const deletion = path.map((path) => ({
    change: { path, kind: "delete" } satisfies PatchChange,
    lines: [`*** Delete File: ${path}`]
  }))
  const update = fc.record({ path, movedTo: fc.option(path), lines: fc.array(text, { minLength: 1 }) }).map(
    ({ lines, movedTo, path }) => ({
      change: { path, kind: "update", ...(movedTo === null ? {} : { movedTo }) } satisfies PatchChange,
      lines: [
        `*** Update File: ${path}`,
        ...(movedTo === null ? [] : [`*** Move to: ${movedTo}`]),
        "@@",
        ...lines.flatMap((line) => [`-${line}`, `+${line}`, " kept"])
      ]
    })
  )
  const files = fc.array(fc.oneof(addition, deletion, update), { minLength: 1, maxLength: 6 })

  it("finds the files of every well-formed patch, whatever is in them", () => {
    fc.assert(fc.property(files, (files) => {
      assert.deepStrictEqual(parsePatchPaths(patchOf(...files.flatMap(({ lines }) => lines))), {
        ok: true,
        changes: files.map(({ change }) => change)
      })
    }))
  })

  it("never misses a header that a lenient reader would see", () => {
    // Codex trims a line before it looks for a header in it.
    const lenient = (patch: string): ReadonlyArray<string> =>
      patch.split("\n").map((line) => line.replace(/^[\s\u0085]+|[\s\u0085]+$/g, ""))
        .flatMap((line) => /^\*\*\* (?:Add File|Update File|Delete File|Move to): (.*)$/.exec(line)?.[1] ?? [])
    const noise = fc.constantFrom("", " ", "\t", "\u00a0", "\u0085", "\r", "+", "-", "@@ ")
    const header = fc.constantFrom(
      "*** Add File: a",
      "*** Update File: b",
      "*** Delete File: c",
      "*** Move to: d",
      "*** End Patch",
      "*** End of File",
      "x",
      ""
    )
    const line = fc.tuple(noise, noise, header, noise).map((parts) => parts.join(""))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const patch = patchOf("*** Update File: b", ...lines)
        const parsed = parsePatchPaths(patch)
        if (!parsed.ok) return
        const named = parsed.changes.flatMap(({ movedTo, path }) => movedTo === undefined ? [path] : [path, movedTo])
        assert.deepStrictEqual(named, lenient(patch))
      }),
      { numRuns: 2000 }
    )
  })

  it("never throws", () => {
    fc.assert(fc.property(anyText, (text) => {
      parsePatchPaths(text)
      parsePatchPaths(patchOf(text))
    }))
  })
})
