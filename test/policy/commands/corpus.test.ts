import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { judgeCommand } from "../../../src/policy/commands/judgeCommand.ts"
import { allowedCommands, fakeHost, repository, worktree } from "./fakeHost.ts"

const Corpus = Schema.parseJson(Schema.Struct({
  about: Schema.String,
  allow: Schema.Array(Schema.String),
  /** A command, and a part of the reason that it is denied for. */
  deny: Schema.Array(Schema.Tuple(Schema.String, Schema.NonEmptyString))
}))

const folder = new URL("../../fixtures/commands/", import.meta.url)
const corpora = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => ({
  name,
  ...Schema.decodeSync(Corpus)(readFileSync(new URL(name, folder), "utf8"))
}))

const host = fakeHost(repository)
const judge = (command: string) =>
  judgeCommand({ command, cwd: worktree, worktree, allowedCommands, allowReadOnly: true, host })

for (const { about, allow, deny, name } of corpora) {
  describe(`${name}: ${about}`, () => {
    it("allows", () => {
      const denied = allow.map((command) => ({ command, verdict: judge(command) }))
        .filter(({ verdict }) => verdict._tag !== "Allow")
      assert.deepStrictEqual(denied, [])
    })
    it("denies, for the reason given", () => {
      const wrong = deny.map(([command, reason]) => ({ command, reason, verdict: judge(command) }))
        .filter(({ reason, verdict }) => verdict._tag !== "Deny" || !verdict.reason.includes(reason))
      assert.deepStrictEqual(wrong, [])
    })
  })
}

it("the corpus is whole", () => {
  const size = corpora.reduce((sum, { allow, deny }) => sum + allow.length + deny.length, 0)
  assert.isAtLeast(size, 1000)
})
