import { assert, describe, expect, it } from "@effect/vitest"
import * as JSONSchema from "effect/JSONSchema"
import { configSchemaText } from "../../scripts/config-schema.ts"
import { RunnerConfigFile } from "../../src/config/RunnerConfigFile.ts"

describe("config.schema.json", () => {
  it("is what the decoding schema says (to write it anew: npx vitest run test/config/schema.test.ts -u)", async () => {
    await expect(configSchemaText()).toMatchFileSnapshot("../../config.schema.json")
  })

  it("is one closed object without references, each field described", () => {
    const schema = JSONSchema.make(RunnerConfigFile)
    assert.propertyVal(schema, "type", "object")
    assert.propertyVal(schema, "additionalProperties", false)
    assert.notInclude(configSchemaText(), "$ref")
    for (const [name, field] of Object.entries("properties" in schema ? schema.properties : {})) {
      assert.isNotEmpty(field.description ?? "", name)
    }
  })

  it("carries the defaults", () => {
    assert.nestedPropertyVal(JSON.parse(configSchemaText()), "properties.default_concurrency.default", 2)
    assert.nestedPropertyVal(JSON.parse(configSchemaText()), "properties.limits.properties.timeout_sec.default", 1800)
    assert.nestedPropertyVal(JSON.parse(configSchemaText()), "properties.enforcement.default", "required")
  })
})
