import { assert, describe, it } from "@effect/vitest"
import { arrows, importsOf } from "../../scripts/arrows.mjs"

const judge = (files: Record<string, string>) => arrows(files, new Set(["effect", "@effect/platform", "picomatch"]))

/** What is said of one file that imports one thing. */
const importing = (path: string, specifier: string) => judge({ [path]: `import { x } from "${specifier}"\n` })

const assertAllowed = (path: string, ...specifiers: ReadonlyArray<string>) => {
  for (const specifier of specifiers) assert.deepStrictEqual(importing(path, specifier), [])
}

const assertRefused = (path: string, specifier: string, reason: string) =>
  assert.deepStrictEqual(importing(path, specifier), [`${path} imports ${specifier}: ${reason}`])

describe("importsOf", () => {
  const specifiers = (source: string) => importsOf("src/run/x.ts", source).map(({ specifier }) => specifier)

  it("finds imports in every form", () =>
    assert.deepStrictEqual(
      specifiers([
        "import { a, type A } from \"./a.ts\"",
        "import type {",
        "  B,",
        "  C",
        "} from \"./b.ts\"",
        "import \"./c.ts\"",
        "export * from \"./d.ts\"",
        "export { e } from \"./e.ts\"",
        "export type { F } from \"./f.ts\"",
        "const g = await import(\"./g.ts\")",
        "type H = import(\"./h.ts\").H"
      ].join("\n")).sort(),
      ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts", "./h.ts"]
    ))

  it("takes no notice of comments and texts", () =>
    assert.deepStrictEqual(
      specifiers([
        "/*",
        "import { a } from \"./a.ts\"",
        "*/",
        "// import { b } from \"./b.ts\"",
        "export const c = \"https://example.org // not a comment\"",
        "const e = `",
        "import { e } from \"./e.ts\"",
        "`",
        "import { d } from \"./d.ts\""
      ].join("\n")),
      ["./d.ts"]
    ))

  it("tells types from values, and a value named type from both", () =>
    assert.deepStrictEqual(
      importsOf(
        "src/run/x.ts",
        [
          "import type { A } from \"./a.ts\"",
          "import type from \"./b.ts\"",
          "import { type C } from \"./c.ts\"",
          "export type { D } from \"./d.ts\""
        ].join("\n")
      ).map(({ target, typeOnly }) => [target, typeOnly]),
      [["src/run/a.ts", true], ["src/run/b.ts", false], ["src/run/c.ts", false], ["src/run/d.ts", true]]
    ))
})

describe("arrows", () => {
  it("run one way, from the ground floor up", () => {
    assertAllowed("src/config/RunnerConfig.ts", "./schema.ts", "../domain/Task.ts", "effect/Schema", "node:fs")
    assertAllowed("src/policy/SecurityPolicy.ts", "../config/RunnerConfig.ts", "../domain/Task.ts")
    assertAllowed("src/codex/Codex.ts", "../process/Processes.ts", "../gate/install.ts", "../git/Git.ts")
    assertAllowed("src/run/runTask.ts", "../codex/Codex.ts", "../patch/Patches.ts")
    assertAllowed("src/mcp/server.ts", "../CodexRunner.ts", "../run/runTasks.ts", "@modelcontextprotocol/sdk")
    assertAllowed("src/bin.ts", "./cli/command.ts", "./mcp/server.ts", "@effect/platform-node/NodeContext")
  })

  it("never run back", () => {
    assertRefused("src/domain/Task.ts", "../config/RunnerConfig.ts", "domain is below config")
    assertRefused("src/process/Processes.ts", "../git/Git.ts", "process is below git")
    assertRefused("src/store/RunStore.ts", "../run/runTask.ts", "store is below run")
    assertRefused("src/run/runTask.ts", "../CodexRunner.ts", "run is below CodexRunner")
    assertRefused("src/cli/run.ts", "../bin.ts", "cli is below bin")
  })

  it("count types as well", () =>
    assert.deepStrictEqual(
      judge({ "src/git/Git.ts": "import type { Run } from \"../run/runTask.ts\"\n" }),
      ["src/git/Git.ts imports ../run/runTask.ts: git is below run"]
    ))

  it("keep faces apart, and out of the library", () => {
    assertRefused("src/cli/mcp.ts", "../mcp/server.ts", "a face is imported by the program alone")
    assertRefused("src/mcp/server.ts", "../cli/render.ts", "a face is imported by the program alone")
    assertRefused("src/index.ts", "./mcp/server.ts", "a face is imported by the program alone")
    assertRefused("src/CodexRunner.ts", "./cli/render.ts", "CodexRunner is below cli")
  })

  it("keep the scripted model out of real runs", () => {
    for (const user of ["src/gate/proof.ts", "src/cli/demo.ts"]) assertAllowed(user, "../scripted/ScriptedModel.ts")
    assertAllowed("src/testing.ts", "./scripted/ScriptedModel.ts")
    for (const part of ["codex", "run", "mcp"]) {
      assertRefused(`src/${part}/x.ts`, "../scripted/ScriptedModel.ts", "the scripted model is not for real runs")
    }
  })

  it("keep the platform for the program to choose", () =>
    assertRefused(
      "src/run/preflight.ts",
      "@effect/platform-node/NodeContext",
      "the program alone chooses the platform: src/bin*.ts"
    ))

  it("ask for a floor for every part", () => {
    assertRefused("src/utils/x.ts", "../domain/Task.ts", "\"utils\" has no floor in scripts/arrows.mjs")
    assertRefused("src/run/x.ts", "../utils/x.ts", "\"utils\" has no floor in scripts/arrows.mjs")
    assertRefused("src/run/x.ts", "../../test/x.ts", "src imports nothing from outside itself")
  })

  it("know a part that is one file", () => {
    assertAllowed("src/policy/paths.ts", "../config.ts")
    assertRefused("src/config.ts", "./policy/paths.ts", "config is below policy")
  })
})

