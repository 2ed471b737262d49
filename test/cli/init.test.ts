import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Checkout } from "../../src/cli/init/Checkout.ts"
import { propose } from "../../src/cli/init/propose.ts"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import { version } from "../../src/version.ts"

/** A checkout by its files; a path that ends in `/` is an ignored folder. */
const checkout = (files: Readonly<Record<string, string>>): Checkout => {
  const names = Object.keys(files)
  const ignored = names.filter((name) => name.endsWith("/")).map((name) => name.slice(0, -1))
  const tracked = names.filter((name) => !name.endsWith("/"))
  const firsts = (isFolder: boolean) => [
    ...new Set(tracked.flatMap((name) => name.includes("/") === isFolder ? name.split("/").slice(0, 1) : []))
  ]
  return {
    has: (name) => ignored.includes(name) || tracked.some((file) => file === name || file.startsWith(`${name}/`)),
    text: (name) => files[name] ?? "",
    folders: firsts(true),
    files: firsts(false),
    foldersIn: (folder) => [
      ...new Set(
        [...tracked, ...ignored].filter((name) => name.startsWith(`${folder}/`)).map((name) => name.split("/")[1] ?? "")
      )
    ],
    isIgnored: (name) => ignored.includes(name)
  }
}

/** The proposal, which must be a configuration without a fault. */
const proposed = (files: Readonly<Record<string, string>>) => {
  const proposal = propose(checkout(files))
  assert.isTrue(Either.isRight(decodeConfig(JSON.parse(JSON.stringify(proposal.config)))))
  return proposal
}

const scripts = (all: Readonly<Record<string, string>>, more: object = {}): string =>
  JSON.stringify({ scripts: all, ...more })

