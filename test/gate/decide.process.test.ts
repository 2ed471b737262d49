import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decide, type Decision } from "../../src/gate/decide.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { policyFor } from "./support.ts"

/** A worktree with links of every kind, and a folder beside it. */
const stage = Effect.map(scratchFolder, (folder) => {
  writeFiles(folder, {
    "wt/package.json": "{}\n",
    "wt/src/a.ts": "a\n",
    "wt/secret/b.txt": "b\n",
    "wt/.git": "gitdir: elsewhere\n",
    "wt/packages/a/package.json": "{}\n",
    "wt/alias": { link: "src" },
    "wt/src/to-secret": { link: "../secret" },
    "wt/src/to-secret-file": { link: "../secret/b.txt" },
    "wt/src/outward": { link: "../../outside" },
    "wt/src/absolute": { link: `${folder}/outside` },
    "wt/src/dangling": { link: "../secret/new.txt" },
    "wt/src/dangling-folder": { link: "../secret/none" },
    "outside/o.txt": "o\n"
  })
  return { folder, worktree: `${folder}/wt` }
})

const body = (...lines: ReadonlyArray<string>): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

const add = (path: string): string => body(`*** Add File: ${path}`, "+text")

const allowed: Decision = { allow: true, edit: true }

const reasonOf = (decision: Decision): string => decision.allow ? "allowed" : decision.reason

