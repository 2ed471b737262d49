import { assert, describe, it } from "@effect/vitest"
import { type ChangedFile, foldPath, withParents } from "../../src/domain/Changes.ts"
import { bareRepositories } from "../../src/policy/bareRepositories.ts"

const file = (path: string, status: ChangedFile["status"] = "A"): ChangedFile => ({
  path,
  status,
  oldMode: status === "A" ? "000000" : "100644",
  newMode: status === "D" ? "000000" : "100644",
  added: 1,
  deleted: 0
})

const found = (changed: ReadonlyArray<ChangedFile>, base: ReadonlyArray<string> = []) =>
  bareRepositories(changed, new Map(base.flatMap(withParents).map((path) => [foldPath(path), path])))

const files = (...paths: ReadonlyArray<string>) => paths.map((path) => file(path))

describe("a folder that git takes for a repository", () => {
  it("has HEAD, objects and refs, wherever they come from and however they are written", () => {
    assert.deepStrictEqual(found(files("src/a/HEAD", "src/a/config", "src/a/objects/x", "src/a/refs/heads/main")), [
      "src/a"
    ])
    assert.deepStrictEqual(found(files("src/a/head", "src/a/Objects/x", "src/a/REFS/x")), ["src/a"])
    assert.deepStrictEqual(found(files("src/a/HEAD", "src/a/objects", "src/a/refs")), ["src/a"])
    assert.deepStrictEqual(found(files("src/a/HEAD"), ["src/a/objects/x", "src/a/refs/x"]), ["src/a"])
    assert.deepStrictEqual(found(files("HEAD", "objects/x", "refs/x")), [""])
  })

  it("or HEAD, and the rest elsewhere", () => {
    assert.deepStrictEqual(found(files("src/a/HEAD", "src/a/commondir")), ["src/a"])
  })

  it("is none where a part is missing, goes, or was left alone with the others", () => {
    assert.deepStrictEqual(found(files("src/a/HEAD", "src/a/objects/x")), [])
    assert.deepStrictEqual(found(files("src/HEAD", "src/a/objects/x", "src/a/refs/x")), [])
    assert.deepStrictEqual(found([file("src/a/HEAD", "D")], ["src/a/HEAD", "src/a/objects/x", "src/a/refs/x"]), [])
    assert.deepStrictEqual(found(files("src/b.txt"), ["src/a/HEAD", "src/a/objects/x", "src/a/refs/x"]), [])
  })
})
