/** The benches start, and their short mode goes through everything that the long one measures. Figures are not judged. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import * as Os from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { scratchFolder } from "../support/GitRepo.ts"

const names = ["bounds", "memory", "overhead", "startup"]

/** Its scratch folders are made under the home it is given. */
const bench = (home: string, name: string, ...args: ReadonlyArray<string>) =>
  Effect.promise(() =>
    promisify(execFile)(process.execPath, [join("bench", `${name}.mjs`), ...args], {
      env: { PATH: process.env["PATH"], HOME: home }
    })
  )

describe("the benches", () => {
  for (const name of names) {
    it.scopedLive(`${name} says how it is used`, () =>
      Effect.gen(function*() {
        const { stdout } = yield* bench(Os.homedir(), name, "--help")
        assert.match(stdout, new RegExp(`^Usage: npm run bench -- ${name} `))
      }))

    it.scopedLive(`${name} --quick measures everything once, and leaves nothing behind`, () =>
      Effect.gen(function*() {
        const home = yield* scratchFolder
        const { stdout } = yield* bench(home, name, "--quick", "--json")
        const report: unknown = JSON.parse(stdout)
        assert.nestedPropertyVal(report, "bench", name)
        assert.nestedProperty(report, "rows[1]")
        assert.nestedProperty(report, "machine.node")
        const scratch = join(home, ".cache", "codex-runner-bench")
        assert.deepStrictEqual(existsSync(scratch) ? readdirSync(scratch) : [], [])
      }), 300_000)
  }
})
