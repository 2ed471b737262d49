/** The JSON Schema of `.mcp-codex.json`, from the schema that decodes it. */
import * as JSONSchema from "effect/JSONSchema"
import { RunnerConfigFile } from "../src/config/RunnerConfigFile.ts"

/** The text of `config.schema.json`: draft 7, which every editor knows. */
export const configSchemaText = (): string => {
  const { $schema, ...schema } = JSONSchema.make(RunnerConfigFile)
  const named = { $schema, title: "codex-runner configuration (.mcp-codex.json)", ...schema }
  return `${JSON.stringify(named, null, 2)}\n`
}
