/** What the documents list is what the schemas have: no field, kind or variable more or less. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import { exitCodeOf, exitCodes } from "../../src/cli/exit.ts"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import { overridesFromEnv } from "../../src/config/environmentOverrides.ts"
import { defaultLimits, runnerConfigFile } from "../../src/config/RunnerConfigFile.ts"
import { ApplyProblemKind } from "../../src/domain/Apply.ts"
import { PlanReport } from "../../src/domain/PlanReview.ts"
import { ErrorKind, RunResult, TaskResult, ViolationKind } from "../../src/domain/Result.ts"
import { absoluteMaxima, decodeRequest, RunId, RunRequest, TaskSpec } from "../../src/domain/Task.ts"
import { captureLimits } from "../../src/patch/Patches.ts"
import { walkLimits } from "../../src/patch/walk.ts"
import { builtInProtectedPaths } from "../../src/policy/pathRules.ts"
import { codes, document, documents, headings, root, rows, section } from "./documents.ts"

const Field = Schema.Struct({
  type: Schema.optional(Schema.String),
  minimum: Schema.optional(Schema.Number),
  maximum: Schema.optional(Schema.Number),
  enum: Schema.optional(Schema.Array(Schema.String)),
  default: Schema.optional(Schema.Unknown),
  properties: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})
const Fields = Schema.Record({ key: Schema.String, value: Field })

/** The fields as they are for somebody who has set no `limits`. */
const { $schema: _, ...fields } = Schema.decodeUnknownSync(Schema.Struct({ properties: Fields }))(
  JSONSchema.make(runnerConfigFile(defaultLimits))
).properties

/** A field's type and range, as the table writes them. */
const typeOf = (name: string): string => {
  const { enum: values, maximum, minimum, properties = {}, type = "" } = fields[name] ?? {}
  if (values !== undefined) return values.map((one) => `\`${one}\``).join(" | ")
  const parts = Object.keys(properties)
  switch (type) {
    case "integer":
      return `${minimum}–${maximum}`
    case "array":
      return name.endsWith("_paths") ? "glob[]" : "string[]"
    case "object":
      return parts.length === 0 ? "`{ NAME: value }`" : `\`{ ${parts.join(", ")} }\``
    default:
      return name === "state_dir" ? "path" : type
  }
}

const fieldNames = (schema: { readonly fields: object }): ReadonlyArray<string> => Object.keys(schema.fields)

const readme = document("README.md")
const configuration = document("docs/configuration.md")
const firstCodes = (text: string): ReadonlyArray<string> => rows(text).flatMap(([first = ""]) => codes(first))

describe("the README's table of the configuration", () => {
  const table = rows(section(readme, "Configuration")).map(([name = "", type = "", value = "", meaning = ""]) => ({
    name: name.replaceAll("`", ""),
    type,
    value,
    meaning
  }))

  it("has every field once, in the schema's words", () => {
    assert.sameMembers(table.map(({ name }) => name), Object.keys(fields))
    for (const { meaning, name } of table) assert.isNotEmpty(meaning, name)
  })

  it("has the defaults", () => {
    for (const { name, value } of table) {
      const field = fields[name]
      const expected = field === undefined || field.default === undefined
        ? "none"
        : `\`${JSON.stringify(field.default)}\``
      assert.strictEqual(value, expected, name)
    }
  })

  it("has the types and ranges", () => {
    assert.deepStrictEqual(
      table.map(({ name, type }) => [name, type]),
      table.map(({ name }) => [name, typeOf(name)])
    )
  })

  it("has the absolute bounds of limits, and the built-in protected paths", () => {
    const meaningOf = (name: string) => table.find((row) => row.name === name)?.meaning ?? ""
    assert.include(meaningOf("limits"), `(1–${absoluteMaxima.concurrency})`)
    assert.include(meaningOf("limits"), `(1–${absoluteMaxima.tasks})`)
    assert.include(meaningOf("limits"), `(10–${absoluteMaxima.timeoutSec})`)
    assert.includeMembers([...codes(meaningOf("protected_paths"))], [...builtInProtectedPaths])
  })
})

describe("the README's table of results", () => {
  it("has every field of a task's result, and the text those of a run's", () => {
    const { results: _results, ...run } = RunResult.fields
    const text = section(readme, "Results")
    const names = rows(text).flatMap(([first = ""]) => codes(first))
    assert.sameMembers([...names], [...fieldNames(TaskResult)])
    for (const name of Object.keys(run)) assert.include(text, name)
  })
})

describe("the guide to the tasks file", () => {
  const guide = document("docs/tasks-file.md")

  it("has every field of a run and of a task", () => {
    assert.sameMembers([...firstCodes(section(guide, "The run"))], [...fieldNames(RunRequest)])
    assert.sameMembers([...firstCodes(section(guide, "A task"))], [...fieldNames(TaskSpec)])
  })
})

describe("the guide to the command line", () => {
  it("has every list of a review", () => {
    const names = firstCodes(section(document("docs/command-line.md"), "review"))
    assert.sameMembers(names.filter((name) => !name.startsWith("--")), [...fieldNames(PlanReport)])
  })
})

