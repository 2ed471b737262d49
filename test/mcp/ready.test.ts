/** Ready to add: what clients and registries are given says what the package is. */
import { assert, describe, it } from "@effect/vitest"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { parse } from "smol-toml"
import { instructions } from "../../src/mcp/server.ts"
import tools from "../../src/mcp/tools.json" with { type: "json" }
import { version } from "../../src/version.ts"
import { codes, document, root, rows, section } from "../docs/documents.ts"

const read = (path: string): string => readFileSync(join(root, path), "utf8")
const decode = <A, I>(schema: Schema.Schema<A, I>) => Schema.decodeUnknownSync(Schema.parseJson(schema))

const strings = Schema.Array(Schema.String)
const env = Schema.Record({ key: Schema.String, value: Schema.String })
const packageJson = decode(Schema.Struct({
  name: Schema.String,
  version: Schema.String,
  mcpName: Schema.String,
  license: Schema.String,
  keywords: strings,
  engines: Schema.Struct({ node: Schema.String }),
  bin: env
}))(read("package.json"))

const started = Schema.Struct({
  command: Schema.String,
  args: strings,
  env: Schema.optional(env),
  type: Schema.optional(Schema.Literal("stdio"))
})
const servers = Schema.Struct({ "codex-runner": started })

describe("the snippets for clients", () => {
  const guide = document("docs/mcp.md")
  const bodies = (language: string) =>
    guide.fences.filter((fence) => fence.language === language).map(({ body }) => body)

  it("start the package with npx, each in its client's form", () => {
    const [project = "", code = "", desktop = "", ...others] = bodies("json")
    assert.isEmpty(others)
    const npx = { command: "npx", args: ["-y", packageJson.name] }
    const exact = { onExcessProperty: "error" } as const
    const inClaude = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ mcpServers: servers })), exact)
    assert.deepStrictEqual(inClaude(project).mcpServers["codex-runner"], npx)
    const inCode = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ servers })), exact)(code)
    assert.deepStrictEqual(inCode.servers["codex-runner"], { type: "stdio", ...npx })
    const { env: given = {}, ...rest } = inClaude(desktop).mcpServers["codex-runner"]
    assert.deepStrictEqual(rest, npx)
    assert.deepStrictEqual(Object.keys(given), ["CODEX_RUNNER_REPO"])
    const [toml = ""] = bodies("toml")
    assert.deepInclude(parse(toml)["mcp_servers"], {
      "codex-runner": { ...npx, startup_timeout_sec: 60, tool_timeout_sec: 3600 }
    })
  })

  it("are for a program that the package has", () => {
    assert.strictEqual(packageJson.bin[packageJson.name], "dist/bin/codex-mcp-runner.mjs")
  })

  it("come with every tool of the server in the guide", () => {
    const names = tools.map(({ name }) => name)
    assert.sameMembers(rows(section(guide, "Tools")).flatMap(([first = ""]) => codes(first)), names)
    for (const name of names.slice(0, 3)) assert.include(instructions, name)
  })
})

describe("server.json", () => {
  const server = decode(Schema.Struct({
    $schema: Schema.String,
    name: Schema.String,
    description: Schema.String,
    version: Schema.String,
    packages: Schema.Array(Schema.Struct({
      registryType: Schema.Literal("npm"),
      identifier: Schema.String,
      version: Schema.String,
      runtimeHint: Schema.Literal("npx"),
      transport: Schema.Struct({ type: Schema.Literal("stdio") }),
      environmentVariables: Schema.Array(
        Schema.Struct({ name: Schema.String, isSecret: Schema.optional(Schema.Boolean) })
      )
    }))
  }))(read("server.json"))

  it("names the package as it is", () => {
    const [npm] = server.packages
    assert.lengthOf(server.packages, 1)
    assert.deepStrictEqual([server.name, server.version, npm?.identifier, npm?.version], [
      packageJson.mcpName,
      packageJson.version,
      packageJson.name,
      packageJson.version
    ])
    assert.strictEqual(packageJson.version, version)
    // The registry's own bounds.
    assert.match(server.name, /^[a-z0-9.-]+\/[a-z0-9._-]+$/)
    assert.isAtMost(server.description.length, 100)
    assert.isTrue(npm?.environmentVariables.find(({ name }) => name === "CODEX_API_KEY")?.isSecret)
  })
})

describe("manifest.json, of the bundle", () => {
  const text = read("manifest.json")

  it("is by the schema of its version", () => {
    const require = createRequire(import.meta.url)
    const schema = Schema.decodeUnknownSync(
      Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
    )(
      readFileSync(require.resolve("@anthropic-ai/mcpb/mcpb-manifest-v0.3.schema.json"), "utf8")
    )
    const { errorMessage, valid } = new AjvJsonSchemaValidator().getValidator(schema)(JSON.parse(text))
    assert.isTrue(valid, errorMessage)
  })

  it("names the package as it is", () => {
    const manifest = decode(Schema.Struct({
      name: Schema.String,
      version: Schema.String,
      license: Schema.String,
      keywords: strings,
      server: Schema.Struct({ entry_point: Schema.String, mcp_config: Schema.Struct({ args: strings, env }) }),
      tools: Schema.Array(Schema.Struct({ name: Schema.String, description: Schema.String })),
      compatibility: Schema.Struct({ runtimes: Schema.Struct({ node: Schema.String }) }),
      user_config: Schema.Record({ key: Schema.String, value: Schema.Unknown })
    }))(text)
    const { bin, engines, keywords, license, name, version: packed } = packageJson
    assert.deepInclude(manifest, { name, version: packed, license, keywords })
    assert.strictEqual(manifest.server.entry_point, bin[name])
    assert.deepStrictEqual(manifest.server.mcp_config.args, [`\${__dirname}/${bin[name]}`])
    assert.strictEqual(manifest.compatibility.runtimes.node, engines.node)
    assert.deepStrictEqual(manifest.tools, tools.map((tool) => ({ name: tool.name, description: tool.title })))
    const asked = Object.values(manifest.server.mcp_config.env).map((value) =>
      /^\$\{user_config\.(\w+)\}$/.exec(value)?.[1]
    )
    assert.sameMembers(asked, Object.keys(manifest.user_config))
  })
})
