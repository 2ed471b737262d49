/** The examples are programs: compiled against the built library as their reader would, and run. */
import { assert, describe, it } from "@effect/vitest"
import { transform } from "esbuild"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { tsc } from "../scripts/tsc.mjs"
import { root } from "./docs/documents.ts"

const names = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"))

/** In the package's own folder, so that its name leads to its build. */
let folder = ""

beforeAll(async () => {
  mkdirSync(join(root, "coverage"), { recursive: true })
  folder = mkdtempSync(join(root, "coverage/examples-"))
  for (const name of names) {
    // Node 20 doesn't read types; newer ones run the examples as they are.
    const { code } = await transform(readFileSync(join(root, "examples", name), "utf8"), { loader: "ts" })
    writeFileSync(join(folder, name.replace(/\.ts$/, ".mjs")), code.replaceAll("./playground.ts", "./playground.mjs"))
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs an example and gives its lines. */
const linesOf = (name: string): ReadonlyArray<string> => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(folder, `${name}.mjs`)], {
    // Nothing of whoever runs the tests: neither account nor Codex.
    env: { PATH: process.env["PATH"] },
    encoding: "utf8"
  })
  assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: "" }, stdout)
  return stdout.trimEnd().split("\n")
}

describe("the examples", () => {
  it("compile, strict, against the built library", async () => {
    const config = { extends: "../../tsconfig.json", compilerOptions: { paths: {} }, include: ["../../examples/*.ts"] }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
    const [program] = await tsc()
    assert.strictEqual(execFileSync(program, ["-p", folder, "--pretty", "false"], { encoding: "utf8" }), "")
  })

  it("say in their first lines what they show, and are all that this test knows", () => {
    for (const name of names) {
      assert.match(readFileSync(join(root, "examples", name), "utf8"), /^\/\*\*\n( \* .+\n){3,5} \*\/\n/)
    }
    assert.sameMembers(names, ["own-policy.ts", "playground.ts", "stop-early.ts"])
  })

  it("stop-early cancels the rest of its run, and keeps what was done", () => {
    const lines = linesOf("stop-early")
    assert.deepStrictEqual(lines.slice(0, 4).map((line) => line.replace(/(: failed), .+/, "$1")), [
      "prices: success, src/prices.ts",
      "taxes: failed",
      "discounts: failed",
      "Two tasks have failed: the rest is cancelled."
    ])
    assert.match(
      lines.at(-1) ?? "",
      /^cancelled: prices success, taxes failed, discounts failed, shipping (cancelled|skipped), receipts skipped$/
    )
  })

  it("own-policy refuses by its own rule, and fails what the other finds", () => {
    const lines = linesOf("own-policy")
    assert.include(lines, "  - request.tasks[0].prompt: no ticket is named. Name one, such as SHOP-12.")
    assert.include(lines, "failed: \"src/cart.ts\" was deleted, which only people may do")
    assert.match(lines.at(-1) ?? "", /^Kept under refs\/codex-runner\/.+\/cart\.$/)
  })
})
