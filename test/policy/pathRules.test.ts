import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { compilePathRules, judgePath } from "../../src/policy/pathRules.ts"

const rules = compilePathRules({
  allowed: ["src/**", "package.json"],
  protected: ["src/secrets/**", "**/*.lock"],
  disposable: ["**/coverage/**", "**/*.tsbuildinfo"]
})

const everything = compilePathRules({ allowed: ["**", "*/*", ".git/**"], protected: [], disposable: ["**"] })

const verdict = (path: string, of = rules): string => {
  const judgement = judgePath(of, path)
  return judgement._tag === "Denied" ? judgement.violation.kind : judgement._tag
}

describe("judgePath", () => {
  it.each([
    ["src/a.ts", "Allowed"],
    ["src/.hidden/b", "Allowed"],
    ["src/a\nb", "Allowed"],
    ["package.json", "Allowed"],
    ["coverage/index.html", "Disposable"],
    ["src/coverage/x\ny", "Disposable"],
    ["a.tsbuildinfo", "Disposable"],
    ["README.md", "path"],
    ["SRC/a.ts", "path"],
    ["package.json\n", "path"],
    ["sub/package.json", "path"],
    ["src/secrets/key", "protected_path"],
    ["src/secrets", "protected_path"],
    ["src/SECRETS/key", "protected_path"],
    ["src/secrets/a\nb", "protected_path"],
    ["src/secret\u017f/key", "protected_path"],
    ["src/sec\u200crets/key", "protected_path"],
    ["src/deep/x.lock", "protected_path"],
    ["coverage/x.lock", "protected_path"]
  ])("judges %j as %s", (path, expected) => {
    assert.strictEqual(verdict(path), expected)
  })

  it.each([
    ".git",
    ".git/config",
    ".git/a\nb",
    ".GIT/config",
    "src/.git",
    "src/.git/hooks/pre-commit",
    "src/.Git/x",
    "coverage/.git/x",
    ".g\u200cit/config",
    ".git\ufeff/config",
    ".git./config",
    ".git /config",
    ".git::$INDEX_ALLOCATION/config",
    "git~1/config",
    "GIT~2",
    "src\\.git\\config",
    ".codex",
    ".codex/config.toml",
    ".Codex/hooks.json",
    ".codex\\hooks.json",
    ".agents",
    ".agents/skills/a",
    ".agent\u017f/skills/a",
    ".mcp-codex.json",
    ".MCP-Codex.json",
    ".mcp-codex.json.",
    ".mcp-codex.json/x"
  ])("protects %j whatever a task or a configuration allows", (path) => {
    assert.strictEqual(verdict(path, everything), "protected_path")
  })

  it.each([
    ".github/x",
    ".gitignore",
    "src/.gitignore",
    "src/.codex/x",
    ".codexrc",
    "a/.mcp-codex.json",
    "git/x",
    "x.git/config"
  ])(
    "does not take %s for one of them",
    (path) => {
      assert.strictEqual(verdict(path, everything), "Disposable")
    }
  )

  it.each([
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "src/../x",
    "src/..",
    "./src/a",
    "src/./a",
    "src//a",
    "src/",
    "src/a\0.ts",
    "..\n/x/../y",
    "src\\..\\..\\x",
    "C:/x",
    "C:x"
  ])(
    "denies %j, which is no plain path in the repository",
    (path) => {
      assert.strictEqual(verdict(path, everything), "path")
    }
  )

  it("says what was denied in the words that are known, and what is allowed", () => {
    assert.deepStrictEqual(judgePath(rules, "README.md"), {
      _tag: "Denied",
      violation: {
        kind: "path",
        detail: "Path not in allowed patterns: \"README.md\". Allowed: \"src/**\", \"package.json\"."
      }
    })
    const shown = judgePath(rules, "x\u202e\n\u001b[2J")
    assert.propertyVal(shown._tag === "Denied" ? shown.violation : {}, "kind", "path")
    assert.include(JSON.stringify(shown), "x\\\\u202e\\\\n\\\\u001b[2J")
  })

  it("never lets a changed spelling of a protected name pass", () => {
    const noise = fc.constantFrom("", "\u200c", "\u200d", "\u202a", "\ufeff")
    const spelled = (name: string) =>
      fc.tuple(...[...name].map((char) => fc.tuple(fc.constantFrom(char.toLowerCase(), char.toUpperCase()), noise)))
        .map((chars) => chars.map((pair) => pair.join("")).join(""))
    const name = fc.oneof(spelled(".git"), spelled(".codex"), spelled(".agents"))
    const rest = fc.array(fc.stringMatching(/^[a-z\n *?[\]{}!]{1,6}$/), { maxLength: 3 })
    fc.assert(fc.property(name, rest, (first, names) => {
      assert.strictEqual(verdict([first, ...names].join("/"), everything), "protected_path")
    }))
  })

  it("never throws, and allows only plain paths under an allowed folder", () => {
    const narrow = compilePathRules({ allowed: ["src/**"], protected: [], disposable: [] })
    const path = fc.array(fc.constantFrom("src", "/", "..", ".", "\\", "\n", "a", "\0", ".git", "é", "\ud800"), {
      maxLength: 8
    })
    fc.assert(
      fc.property(path.map((parts) => parts.join("")), (candidate) => {
        if (judgePath(narrow, candidate)._tag !== "Allowed") return
        assert.match(candidate, /^src(\/|$)/)
        assert.isFalse(
          candidate.split(/[/\\]/).some((name) => name === ".." || name === "." || name === "" || name === ".git")
        )
      }),
      { numRuns: 3000 }
    )
  })
})