describe("what init proposes for", () => {
  it("npm: the scripts that check, not those that watch, mend or publish; no placeholder of a test", () => {
    const { config } = proposed({
      "package.json": scripts({
        "test": "vitest run",
        "test:watch": "vitest",
        "lint": "eslint .",
        "lint:fix": "eslint --fix .",
        "typecheck": "tsc --noEmit",
        "build": "tsc",
        "release": "npm publish"
      }),
      "package-lock.json": "{}",
      "tsconfig.json": "{}",
      "src/index.ts": "",
      "tests/index.test.ts": "",
      "docs/index.md": "",
      "node_modules/": ""
    })
    assert.deepStrictEqual(config.allowed_commands, ["npm test", "npm run lint", "npm run typecheck"])
    assert.deepStrictEqual(config.default_allowed_paths, ["src/**", "tests/**"])
    assert.deepStrictEqual(config.setup, { copy: ["node_modules"] })
    const placeholder = { "package.json": scripts({ test: "echo \"Error: no test specified\" && exit 1" }) }
    assert.isUndefined(proposed(placeholder).config.allowed_commands)
  })

  it("TypeScript without a script for it: the compiler itself", () => {
    const { config } = proposed({
      "package.json": scripts({ test: "node --test" }, { devDependencies: { typescript: "5.9.3" } }),
      "tsconfig.json": "{}"
    })
    assert.deepStrictEqual(config.allowed_commands, ["npm test", "npx tsc --noEmit"])
  })

  it("pnpm with workspaces, nothing installed: an install as setup, which needs trust", () => {
    const { config, reasons } = proposed({
      "package.json": scripts({ "test": "pnpm -r test", "lint:types": "tsc -b" }),
      "pnpm-lock.yaml": "",
      "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n  - \"tools/*\"\n",
      "packages/a/index.js": "",
      "tools/b/index.js": ""
    })
    assert.deepStrictEqual(config.allowed_commands, ["pnpm test", "pnpm run lint:types"])
    assert.deepStrictEqual(config.default_allowed_paths, ["packages/**", "tools/**"])
    assert.deepStrictEqual(config.setup, { commands: ["pnpm install --frozen-lockfile"] })
    assert.include(reasons.map(([field]) => field), "setup.commands")
  })

  it("workspaces that are installed: each one's own dependencies are copied as well", () => {
    const { config } = proposed({
      "package.json": scripts({}, { workspaces: ["packages/*"] }),
      "packages/a/index.js": "",
      "node_modules/": "",
      "packages/a/node_modules/": ""
    })
    assert.deepStrictEqual(config.setup, { copy: ["node_modules", "packages/a/node_modules"] })
  })

  it("yarn and bun: by packageManager before the lockfile, in their own words", () => {
    const yarn = proposed({
      "package.json": scripts({ test: "jest", lint: "eslint" }, { packageManager: "yarn@4.1.0" }),
      "package-lock.json": ""
    })
    assert.deepStrictEqual(yarn.config.allowed_commands, ["yarn test", "yarn run lint"])
    const bun = proposed({ "package.json": scripts({ test: "vitest run" }), "bun.lock": "" })
    assert.deepStrictEqual(bun.config.allowed_commands, ["bun run test"])
  })

  it("Python: the tools that its files mention, by the runner that its lockfile names", () => {
    const files = {
      "pyproject.toml": "[project]\nname = \"x\"\n[dependency-groups]\ndev = [\"pytest>=8\", \"ruff\"]\n",
      "mypackage/__init__.py": "",
      "tests/test_x.py": "",
      ".venv/": ""
    }
    const { config } = proposed(files)
    assert.deepStrictEqual(config.allowed_commands, ["pytest", "ruff check"])
    assert.deepStrictEqual(config.default_allowed_paths, ["tests/**", "mypackage/**"])
    assert.deepStrictEqual(config.setup, { copy: [".venv"] })
    assert.deepStrictEqual(proposed({ ...files, "uv.lock": "" }).config.allowed_commands, [
      "uv run pytest",
      "uv run ruff check"
    ])
  })

  it("Go and Rust, with what only the user can decide said", () => {
    const golang = proposed({ "go.mod": "module x", "go.sum": "", "main.go": "", "internal/x/x.go": "" })
    assert.deepStrictEqual(golang.config.allowed_commands, ["go test", "go vet", "go build"])
    assert.deepStrictEqual(golang.config.default_allowed_paths, ["internal/**", "*.go"])
    assert.match(golang.notes.join(), /GOMODCACHE/)
    const rusty = proposed({ "Cargo.toml": "", "src/main.rs": "", "tests/it.rs": "" })
    assert.deepStrictEqual(rusty.config.allowed_commands, ["cargo test", "cargo check", "cargo clippy"])
    assert.match(rusty.notes.join(), /cargo vendor/)
  })

  it("a Makefile: its targets that check, not variables that are called so", () => {
    const { config } = proposed({
      Makefile: "test: build\n\tgo test\nlint:\n\tx\ncheck := 1\ndeploy:\n\ty\n",
      "src/a.c": ""
    })
    assert.deepStrictEqual(config.allowed_commands, ["make test", "make lint"])
  })

  it("a repository that nothing is known of: what the defaults say, and why", () => {
    const { config, notes } = proposed({ "notes.txt": "" })
    assert.deepStrictEqual(Object.keys(config), ["$schema"])
    assert.match(notes.join("\n"), /No test or lint command was found/)
  })

  it("several languages at once: what each brings", () => {
    const { config } = proposed({
      "package.json": scripts({ test: "vitest run" }),
      "pyproject.toml": "pytest",
      "Makefile": "test:\n\ttrue\n"
    })
    assert.deepStrictEqual(config.allowed_commands, ["npm test", "pytest", "make test"])
  })
})

describe("the schema that editors read", () => {
  it("is the installed one, else that of this version on the net", () => {
    assert.strictEqual(
      proposed({ "node_modules/codex-mcp-runner/config.schema.json": "" }).config.$schema,
      "./node_modules/codex-mcp-runner/config.schema.json"
    )
    assert.strictEqual(proposed({}).config.$schema, `https://unpkg.com/codex-mcp-runner@${version}/config.schema.json`)
  })
})

describe("hostile names", () => {
  it("make no command and no glob", () => {
    const { config } = proposed({
      "package.json": scripts({ "test:a;rm -rf /": "x", "lint$(id)": "y", "test": "z" }, {
        workspaces: ["*", "{a}/*"]
      }),
      "{a}/x.js": "",
      "*/x.js": ""
    })
    assert.deepStrictEqual(config.allowed_commands, ["npm test"])
    assert.isUndefined(config.default_allowed_paths)
  })
})