describe("circles", () => {
  it("are found among files, whatever their folders", () =>
    assert.deepStrictEqual(
      judge({
        "src/run/a.ts": "import { b } from \"./b.ts\"\n",
        "src/run/b.ts": "import type { c } from \"./c.ts\"\n",
        "src/run/c.ts": "export { a } from \"./a.ts\"\n"
      }),
      ["circle: src/run/a.ts -> src/run/b.ts -> src/run/c.ts -> src/run/a.ts"]
    ))

  it("are found among folders of one floor, where no files are in one", () =>
    assert.deepStrictEqual(
      judge({
        "src/codex/a.ts": "import { b } from \"../gate/b.ts\"\n",
        "src/gate/c.ts": "import { d } from \"../codex/d.ts\"\n"
      }),
      ["circle of folders: codex -> gate -> codex"]
    ))

  it("are not made of two ways to one file", () =>
    assert.deepStrictEqual(
      judge({
        "src/run/a.ts": "import \"./b.ts\"\nimport \"./c.ts\"\n",
        "src/run/b.ts": "import \"./d.ts\"\n",
        "src/run/c.ts": "import \"./d.ts\"\n",
        "src/run/d.ts": ""
      }),
      []
    ))
})

describe("the gate's hook", () => {
  const reason = "the gate's hook imports policy and Node alone"

  it("imports policy and Node alone", () => {
    assertAllowed("src/gate/hook.ts", "../policy/commandRules.ts", "node:fs", "./decide.ts")
    assertRefused("src/gate/hook.ts", "../domain/Task.ts", reason)
    assertRefused("src/gate/hook.ts", "./decisions.ts", reason)
    assertRefused("src/gate/decide.ts", "effect/Schema", reason)
  })

  it("is never loaded with Effect, through policy either", () => {
    const files = {
      "src/gate/hook.ts": "import \"../policy/rules.ts\"\n",
      "src/policy/more.ts": "import \"effect/Effect\"\n"
    }
    assert.deepStrictEqual(judge({ ...files, "src/policy/rules.ts": "import \"./more.ts\"\n" }), [
      "src/policy/more.ts imports effect/Effect: it is loaded with the gate's hook, which has no Effect"
    ])
    assert.deepStrictEqual(judge({ ...files, "src/policy/rules.ts": "import type { A } from \"./more.ts\"\n" }), [])
  })
})

describe("the library", () => {
  it("reaches only what an install brings along", () =>
    assert.deepStrictEqual(
      judge({
        "src/index.ts": "export * from \"./CodexRunner.ts\"\n",
        "src/CodexRunner.ts": "import \"./policy/rules.ts\"\nimport \"effect/Effect\"\n",
        "src/policy/rules.ts": "import \"picomatch\"\nimport \"yaml\"\nimport \"node:fs\"\n",
        "src/cli/run.ts": "import \"yaml\"\n"
      }),
      ["src/policy/rules.ts imports yaml: the library reaches it, and it is neither a dependency nor a peer"]
    ))
})
