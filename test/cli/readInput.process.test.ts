import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readTaskFile } from "../../src/cli/readInput.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const read = (content: string | Uint8Array, name = "tasks.json") =>
  Effect.flatMap(scratchFolder, (folder) => {
    writeFiles(folder, { [name]: content })
    return readTaskFile(`${folder}/${name}`)
  })

const refusal = (content: string | Uint8Array) =>
  Effect.map(Effect.flip(read(content)), (rejected) => rejected.problems.map(({ message }) => message).join("\n"))

const tasks = [{ task_id: "a", prompt: "line one\nline two" }]

describe("a task file", () => {
  it.scoped("is JSON, with or without a byte order mark, or a bare list", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(JSON.stringify({ run_id: "r", tasks })), { run_id: "r", tasks })
      assert.deepStrictEqual(yield* read(`\ufeff${JSON.stringify({ tasks })}`), { tasks })
      assert.deepStrictEqual(yield* read(JSON.stringify(tasks)), { tasks })
    }))

  it.scoped("is YAML, whatever its name", () =>
    Effect.gen(function*() {
      const yaml = "tasks:\n  - task_id: a\n    prompt: |-\n      line one\n      line two\n"
      assert.deepStrictEqual(yield* read(yaml, "tasks.yaml"), { tasks })
      assert.deepStrictEqual(yield* read(yaml.replace("tasks:\n", ""), "tasks"), { tasks })
      assert.deepStrictEqual(yield* read("{ \"tasks\": [], } # a comment"), { tasks: [] })
    }))

  it.scoped("text that is neither is told with its place", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal("{\"tasks\": [}"), /^is neither JSON nor YAML: .* at line 1, column \d+\.$/)
      assert.match(yield* refusal("a: 1\na: 2\n"), /^is neither JSON nor YAML: Map keys must be unique at line 2/)
    }))

  it.scoped("an alias that grows without end is refused", () =>
    Effect.gen(function*() {
      const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
      for (let i = 0; i < 8; i++) {
        const [name, last] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)]
        bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${last}`).join(", ")}]`)
      }
      assert.match(yield* refusal(bomb.join("\n")), /^cannot be read as YAML: /)
    }))

  it.scoped("a tag that would make code of a text leaves it a text", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read("tasks: !!js/function 'function() {}'"), { tasks: "function() {}" })
    }))

  it.scoped("a missing one, a folder, one that is too large or has no end", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const told = (file: string) => Effect.map(Effect.flip(readTaskFile(file)), (rejected) => rejected.message)
      assert.include(
        yield* told(`${folder}/none.json`),
        "there is no such file. Give the path of a tasks.json, or - for standard input."
      )
      assert.include(yield* told(folder), "cannot be read: EISDIR")
      writeFiles(folder, { "large.json": new Uint8Array(17 * 1024 * 1024) })
      assert.include(yield* told(`${folder}/large.json`), "cannot be read: more than 16777216 bytes.")
      assert.include(yield* told("/dev/zero"), "cannot be read: more than 16777216 bytes.")
    }))

  it.scoped("an empty one is told as such", () =>
    Effect.gen(function*() {
      for (const text of ["", "\ufeff", " \n"]) assert.include(yield* refusal(text), "is empty")
    }))
})
