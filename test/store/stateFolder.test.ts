import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { RunId, safeName, TaskId } from "../../src/domain/Task.ts"
import { layoutOf, refOf, runFolder, stateFolder, taskFolder, worktreePlaces } from "../../src/store/stateFolder.ts"

const repository = (root: string, commonDir = `${root}/.git`) => ({
  root,
  commonDir,
  objects: `${commonDir}/objects`,
  objectFormat: "sha1",
  target: { _tag: "Repository", directory: root } as const
})

const layout = layoutOf("/state", repository("/home/me/project"))

/** Ids as they may be, those that git refuses among them. */
const id = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/).filter((text) => text !== "." && text !== "..")

describe("stateFolder", () => {
  it("is what was configured, then the XDG folder, then the home's", () => {
    assert.strictEqual(stateFolder("/else", { HOME: "/h" }), "/else")
    assert.strictEqual(stateFolder("~/mine", { HOME: "/h" }), "/h/mine")
    assert.strictEqual(stateFolder(undefined, { HOME: "/h", XDG_STATE_HOME: "/x" }), "/x/codex-runner")
    assert.strictEqual(
      stateFolder(undefined, { HOME: "/h", XDG_STATE_HOME: "relative" }),
      "/h/.local/state/codex-runner"
    )
    assert.strictEqual(stateFolder(undefined, { HOME: "/h" }), "/h/.local/state/codex-runner")
  })
})

describe("a repository's folder", () => {
  it("is the same from each of its worktrees, and another for another repository of the same name", () => {
    const main = layoutOf("/state", repository("/a/project", "/a/project/.git"))
    const linked = layoutOf("/state", repository("/b/side by side", "/a/project/.git"))
    const other = layoutOf("/state", repository("/c/project", "/c/project/.git"))
    assert.strictEqual(linked.root, main.root)
    assert.notStrictEqual(other.root, main.root)
  })

  it("has a name that any shell takes as it is", () => {
    assert.match(layoutOf("/state", repository("/a/my project; rm -rf ~")).root, /^\/state\/[A-Za-z0-9._-]+$/)
  })
})

describe("names from ids", () => {
  it("are the ids, but for those that git or a file system refuses", () => {
    for (const plain of ["a", "a.b", "v1.2", "-x", "a-b_c", "a.locks"]) assert.strictEqual(safeName(plain), plain)
    assert.strictEqual(safeName("a..b"), "a%2E%2Eb")
    assert.strictEqual(safeName(".a"), "%2Ea")
    assert.strictEqual(safeName("a."), "a%2E")
    assert.strictEqual(safeName("a.lock"), "a%2Elock")
    assert.strictEqual(safeName("a.LOCK"), "a%2ELOCK")
  })

  it("are names that git takes in a ref", () => {
    fc.assert(fc.property(id, (text) => {
      const name = safeName(text)
      assert.notMatch(name, /^\.|\.\.|\.$|\.lock$/)
      assert.match(name, /^[A-Za-z0-9._%-]+$/)
    }))
  })

  it("are different for different runs and tasks, wherever they are used", () => {
    const places = (run: string, task: string) => {
      const { gitDir, scratch, worktree } = worktreePlaces(layout, RunId.make(run), TaskId.make(task))
      return [worktree, gitDir, scratch, refOf(run, task), taskFolder(layout, run, task)]
    }
    fc.assert(fc.property(id, id, id, id, (runA, taskA, runB, taskB) => {
      fc.pre(runA !== runB || taskA !== taskB)
      const [left, right] = [places(runA, taskA), places(runB, taskB)]
      left.forEach((place, index) => assert.notStrictEqual(place, right[index]))
    }))
    const [left, right] = [places("a-b", "c"), places("a", "b-c")]
    left.forEach((place, index) => assert.notStrictEqual(place, right[index]))
  })

  it("lie in the run's own folder", () => {
    fc.assert(fc.property(id, id, (run, task) => {
      assert.isTrue(taskFolder(layout, run, task).startsWith(`${runFolder(layout, run)}/`))
    }))
  })
})
