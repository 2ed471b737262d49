/**
 * The demo: a tiny repository, three tasks on it, and what the scripted model does about them. It keeps to the default
 * policy: read-only commands, `npm test`, and files in `src/` and `tests/`.
 */
import * as Reply from "./Reply.ts"
import { byPrompt, type Script, steps } from "./Script.ts"
import { exitCode, type Turn } from "./Turn.ts"

/** The repository: each file's text by its path. No dependencies to install. */
export const demoFiles: Readonly<Record<string, string>> = {
  // Without a folder: from Node 21 on, `node --test tests/` takes the folder for a module.
  "package.json": `{
  "name": "codex-runner-demo",
  "private": true,
  "type": "module",
  "scripts": {
    "test": "node --test"
  }
}
`,
  "src/math.js": `export const add = (a, b) => a + b
`,
  "tests/math.test.js": `import assert from "node:assert/strict"
import { test } from "node:test"
import { add } from "../src/math.js"

test("adds", () => {
  assert.equal(add(1, 2), 3)
})
`
}

export interface DemoTask {
  readonly task_id: string
  readonly prompt: string
  /** A classic model, or one in Code Mode. The script does with either. */
  readonly model: "gpt-5.5" | "gpt-6-sol"
}

const clamp: DemoTask = {
  task_id: "add-clamp",
  prompt: "Add clamp(value, low, high) to src/math.js, with a test, and run the tests.",
  model: "gpt-5.5"
}

const slug: DemoTask = {
  task_id: "add-slugify",
  prompt: "Write slugify(text) in a new file src/slug.js, with a test, and run the tests.",
  model: "gpt-6-sol"
}

const cents: DemoTask = {
  task_id: "round-to-cents",
  prompt: "Write toCents(amount) in a new file src/money.js that rounds 1.005 up to 101, with a test for just that.",
  model: "gpt-5.5"
}

/** Two that work out, and one whose own test fails. */
export const demoTasks: readonly [DemoTask, DemoTask, DemoTask] = [clamp, slug, cents]

const look = (reasoning: string, ...commands: ReadonlyArray<string>): Reply.Reply =>
  Reply.calls(commands.map((cmd) => Reply.command(cmd)), { reasoning, parallel: true })

const edit = (text: string, ...lines: ReadonlyArray<string>): Reply.Reply =>
  Reply.calls([Reply.patch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"))], { text })

const runTests = Reply.calls([Reply.command("npm test")])

const testsPassed = (turn: Turn): boolean => exitCode(turn.outputs.at(-1) ?? "") === 0

/** Ends as the tests ended: the words never claim more than what ran. */
const closing = (passed: string, failed: string): Script => (turn) => Reply.message(testsPassed(turn) ? passed : failed)

/** The steps, one after the other, then the closing words. */
const work = (replies: readonly [Reply.Reply, ...ReadonlyArray<Reply.Reply>], end: Script): Script => (turn) =>
  turn.step < replies.length ? steps(...replies)(turn) : end(turn)

const addClamp = work(
  [
    look("**Looking at the module**\n\nThe function belongs beside add.", "ls", "cat src/math.js"),
    edit(
      "I add clamp beside add, and a test for both of its bounds.",
      "*** Update File: src/math.js",
      "@@",
      " export const add = (a, b) => a + b",
      "+",
      "+export const clamp = (value, low, high) => Math.min(Math.max(value, low), high)",
      "*** Update File: tests/math.test.js",
      "@@",
      "-import { add } from \"../src/math.js\"",
      "+import { add, clamp } from \"../src/math.js\"",
      "@@",
      "   assert.equal(add(1, 2), 3)",
      " })",
      "+",
      "+test(\"clamps to both bounds\", () => {",
      "+  assert.equal(clamp(-5, 0, 10), 0)",
      "+  assert.equal(clamp(5, 0, 10), 5)",
      "+  assert.equal(clamp(50, 0, 10), 10)",
      "+})"
    ),
    runTests
  ],
  closing(
    "Added clamp to src/math.js with a test for both bounds. npm test passes.",
    "Added clamp to src/math.js with a test, but npm test did not pass: see its output."
  )
)

const addSlugify = work(
  [
    look("**Looking at the layout**\n\nSources and tests have a folder each.", "ls src tests", "cat package.json"),
    edit(
      "I write slugify in a file of its own, with its test.",
      "*** Add File: src/slug.js",
      "+export const slugify = (text) =>",
      "+  text",
      "+    .normalize(\"NFKD\")",
      "+    .replace(/\\p{Mark}/gu, \"\")",
      "+    .toLowerCase()",
      "+    .replace(/[^a-z0-9]+/g, \"-\")",
      "+    .replace(/^-|-$/g, \"\")",
      "*** Add File: tests/slug.test.js",
      "+import assert from \"node:assert/strict\"",
      "+import { test } from \"node:test\"",
      "+import { slugify } from \"../src/slug.js\"",
      "+",
      "+test(\"makes a slug of a title\", () => {",
      "+  assert.equal(slugify(\"  Crème brûlée, twice! \"), \"creme-brulee-twice\")",
      "+})"
    ),
    runTests
  ],
  closing(
    "Wrote slugify in src/slug.js; accents and punctuation are covered by its test. npm test passes.",
    "Wrote slugify in src/slug.js with a test, but npm test did not pass: see its output."
  )
)

const roundToCents = work(
  [
    look("**Looking at the layout**", "ls src tests"),
    edit(
      "I start from the obvious rounding, with a test for the amount you name.",
      "*** Add File: src/money.js",
      "+export const toCents = (amount) => Math.round(amount * 100)",
      "*** Add File: tests/money.test.js",
      "+import assert from \"node:assert/strict\"",
      "+import { test } from \"node:test\"",
      "+import { toCents } from \"../src/money.js\"",
      "+",
      "+test(\"rounds half a cent up\", () => {",
      "+  assert.equal(toCents(1.005), 101)",
      "+})"
    ),
    runTests,
    edit(
      "1.005 * 100 is 100.49999999999999. I try rounding the decimal text.",
      "*** Update File: src/money.js",
      "@@",
      "-export const toCents = (amount) => Math.round(amount * 100)",
      "+export const toCents = (amount) => Number(amount.toFixed(2).replace(\".\", \"\"))"
    ),
    runTests
  ],
  closing(
    "Wrote toCents in src/money.js with its test. npm test passes.",
    "I could not get the test to pass. The nearest number to 1.005 that JavaScript has is a little below it, so both " +
      "attempts in src/money.js give 100, not 101; npm test fails. Passing the amount as text would solve it, but that " +
      "changes the function you asked for: please decide."
  )
)

/** Tells the tasks apart by their prompts. */
export const demoScript: Script = byPrompt([
  [clamp.prompt, addClamp],
  [slug.prompt, addSlugify],
  [cents.prompt, roundToCents]
])
