import { assert, describe, expect, it } from "@effect/vitest"
import { descriptors } from "../../src/mcp/descriptors.ts"

const tools = descriptors()
const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

const isNode = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Every property of a schema, however deep, by its path. */
const properties = (node: unknown, path: string): ReadonlyArray<readonly [path: string, schema: unknown]> => {
  if (Array.isArray(node)) return node.flatMap((inner, index) => properties(inner, `${path}[${index}]`))
  if (!isNode(node)) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === "properties" && isNode(value)
      ? Object.entries(value).flatMap(([name, schema]) => [
        [`${path}.${name}`, schema] as const,
        ...properties(schema, `${path}.${name}`)
      ])
      : properties(value, path)
  )
}

describe("tools.json", () => {
  it("is what the schemas say (to write it anew: npx vitest run test/mcp/descriptors.test.ts -u)", async () => {
    await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot("../../src/mcp/tools.json")
  })

  it("is short: what a model reads at most 8 kB, all of it at most 24 kB", () => {
    const read = tools.map(({ description, inputSchema, title }) => ({ description, inputSchema, title }))
    assert.isAtMost(bytes(read), 8000)
    assert.isAtMost(bytes({ tools }), 24_000)
  })

  it("has objects at the root, no references, and words for every field", () => {
    assert.notMatch(JSON.stringify(tools), /"\$/)
    for (const { inputSchema, name, outputSchema } of tools) {
      for (const [side, schema] of [["in", inputSchema], ["out", outputSchema]] as const) {
        assert.propertyVal(schema, "type", "object", `${name} ${side}`)
        assert.property(schema, "properties", `${name} ${side}`)
        for (const [path, inner] of properties(schema, `${name} ${side}`)) {
          const description = isNode(inner) ? inner["description"] : undefined
          assert.isAbove(typeof description === "string" ? description.length : 0, 2, `${path} is described`)
        }
      }
      // What is not known is an error, told by name.
      assert.propertyVal(inputSchema, "additionalProperties", false)
    }
  })

  it("keeps its order, and what it says of each tool's harm", () => {
    const hints = tools.map(({ annotations: { destructiveHint, idempotentHint, openWorldHint, readOnlyHint }, name }) =>
      [
        name,
        ...(readOnlyHint ? ["reads"] : []),
        ...(destructiveHint ? ["destroys"] : []),
        ...(idempotentHint ? ["repeatable"] : []),
        ...(openWorldHint ? ["open world"] : [])
      ].join(", ")
    )
    assert.deepStrictEqual(hints, [
      "run_codex_tasks, open world",
      "await_run, reads, repeatable",
      "get_task_output, reads, repeatable",
      "list_runs, reads, repeatable",
      "cancel_run, destroys, repeatable",
      "review_plan_with_codex, reads, open world"
    ])
  })
})
