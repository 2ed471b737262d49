import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { forEachChild, parse } from "unbash"
import type { SyntaxNode } from "unbash"
import { judgeCommand } from "../../../src/policy/commands/judgeCommand.ts"
import { quote } from "../../../src/policy/commands/quote.ts"
import { allowedCommands, fakeHost, repository, worktree } from "./fakeHost.ts"

const host = fakeHost(repository)
const judge = (command: string) =>
  judgeCommand({ command, cwd: worktree, worktree, allowedCommands, allowReadOnly: true, host })

const known = new Set<SyntaxNode["type"]>([
  "Script",
  "Statement",
  "AndOr",
  "Pipeline",
  "Command",
  "Word",
  "Literal",
  "SingleQuoted",
  "DoubleQuoted",
  "Glob",
  "Redirect",
  "FileDescriptor"
])

/** The kinds of nodes in a text, and whether the parser had to recover. */
const nodesOf = (text: string): { readonly types: ReadonlySet<SyntaxNode["type"]>; readonly recovered: boolean } => {
  const types = new Set<SyntaxNode["type"]>()
  let recovered = false
  const visit = (node: SyntaxNode): void => {
    types.add(node.type)
    if (node.type === "Script" && "errors" in node && (node.errors?.length ?? 0) > 0) recovered = true
    forEachChild(node, visit)
  }
  visit(parse(text))
  return { types, recovered }
}

const fragments: ReadonlyArray<string> = [
  "ls|cat|echo|npm test|pwd|printf|cd src|git status|find .|src/a.ts|-la|--|a|*|?|[ab]|x=1|FOO=1|apply_patch".split(
    "|"
  ),
  [" ", " ", " ", "\n", "\t", ";", "&&", "||", "|", "&", "|&", "!", "(", ")", "{", "}", "((", "))", "[[", "]]", "#"],
  ["'", "\"", "\\", "`", "$", "$(", "$((", "${", "$'", "$\"", "~", "{a,b}", "<(", ">(", "<<EOF", "<<'EOF'", "EOF"],
  ["2>&1", ">/dev/null", "2>/dev/null", ">", ">>", "<", "<<<", "&>", "\\\n", "\r", "\0", "é", "＆"],
  ["if ", "then ", "fi", "for ", "in ", "do ", "done", "function ", "coproc ", "time ", "case ", "esac"]
].flat()
const fragment = fc.constantFrom(...fragments)
const shellText = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""))
const anyText = fc.array(fc.integer({ min: 0, max: 0x10ffff })).map((points) => String.fromCodePoint(...points))
const garbage = fc.oneof(shellText, anyText, fc.string())

describe("judgeCommand, of any text", () => {
  it("allows none with a construct it doesn't know, or that the parser had to repair", () => {
    let allowed = 0
    fc.assert(
      fc.property(shellText, (text) => {
        if (judge(text)._tag !== "Allow") return
        allowed++
        const { recovered, types } = nodesOf(text)
        assert.isFalse(recovered)
        assert.deepStrictEqual([...types].filter((type) => !known.has(type)), [])
      }),
      { numRuns: 20_000, seed: 1 }
    )
    assert.isAbove(allowed, 100)
  })

  it("writes nothing unquoted but its own joints", () => {
    const joints = /^cd  && (?:\{ )?(?:(?:command -- |cd  && )?(?: *)(?:2>&1|2?>\/dev\/null|\|\|?|&&|;|\}| )*)*$/
    fc.assert(
      fc.property(shellText, (text) => {
        const verdict = judge(text)
        if (verdict._tag !== "Allow") return
        assert.match(verdict.canonical.replaceAll("\\'", "").replaceAll(/'[^']*'/g, ""), joints)
      }),
      { numRuns: 5000, seed: 2 }
    )
  })

  it("answers, and never throws", () => {
    fc.assert(
      fc.property(garbage, fc.boolean(), (command, allowReadOnly) => {
        const verdict = judgeCommand({
          command,
          cwd: worktree,
          worktree,
          allowedCommands: [command],
          allowReadOnly,
          host
        })
        assert.include(["Allow", "ApplyPatch", "Deny"], verdict._tag)
      }),
      { numRuns: 5000 }
    )
  })
})

describe("an allowed entry", () => {
  const plain = fc.string().filter((word) => !word.startsWith("-") && !/[^\n\t\x20-\x7e]/.test(word))
  const entry = fc.constantFrom(...allowedCommands)

  it("stays allowed under added plain arguments", () => {
    fc.assert(fc.property(entry, fc.array(plain, { maxLength: 5 }), (entry, words) => {
      const verdict = judge([entry, ...words.map(quote)].join(" "))
      const simple = verdict._tag === "Allow" ? verdict.simple : []
      assert.deepStrictEqual(simple.map((command) => command.words), [[...entry.split(" "), ...words]])
    }))
  })

  it("stays allowed under any arguments after --", () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((word) => !/[^\n\t\x20-\x7e]/.test(word)), { maxLength: 5 }), (words) => {
        assert.strictEqual(judge(["npm test --", ...words.map(quote)].join(" "))._tag, "Allow")
      })
    )
  })

  it("isn't allowed as a part of other words", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("npm test", "npm run lint", "pytest"),
        fc.stringMatching(/^[a-z:.]+$/),
        (entry, more) => {
          assert.strictEqual(judge(`${entry}${more}`)._tag, "Deny")
        }
      )
    )
  })
})

describe("read-only commands", () => {
  it("never get a path outside", () => {
    const step = fc.constantFrom(
      "..",
      ".",
      "src",
      "deep",
      "link-in",
      "link-out",
      "packages",
      "a",
      "missing",
      "/",
      "etc"
    )
    const path = fc.array(step, { minLength: 1, maxLength: 7 }).map((steps) => steps.join("/"))
    const program = fc.constantFrom(
      "cat",
      "ls",
      "head -5",
      "wc -l",
      "grep x",
      "rg x",
      "find",
      "git diff --",
      "sed -n 1p",
      "sort"
    )
    fc.assert(
      fc.property(program, path, (program, path) => {
        if (judge(`${program} '${path}'`)._tag !== "Allow") return
        const real = host.realpath(path.startsWith("/") ? path : `${worktree}/${path}`)
        if (real !== undefined) assert.match(`${real}/`, /^\/wt\//)
      }),
      { numRuns: 5000 }
    )
  })
})