describe("the guide to troubleshooting", () => {
  const guide = document("docs/troubleshooting.md")

  it("has a heading for each kind of error, with words under it", () => {
    const kinds = headings(guide).filter((heading) => /^`\w+`$/.test(heading)).map((heading) => heading.slice(1, -1))
    assert.sameMembers(kinds, [...ErrorKind.literals])
    for (const kind of kinds) assert.isAbove(section(guide, `\`${kind}\``).trim().length, 20, kind)
  })

  it("has a row for each reason why nothing was applied", () => {
    assert.sameMembers([...firstCodes(section(guide, "Nothing was applied"))], [...ApplyProblemKind.literals])
  })

  it("has a row for each kind of violation", () => {
    assert.sameMembers([...firstCodes(section(guide, "Violations"))], [...ViolationKind.literals])
  })
})

describe("the guide to the configuration", () => {
  const variables = rows(section(configuration, "What wins")).map(([name = "", field = ""]) =>
    [name.replaceAll("`", ""), field.replaceAll("`", "")] as const
  )

  it("has every environment variable, and the field that it sets", () => {
    const source = readFileSync(join(root, "src/config/environmentOverrides.ts"), "utf8")
    assert.sameMembers(variables.map(([name]) => name), [...new Set(source.match(/CODEX_RUNNER_[A-Z_]+/g))])
    for (const [name, field] of variables) {
      const value = field === "state_dir" ? "/somewhere" : field === "keep_worktrees" ? "always" : "20"
      const set = Either.getOrThrow(overridesFromEnv({ [name]: value.replace("20", /conc/.test(field) ? "3" : "20") }))
      assert.deepStrictEqual(Object.keys(set), [field], name)
    }
  })

  it("names the fields to beware of in somebody else's file, all of them", () => {
    const file = readFileSync(join(root, "src/config/trust.ts"), "utf8")
    const asked = [...file.matchAll(/^ {4}\["([\w.]+)"/gm)].map(([, field = ""]) => field)
    const named = codes(section(configuration, "Somebody else's file")).map((code) => code.split(":")[0])
    assert.isNotEmpty(asked)
    assert.includeMembers(named, asked)
  })
})

describe("the guide to the command line", () => {
  it("has every exit code, as the README has", () => {
    const told = (text: string) => rows(text).map(([code]) => Number(code))
    const guide = section(document("docs/command-line.md"), "Exit codes")
    assert.deepStrictEqual(told(guide), Object.values(exitCodes))
    assert.deepStrictEqual(told(section(readme, "Your own tasks")), Object.values(exitCodes))
  })

  it("is right that 0 means every task: a run that is not over has not succeeded", () => {
    const run = { run_id: RunId.make("r"), base_commit: "", total_duration_ms: 0, results: [] }
    assert.strictEqual(exitCodeOf({ ...run, status: "interrupted" }), exitCodes.failure)
    assert.strictEqual(exitCodeOf({ ...run, status: "running" }), exitCodes.failure)
    assert.strictEqual(exitCodeOf({ ...run, status: "completed" }), exitCodes.success)
  })
})

describe("how it works", () => {
  it("tells the caps as they are", () => {
    const caps = section(document("docs/how-it-works.md"), "Capture")
    const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`
    const thousands = (n: number) => n.toLocaleString("en")
    for (const text of [caps, section(readme, "Security")]) {
      assert.include(text, mebibytes(captureLimits.fileBytes))
      assert.include(text, `${mebibytes(captureLimits.totalBytes)}`)
      assert.include(text, `${thousands(captureLimits.files)} files`)
    }
    assert.include(caps, thousands(walkLimits.entries))
  })
})

describe("the examples", () => {
  const of = (...languages: ReadonlyArray<string>) =>
    documents.flatMap(({ fences, path }) =>
      fences.filter(({ language }) => languages.includes(language)).map((fence) => ({
        at: `${path}:${fence.line}`,
        value: fence.language === "json" ? JSON.parse(fence.body) : parse(fence.body)
      }))
    )

  it("in JSON and YAML are tasks or configurations, without a fault", () => {
    // What clients of the MCP server are configured with has a test of its own.
    const examples = of("json", "yaml").filter(({ value }) => !("mcpServers" in value || "servers" in value))
    assert.isAtLeast(examples.length, 5)
    for (const { at, value } of examples) {
      const checked: Either.Either<unknown, unknown> = "tasks" in value ? decodeRequest(value) : decodeConfig(value)
      assert.deepStrictEqual(Either.isLeft(checked) ? checked.left : [], [], at)
    }
  })

  it("are in languages that are tested", () => {
    const tested = ["sh", "ts", "json", "yaml", "toml", "mermaid"]
    assert.deepStrictEqual(
      documents.flatMap(({ fences, path }) =>
        fences.filter(({ language }) => !tested.includes(language)).map(({ line }) => `${path}:${line}`)
      ),
      []
    )
  })
})