describe("edits", () => {
  const inBounds: Readonly<Record<string, string>> = {
    "a new file": add("src/new.ts"),
    "a new file in a new folder": add("src/deep/er/new.ts"),
    "an update": body("*** Update File: src/a.ts", "@@", "-a", "+b"),
    "a deletion": body("*** Delete File: src/a.ts"),
    "a move within bounds": body("*** Update File: src/a.ts", "*** Move to: src/b.ts", "@@", "-a", "+b"),
    "several files": body("*** Add File: src/x.ts", "+x", "*** Delete File: src/a.ts"),
    "through a link that stays in bounds": add("src/../src/new.ts"),
    "what a tool leaves behind": add("__pycache__/x.pyc"),
    "content that looks like a header": body("*** Add File: src/doc.md", "+*** Delete File: secret/b.txt")
  }
  for (const [name, patch] of Object.entries(inBounds)) {
    it.scoped(`${name} is allowed`, () =>
      Effect.gen(function*() {
        const { worktree } = yield* stage
        const call = { id: "1", tool: "apply_patch", what: patch, cwd: worktree }
        assert.deepStrictEqual(decide(policyFor(worktree), call), allowed)
      }))
  }

  const outOfBounds: Readonly<Record<string, readonly [patch: (folder: string) => string, says: RegExp]>> = {
    "a new file": [() => add("secret/new.txt"), /^Path not in allowed patterns: "secret\/new.txt".*Allowed: src\/\*\*/],
    "an update": [() => body("*** Update File: secret/b.txt", "@@", "-b", "+c"), /"secret\/b.txt"/],
    "a deletion": [() => body("*** Delete File: secret/b.txt"), /"secret\/b.txt"/],
    "a move out of bounds": [
      () => body("*** Update File: src/a.ts", "*** Move to: secret/a.ts", "@@", "-a", "+b"),
      /"secret\/a.ts"/
    ],
    "a move into bounds": [
      () => body("*** Update File: secret/b.txt", "*** Move to: src/b.txt", "@@", "-b", "+c"),
      /"secret\/b.txt"/
    ],
    "the second of two files": [() => body("*** Add File: src/x.ts", "+x", "*** Delete File: secret/b.txt"), /secret/],
    "an absolute path outside": [(folder) => add(`${folder}/outside/x`), /It leads outside the worktree/],
    "an absolute path inside, out of bounds": [(folder) => add(`${folder}/wt/secret/x`), /"secret\/x"/],
    "..": [() => add("../outside/x"), /It leads outside the worktree/],
    ".. that comes back elsewhere": [() => add("src/../secret/x"), /"secret\/x"/],
    "a folder whose name begins like the worktree's": [(folder) => add(`${folder}/wt-other/x`), /outside the worktree/],
    "the worktree itself": [(folder) => add(`${folder}/wt`), /outside the worktree/],
    "a folder that is a link out of bounds": [() => add("src/to-secret/x"), /"secret\/x"/],
    "a folder below a link out of bounds": [() => add("src/to-secret/deep/er/x"), /"secret\/deep\/er\/x"/],
    "a file that is a link out of bounds": [
      () => body("*** Update File: src/to-secret-file", "@@", "-b", "+c"),
      /"secret\/b.txt"/
    ],
    "a link out of the worktree": [() => add("src/outward/x"), /outside the worktree/],
    "an absolute link out of the worktree": [() => add("src/absolute/x"), /outside the worktree/],
    "a folder above a link's target": [() => add("src/to-secret/../secret/x"), /"secret\/x"|not certain/],
    "the file above a link's target": [() => add("src/to-secret/../x"), /"x"/],
    "the folder above what isn't there": [() => add("src/none/../new.ts"), /not certain/],
    "a link to nothing yet": [() => add("src/dangling"), /leads nowhere/],
    "a folder that is a link to nothing yet": [() => add("src/dangling-folder/x"), /leads nowhere/],
    "a folder that is a file": [() => add(".git/x"), /Protected/],
    "a name that is too long": [() => add(`other/${"x".repeat(5000)}`), /^Path not in allowed patterns/],
    "git's folder": [() => add("src/.git/hooks/pre-commit"), /Protected/],
    "git's folder, spelled otherwise": [() => add(".GIT/config"), /Protected/],
    "Codex's folder": [() => add(".codex/config.toml"), /Protected/],
    "the agents' folder": [() => add(".agents/skills/x/SKILL.md"), /Protected/],
    "the runner's configuration": [() => body("*** Delete File: .mcp-codex.json"), /Protected/],
    "a path that the configuration protects": [() => add("src/keep/x.ts"), /Protected/],
    "no patch at all": [() => "rm -rf .", /^This patch can't be read/],
    "a patch without an end": [() => "*** Begin Patch\n*** Add File: src/x.ts\n+x", /^This patch can't be read/],
    "a header that is not known": [
      () => body("*** Add File: src/x.ts", "+x", "*** Copy File: secret/b.txt"),
      /^This patch can't be read/
    ],
    "a header with a padded path": [() => add("src/x.ts "), /^This patch can't be read/],
    "a header behind blanks": [
      () => body("*** Update File: src/a.ts", " *** Delete File: secret/b.txt"),
      /can't be read/
    ]
  }
  for (const [name, [patch, says]] of Object.entries(outOfBounds)) {
    it.scoped(`${name} is denied`, () =>
      Effect.gen(function*() {
        const { folder, worktree } = yield* stage
        const policy = { ...policyFor(worktree), protectedPaths: ["src/keep/**"] }
        const call = { id: "1", tool: "apply_patch", what: patch(folder), cwd: worktree }
        assert.match(reasonOf(decide(policy, call)), says)
      }))
  }

  it.scoped("through a link to a folder in bounds: by what it is, and by what it is called", () =>
    Effect.gen(function*() {
      const { worktree } = yield* stage
      const call = { id: "1", tool: "apply_patch", what: add("alias/new.ts"), cwd: worktree }
      assert.match(reasonOf(decide(policyFor(worktree), call)), /"alias\/new.ts"/)
      assert.deepStrictEqual(decide({ ...policyFor(worktree), allowedPaths: ["src/**", "alias/**"] }, call), allowed)
    }))
})

describe("edits through the shell", () => {
  const heredoc = (patch: string): string => `apply_patch <<'EOF'\n${patch}\nEOF\n`

  const cases: Readonly<Record<string, readonly [command: string, cwd: string, says: RegExp | "allowed"]>> = {
    "in bounds": [heredoc(add("src/new.ts")), "", "allowed"],
    "in bounds, from the folder of the call": [heredoc(add("new.ts")), "/src", "allowed"],
    "in bounds, after cd": [`cd src && ${heredoc(add("new.ts"))}`, "", "allowed"],
    "out of bounds": [heredoc(add("secret/x")), "", /"secret\/x"/],
    "out of bounds, from the folder of the call": [heredoc(add("src/x.ts")), "/secret", /"secret\/src\/x.ts"/],
    "out of bounds, after cd": [`cd secret && ${heredoc(add("x"))}`, "", /"secret\/x"/],
    "with another command behind it": [`${heredoc(add("src/new.ts"))}touch x`, "", /./],
    "with the patch as an argument": [`apply_patch '${add("src/new.ts")}'`, "", /apply_patch/],
    "with an unquoted mark": [`apply_patch <<EOF\n${add("src/new.ts")}\nEOF\n`, "", /./],
    "by another shell": [`bash -c "apply_patch <<'EOF'\n${add("src/new.ts")}\nEOF"`, "", /Command not in allowlist/]
  }
  for (const [name, [command, below, says]] of Object.entries(cases)) {
    it.scoped(`${name}: ${says === "allowed" ? says : "denied"}`, () =>
      Effect.gen(function*() {
        const { worktree } = yield* stage
        const decision = decide(policyFor(worktree), {
          id: "1",
          tool: "Bash",
          what: command,
          cwd: `${worktree}${below}`
        })
        if (says !== "allowed") return assert.match(reasonOf(decision), says)
        assert.isTrue(decision.allow && decision.edit, reasonOf(decision))
        assert.include(decision.allow ? decision.runs : "", `apply_patch <<'END_OF_PATCH'\n*** Begin Patch\n`)
      }))
  }
})

describe("commands", () => {
  it.scoped("an allowed one is handed back with its folder before it and every word quoted", () =>
    Effect.gen(function*() {
      const { worktree } = yield* stage
      const run = (what: string, cwd = worktree) => decide(policyFor(worktree), { id: "1", tool: "Bash", what, cwd })
      const tests = run("npm test -- 'a b'")
      assert.match(
        tests.allow ? tests.runs ?? "" : tests.reason,
        new RegExp(`^export TMPDIR="\\$HOME/tmp"; cd '${worktree}' && '/\\S+/npm' 'test' '--' 'a b'$`)
      )
      const inPackage = run("cd packages/a && npm test")
      assert.match(inPackage.allow ? inPackage.runs ?? "" : "", new RegExp(`; cd '${worktree}/packages/a' && `))
      const there = run("npm test", `${worktree}/packages/a`)
      assert.match(there.allow ? there.runs ?? "" : "", new RegExp(`; cd '${worktree}/packages/a' && `))
      assert.notProperty(tests, "edit")
    }))

  const denied: Readonly<Record<string, readonly [what: string, cwd: string, says: RegExp]>> = {
    "a program that is not listed": ["touch x", "", /^Command not in allowlist: "touch x"/],
    "a program that only begins like a listed one": ["npm testing", "", /^Command not in allowlist/],
    "one of several": ["npm test && touch x", "", /"touch x"/],
    "a folder outside": ["ls", "/../outside", /outside the worktree/],
    "a folder outside by a link": ["ls", "/src/outward", /outside the worktree/],
    "a folder that isn't there": ["ls", "/none", /doesn't exist/],
    "a file outside": ["cat ../outside/o.txt", "", /leads outside the worktree/],
    "a file outside by a link": ["cat src/outward/o.txt", "", /leads outside the worktree/],
    "nothing": ["", "", /./],
    "a NUL character": ["ls\u0000", "", /NUL/]
  }
  for (const [name, [what, below, says]] of Object.entries(denied)) {
    it.scoped(`${name} is denied`, () =>
      Effect.gen(function*() {
        const { worktree } = yield* stage
        const call = { id: "1", tool: "Bash", what, cwd: `${worktree}${below}` }
        assert.match(reasonOf(decide(policyFor(worktree), call)), says)
      }))
  }

  it.scoped("read-only ones are denied where the configuration switches them off", () =>
    Effect.gen(function*() {
      const { worktree } = yield* stage
      const call = { id: "1", tool: "Bash", what: "ls src", cwd: worktree }
      assert.isTrue(decide(policyFor(worktree), call).allow)
      assert.isFalse(decide({ ...policyFor(worktree), allowReadOnly: false }, call).allow)
    }))
})

describe("other tools", () => {
  for (const tool of ["update_plan", "clocksleep"]) {
    it(`${tool} touches nothing and is allowed`, () => {
      assert.deepStrictEqual(decide(policyFor("/wt"), { id: "1", tool, what: "{}", cwd: "/wt" }), { allow: true })
    })
  }

  const unknown = [
    "write_stdin",
    "view_image",
    "mcp__files__write",
    "collaborationspawn_agent",
    "bash",
    "shell",
    "Write",
    ""
  ]
  for (const tool of unknown) {
    it(`"${tool}" is not known and is denied`, () => {
      const decision = decide(policyFor("/wt"), { id: "1", tool, what: "{\"command\":\"npm test\"}", cwd: "/wt" })
      assert.strictEqual(
        reasonOf(decision),
        `The tool "${tool}" is not allowed here. Use shell commands and apply_patch.`
      )
    })
  }
})
