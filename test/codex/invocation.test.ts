import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parse } from "smol-toml"
import { commandLine, type Invocation, toml } from "../../src/codex/invocation.ts"

const traits = (version: string, features: ReadonlyArray<string> = []) => ({ version, features, enabled: [] })

const plain: Invocation = {
  traits: traits("0.169.0", ["hooks", "plugins", "view_image", "zzz"]),
  prompt: "Do it",
  worktree: "/state/worktrees/r/r-t",
  checkout: "/home/me/project",
  sandbox: "workspace-write",
  network: false,
  writableRoots: ["/state/scratch/home", "/state/scratch/tmp"],
  commandEnvironment: { PATH: "/usr/bin:/bin", HOME: "/state/scratch/home" },
  developerInstructions: "Say \"hello\"\nand stop",
  model: undefined,
  ephemeral: true,
  inheritUserConfig: false,
  usersCodexHome: false,
  codexConfig: [],
  guided: true
}

const argsOf = (more: Partial<Invocation> = {}) => commandLine({ ...plain, ...more }).args

/** The values after each `-c`, by key. */
const settings = (args: ReadonlyArray<string>): ReadonlyMap<string, string> =>
  new Map(args.flatMap((arg, index) => {
    const value = args[index + 1]
    if (arg !== "-c" || value === undefined) return []
    return [[value.slice(0, value.indexOf("=")), value.slice(value.indexOf("=") + 1)] as const]
  }))

const disabled = (args: ReadonlyArray<string>) => args.filter((_, index) => args[index - 1] === "--disable")

describe("the command line", () => {
  it("of a plain task, word by word", () => {
    assert.deepStrictEqual(commandLine(plain), {
      args: [
        "exec",
        "--json",
        "--color",
        "never",
        "--ephemeral",
        "--ignore-user-config",
        "--strict-config",
        "--ignore-rules",
        "-C",
        "/state/worktrees/r/r-t",
        "-s",
        "workspace-write",
        "-c",
        "sandbox_workspace_write.exclude_slash_tmp=true",
        "-c",
        "sandbox_workspace_write.exclude_tmpdir_env_var=true",
        "-c",
        "sandbox_workspace_write.writable_roots=[\"/state/scratch/home\",\"/state/scratch/tmp\"]",
        "-c",
        "sandbox_workspace_write.network_access=false",
        "-c",
        "shell_environment_policy={\"inherit\"=\"none\",\"set\"={\"PATH\"=\"/usr/bin:/bin\",\"HOME\"=\"/state/scratch/home\"}}",
        "-c",
        "allow_login_shell=false",
        "-c",
        "web_search=\"disabled\"",
        "-c",
        "agents.enabled=false",
        "-c",
        "skills.include_instructions=false",
        "-c",
        "skills.bundled.enabled=false",
        "-c",
        "developer_instructions=\"Say \\\"hello\\\"\\nand stop\"",
        "--disable",
        "plugins",
        "--disable",
        "view_image",
        "--",
        "Do it"
      ],
      stdin: undefined
    })
  })

  it("of a task with everything asked for", () => {
    const args = argsOf({
      network: true,
      sandbox: "read-only",
      ephemeral: false,
      model: "gpt-6-sol",
      codexConfig: ["model_provider=\"own\""],
      outputSchema: "/s.json",
      gate: { config: ["hooks.PreToolUse=[]"] }
    })
    assert.strictEqual(settings(args).get("sandbox_workspace_write.network_access"), "true")
    assert.notInclude(args, "--ephemeral")
    assert.strictEqual(args[args.indexOf("-s") + 1], "read-only")
    assert.deepStrictEqual(args.slice(-12), [
      "-c",
      "model_provider=\"own\"",
      "--enable",
      "hooks",
      "-c",
      "hooks.PreToolUse=[]",
      "-m",
      "gpt-6-sol",
      "--output-schema",
      "/s.json",
      "--",
      "Do it"
    ])
  })

  it("looks for no guidance where there is none, but in the files of a user who may have named others", () => {
    assert.isFalse(settings(argsOf()).has("project_doc_max_bytes"))
    assert.strictEqual(settings(argsOf({ guided: false })).get("project_doc_max_bytes"), "0")
    assert.isFalse(settings(argsOf({ guided: false, inheritUserConfig: true })).has("project_doc_max_bytes"))
  })

  it("never asks for what was removed or weakens the sandbox", () => {
    const args = argsOf({ inheritUserConfig: true, usersCodexHome: true, ephemeral: false, network: true })
    for (const word of ["--full-auto", "-a", "--yolo", "--dangerously-bypass-approvals-and-sandbox", "--add-dir"]) {
      assert.notInclude(args, word)
    }
  })

  it("the user's own configuration, where it is wanted, is not held to our strictness", () => {
    const args = argsOf({ inheritUserConfig: true })
    assert.notInclude(args, "--ignore-user-config")
    assert.notInclude(args, "--strict-config")
    assert.include(args, "--ignore-rules")
  })
})

