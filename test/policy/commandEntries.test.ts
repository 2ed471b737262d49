import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { commandEntryFault, covers, entryWords } from "../../src/policy/commandEntries.ts"

describe("commandEntryFault", () => {
  it.each(["npm test", "npx tsc --noEmit", "npm run 'type check'", "make -j4 all", "  npm   test  "])(
    "takes %j",
    (entry) => {
      assert.isUndefined(commandEntryFault(entry))
    }
  )

  it.each([";", "|", "&", "$", "(", ")", "`", "\n"])("refuses an entry with %j, and says so", (char) => {
    assert.include(commandEntryFault(`npm test${char}ls`) ?? "", JSON.stringify(char))
  })

  it.each(["", "   ", "\t", "npm 'test", "npm te\\ st", "npm \0test", "npm \u001btest", "npm test\r"])(
    "refuses %j",
    (entry) => {
      assert.isString(commandEntryFault(entry))
    }
  )

  it("lets no entry pass that holds what a shell acts on", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(";", "|", "&", "$", "(", ")", "`", "\n"),
        fc.string(),
        (before, char, after) => {
          assert.isString(commandEntryFault(before + char + after))
        }
      )
    )
  })
})

describe("entryWords", () => {
  it("takes quotes off and keeps what is in them together", () => {
    assert.deepStrictEqual(entryWords("npm run \"type check\" a'b c'd ''"), ["npm", "run", "type check", "ab cd", ""])
  })
})

describe("covers", () => {
  it.each([
    ["npm test", "npm test"],
    ["npm test", "npm  test -- --run"],
    ["npm test", "npm test --silent"],
    ["npm test", "npm test --workspace packages/a"],
    ["npm run", "npm run lint"],
    ["npm run 'type check'", "npm run \"type check\""],
    ["npx tsc --noEmit", "npx tsc --noEmit"],
    ["cargo", "cargo test --all"],
    ["node", "node scripts/check.js --fast"],
    ["env", "env"]
  ])("%j covers %j", (entry, narrower) => {
    assert.isTrue(covers(entry, narrower))
  })

  it.each([
    ["npm test", "npm"],
    ["npm test", "npm tests"],
    ["npm test", "npm run test"],
    ["npm test", "pnpm test"],
    ["npm test", "npm 'test --silent'"],
    ["npm test", "npm test --prefix elsewhere"],
    ["npm test", "npm test --script-shell=./s.sh"],
    ["npm run", "npm run lint -C elsewhere"],
    ["npx tsc", "npx tsc --noEmit"],
    ["bash", "bash -c"],
    ["/bin/bash", "/bin/bash -c"],
    ["node", "node -e"],
    ["python3", "python3 -c"],
    ["nodejs", "nodejs -e"],
    ["pypy3", "pypy3 -c"],
    ["Rscript", "Rscript -e"],
    ["env", "env bash"],
    ["xargs", "xargs rm"],
    ["", "npm test"]
  ])("%j does not cover %j", (entry, narrower) => {
    assert.isFalse(covers(entry, narrower))
  })

  it("holds of an entry and itself, and never of fewer words", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/)
    fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const entry = words.join(" ")
      assert.isTrue(covers(entry, entry))
      assert.isFalse(covers(entry, words.slice(0, -1).join(" ")))
      assert.isFalse(covers(entry, `${entry}x`))
    }))
  })
})
