/**
 * The server under test with what the conformance suite looks for by name
 * beside the product's own tools: it has images, prompts and the like tested,
 * which the product has no use for. A program of its own, for tests alone.
 */
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import {
  CallToolRequestSchema,
  type CallToolResult,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListToolsRequestSchema,
  type PromptMessage,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema
} from "@modelcontextprotocol/sdk/types.js"
import { makeServer } from "../../../../src/mcp/server.ts"
import tools from "../../../../src/mcp/tools.json" with { type: "json" }

const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const image = { type: "image" as const, data, mimeType: "image/png" }
const text = (words: string) => ({ type: "text" as const, text: words })
const embedded = (uri: string) => ({
  type: "resource" as const,
  resource: { uri, mimeType: "text/plain", text: "This is an embedded resource content." }
})

const answers: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: { content: [text("This is a simple text response for testing.")] },
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: "audio", data: "UklGRiQAAABXQVZF", mimeType: "audio/wav" }] },
  test_embedded_resource: { content: [embedded("test://embedded-resource")] },
  test_multiple_content_types: { content: [text("Multiple content types test:"), image, embedded("test://mixed")] },
  test_error_handling: { content: [text("This tool intentionally returns an error for testing")], isError: true },
  test_tool_with_progress: { content: [text("done")] },
  test_tool_with_logging: { content: [text("done")] }
}

const schema2020 = {
  name: "json_schema_2020_12_tool",
  description: "Tool with JSON Schema 2020-12 features",
  inputSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object" as const,
    $defs: { address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
    properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
    additionalProperties: false
  }
}

const prompts: Readonly<
  Record<string, (args: Readonly<Record<string, string>>) => ReadonlyArray<PromptMessage["content"]>>
> = {
  test_simple_prompt: () => [text("This is a simple prompt for testing.")],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  test_prompt_with_embedded_resource: ({ resourceUri = "" }) => [embedded(resourceUri), text("Please process it.")],
  test_prompt_with_image: () => [image, text("Please analyze the image above.")]
}

const resources: Readonly<Record<string, ReadResourceResult>> = {
  "test://static-text": { contents: [{ uri: "test://static-text", mimeType: "text/plain", text: "Static text." }] },
  "test://static-binary": { contents: [{ uri: "test://static-binary", mimeType: "image/png", blob: data }] },
  "test://template/123/data": {
    contents: [{ uri: "test://template/123/data", mimeType: "application/json", text: "{\"id\":\"123\"}" }]
  }
}

const nothing = Promise.resolve({ resources: [] })
const server = makeServer(() =>
  Promise.resolve({
    call: () => Promise.resolve({ content: [] }),
    listResources: () => nothing,
    readResource: () => Promise.resolve({ none: "none" }),
    completeId: () => Promise.resolve([]),
    abandon: () => Promise.resolve()
  })
)
server.registerCapabilities({ prompts: {}, logging: {}, resources: { subscribe: true } })
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [
    ...tools.map((tool) => ({
      ...tool,
      inputSchema: { ...tool.inputSchema, type: "object" as const },
      outputSchema: { ...tool.outputSchema, type: "object" as const }
    })),
    ...Object.keys(answers).map((name) => ({ name, description: name, inputSchema: { type: "object" as const } })),
    schema2020
  ]
}))
server.setRequestHandler(CallToolRequestSchema, async ({ params: { name } }, { _meta, sendNotification }) => {
  const progressToken = _meta?.progressToken
  if (name === "test_tool_with_progress" && progressToken !== undefined) {
    for (const progress of [0, 50, 100]) {
      await sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 100 } })
    }
  }
  if (name === "test_tool_with_logging") {
    for (const said of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await sendNotification({ method: "notifications/message", params: { level: "info", data: said } })
    }
  }
  const answer = answers[name]
  if (answer === undefined) throw new Error(`no fixture ${name}`)
  return answer
})
server.setRequestHandler(ListPromptsRequestSchema, () => ({
  prompts: Object.keys(prompts).map((name) => ({ name, description: name }))
}))
server.setRequestHandler(GetPromptRequestSchema, ({ params: { arguments: args = {}, name } }) => ({
  messages: (prompts[name]?.(args) ?? []).map((content) => ({ role: "user" as const, content }))
}))
server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  const found = resources[uri]
  if (found === undefined) throw new Error(`no fixture ${uri}`)
  return found
})
for (const schema of [SetLevelRequestSchema, SubscribeRequestSchema, UnsubscribeRequestSchema]) {
  server.setRequestHandler(schema, () => ({}))
}
await server.connect(new StdioServerTransport())