describe("confined reads", () => {
  const unreadable = ["/home/me/.ssh", "/state", "/home/me/a \"b\""]
  const confined = argsOf({ unreadable })

  it("take a permission profile in place of a sandbox mode, which would win over it", () => {
    assert.notInclude(confined, "-s")
    const given = settings(confined)
    assert.deepStrictEqual([...given.keys()].filter((key) => key.startsWith("sandbox_workspace_write")), [])
    const { name } = parse(`name=${given.get("default_permissions")}`)
    if (typeof name !== "string") return assert.fail("no profile has a name")
    const root = { ":root": "read" }
    assert.deepStrictEqual(parse(`permissions=${given.get("permissions")}`), {
      permissions: {
        [name]: {
          filesystem: {
            ...root,
            ...Object.fromEntries(unreadable.map((place) => [place, "deny"])),
            [plain.worktree]: "write",
            ...Object.fromEntries(plain.writableRoots.map((place) => [place, "write"]))
          },
          network: { enabled: false }
        }
      }
    })
    assert.strictEqual(given.get("project_root_markers"), "[]")
  })

  it("leave everything else as it is", () => {
    const others = (args: ReadonlyArray<string>) =>
      [...settings(args)].filter(([key]) =>
        !/^(sandbox_workspace_write|default_permissions|permissions|project_root_markers)/.test(key)
      )
    assert.deepStrictEqual(others(confined), others(argsOf()))
  })

  it("open the network where it is allowed", () => {
    assert.include(settings(argsOf({ unreadable, network: true })).get("permissions"), "{\"enabled\"=true}")
  })

  it("are none in another sandbox", () => {
    for (const sandbox of ["read-only", "danger-full-access"] as const) {
      const args = argsOf({ unreadable, sandbox })
      assert.deepStrictEqual(args, argsOf({ sandbox }))
      assert.strictEqual(args[args.indexOf("-s") + 1], sandbox)
    }
  })
})

describe("what a version can take", () => {
  it("only features that the binary has are switched off: an unknown one is fatal", () => {
    const old = ["apps", "goals", "multi_agent", "plugins", "shell_snapshot"]
    assert.deepStrictEqual(disabled(argsOf({ traits: traits("0.136.0", old) })), old)
    assert.deepStrictEqual(disabled(argsOf({ traits: traits("0.136.0", []) })), [])
    assert.deepStrictEqual(disabled(argsOf({ traits: traits("0.169.0", ["hooks", "unified_exec_tty"]) })), [
      "unified_exec_tty"
    ])
  })

  it("a Codex that writes trust into the user's home is told not to trust", () => {
    const projects = (version: string, usersCodexHome: boolean) =>
      settings(argsOf({ traits: traits(version), usersCodexHome })).get("projects")
    const untrusted = "{\"/state/worktrees/r/r-t\"={\"trust_level\"=\"untrusted\"}," +
      "\"/home/me/project\"={\"trust_level\"=\"untrusted\"}}"
    assert.strictEqual(projects("0.166.0", true), untrusted)
    assert.isUndefined(projects("0.166.0", false))
    assert.isUndefined(projects("0.169.0", true))
  })
})

describe("the prompt", () => {
  const promptOf = (prompt: string) => {
    const { args, stdin } = commandLine({ ...plain, prompt })
    return { last: args.slice(-2), stdin }
  }

  it("is an argument after `--`, whatever it looks like", () => {
    for (const prompt of ["-m evil", "--help", "resume", "review", "help", "- a list\n- of things", "fix «ü»"]) {
      assert.deepStrictEqual(promptOf(prompt), { last: ["--", prompt], stdin: undefined })
    }
  })

  it("goes to standard input where it is \"-\" itself, or too long for an argument", () => {
    assert.deepStrictEqual(promptOf("-"), { last: ["--", "-"], stdin: "-" })
    const short = "ü".repeat(50_000)
    assert.deepStrictEqual(promptOf(short), { last: ["--", short], stdin: undefined })
    assert.deepStrictEqual(promptOf(`${short}x`), { last: ["--", "-"], stdin: `${short}x` })
  })
})

describe("toml", () => {
  const read = (value: unknown): unknown => parse(`value = ${toml(value)}`)["value"]

  it("any text comes back as it was", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.strictEqual(read(text), text)))
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.strictEqual(read(text), text)))
    const awkward = "\"'''\\ \u0000\u001f\u007f\u0085\u2028\u{1f600}\r\n\t\b\f#={}[]"
    assert.strictEqual(read(awkward), awkward)
  })

  it("half a surrogate pair becomes the replacement character, as it does in an argument", () => {
    assert.strictEqual(read("a\ud800b"), "a\ufffdb")
  })

  it("lists and tables of any depth come back as they were", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: "binary" }),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.string({ unit: "binary" }).filter((key) => key !== "__proto__"), tie("value"), { maxKeys: 3 })
      )
    }))
    fc.assert(fc.property(value, (one) => assert.deepEqual(JSON.stringify(read(one)), JSON.stringify(one))))
  })

  it("stays on one line, so that no value can add a setting", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.notInclude(toml({ [text]: text }), "\n")))
  })

  it("what TOML has no word for is a bug", () => {
    for (const value of [null, undefined, Symbol("x")]) assert.throws(() => toml(value), TypeError)
  })
})
