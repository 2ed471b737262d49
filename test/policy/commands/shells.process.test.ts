import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { accessSync, existsSync, readFileSync, realpathSync } from "node:fs"
import { commandHost } from "../../../src/policy/commandHost.ts"
import { judgeCommand } from "../../../src/policy/commands/judgeCommand.ts"
import type { CommandHost } from "../../../src/policy/commands/model.ts"
import { scratchFolder, writeFiles } from "../../support/GitRepo.ts"

const searchPath = "/usr/local/bin:/usr/bin:/bin"
const host = commandHost(searchPath)
const shells = ["bash", "dash", "sh", "zsh"].map((name) => host.resolveProgram(name)).filter((path) =>
  path !== undefined
)

const judge = (
  command: string,
  worktree: string,
  options: { readonly withoutPrograms?: boolean; readonly realpath?: CommandHost["realpath"] } = {}
) =>
  judgeCommand({
    command,
    cwd: worktree,
    worktree,
    allowedCommands: ["printf"],
    allowReadOnly: true,
    host: {
      ...host,
      realpath: options.realpath ?? host.realpath,
      resolveProgram: options.withoutPrograms === true ? () => undefined : host.resolveProgram
    }
  })

// Bash with a socket as its input reads ~/.bashrc: it gets none.
const run = (shell: string, command: string, cwd = "/", env: Readonly<Record<string, string>> = {}) =>
  spawnSync(shell, ["-c", command], {
    cwd,
    env: { PATH: searchPath, HOME: "/nonexistent", ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"]
  })

/** Messages name the program that wrote them, and a file `-n` that a pattern finds is written `./-n`. */
const comparable = (output: string): string =>
  output.replaceAll(/\/usr\/(?:local\/)?bin\//g, "").replaceAll("./-n", "-n")

/** A word in some way that a person may quote it. */
const quotedWord = fc.tuple(
  fc.array(
    fc.tuple(
      fc.string({ unit: fc.constantFrom(..."ab c'\"\\$`!*?[]{}~#&|;<>()=-\n\té".split("")), maxLength: 6 }),
      fc.constantFrom("single", "double", "escaped")
    ),
    { minLength: 1, maxLength: 3 }
  )
).map(([pieces]) => ({
  word: pieces.map(([text]) => text).join(""),
  source: pieces.map(([text, way]) => {
    if (way === "double") return `"${text.replaceAll(/["\\$`]/g, "\\$&")}"`
    if (way === "single" || text === "" || text.includes("\n")) return `'${text.replaceAll("'", "'\\''")}'`
    return text.replaceAll(/[^a-zé]/g, "\\$&")
  }).join("")
}))

describe("the canonical form, in real shells", () => {
  it.scoped("has the words that were judged", () =>
    Effect.map(scratchFolder, (worktree) => {
      assert.isAtLeast(shells.length, 3)
      fc.assert(
        fc.property(fc.array(quotedWord, { minLength: 1, maxLength: 6 }), (words) => {
          const verdict = judge(`printf '%s\\0' -- ${words.map(({ source }) => source).join(" ")}`, worktree)
          if (verdict._tag !== "Allow") return assert.fail(JSON.stringify(verdict))
          const expected = ["--", ...words.map(({ word }) => word)]
          assert.deepStrictEqual(verdict.simple[0]?.words.slice(2), expected)
          for (const shell of shells) {
            assert.strictEqual(
              run(shell, verdict.canonical).stdout,
              expected.map((word) => `${word}\0`).join(""),
              shell
            )
          }
        }),
        { numRuns: 60 }
      )
    }))

  it.scoped("does what the text does", () =>
    Effect.map(scratchFolder, (worktree) => {
      writeFiles(worktree, { "a.txt": "a\n", "b.txt": "b\n", "-n": "dash\n", "sub/c.txt": "c\n" })
      const word = fc.array(
        fc.constantFrom(
          ..."a|'b c'|\"d'e\"|f\\ g|\\*|*.txt|sub/*|s?b|[ab].txt|=|x#y|!|z~z|{}|--|-n|''|\\\\|\"\\$x\"|\\\n|#".split(
            "|"
          )
        ),
        { minLength: 1, maxLength: 2 }
      ).map((parts) => parts.join(""))
      const command = fc.tuple(
        fc.constantFrom("printf '<%s>'", "echo", "cat", "ls", "true", "cd sub", "pwd"),
        fc.array(word, { maxLength: 3 }),
        fc.constantFrom("", "", " 2>&1", " >/dev/null", " 2>/dev/null")
      ).map(([program, words, end]) => `${[program, ...words].join(" ")}${end}`)
      const list = fc.array(fc.tuple(command, fc.constantFrom(" && ", " || ", " | ", "; ", "\n", " &&\n", "")), {
        minLength: 1,
        maxLength: 3
      })
      let allowed = 0
      fc.assert(
        fc.property(list, (parts) => {
          const text = parts.flat().join("")
          const verdict = judge(text, worktree)
          if (verdict._tag !== "Allow") return
          const [original, canonical] = [run("bash", text, worktree), run("bash", verdict.canonical)]
          if (original.stderr !== "") return
          allowed++
          assert.strictEqual(comparable(canonical.stdout), comparable(original.stdout), text)
          assert.strictEqual(canonical.status, original.status, text)
        }),
        { numRuns: 600, seed: 3 }
      )
      assert.isAbove(allowed, 50)
    }))

  it.scoped("runs past functions and aliases of the same name", () =>
    Effect.map(scratchFolder, (worktree) => {
      writeFiles(worktree, { "a.txt": "text\n" })
      const env = { "BASH_FUNC_printf%%": "() { echo pwned; }", "BASH_FUNC_cat%%": "() { echo pwned; }" }
      const aliases = "shopt -s expand_aliases 2>/dev/null\nalias printf='echo pwned' cat='echo pwned'\n"
      for (const withoutPrograms of [false, true]) {
        for (const command of ["printf a", "cat a.txt"]) {
          const verdict = judge(command, worktree, { withoutPrograms })
          if (verdict._tag !== "Allow") continue
          for (const shell of shells) {
            assert.notInclude(
              run(shell, aliases + verdict.canonical, worktree, env).stdout,
              "pwned",
              `${shell}: ${command}`
            )
          }
        }
      }
      const builtin = judge("printf %s a", worktree, { withoutPrograms: true })
      assert.include(builtin._tag === "Allow" ? builtin.canonical : "", "command -- 'printf'")
      assert.strictEqual(run("bash", builtin._tag === "Allow" ? builtin.canonical : "", worktree, env).stdout, "a")
    }))

  it.scoped("runs nothing where the folder is gone", () =>
    Effect.map(scratchFolder, (worktree) => {
      writeFiles(worktree, { "sub/a.txt": "a\n" })
      const verdict = judge("cd sub && true || pwd; pwd", worktree)
      assert.strictEqual(verdict._tag, "Allow")
      const gone = verdict._tag === "Allow" ? verdict.canonical.replaceAll("/sub'", "/gone'") : ""
      for (const shell of shells) assert.strictEqual(run(shell, gone, worktree).stdout, "")
    }))

  it.scoped("reads no file through a link whose way leads outside", () =>
    Effect.map(scratchFolder, (home) => {
      writeFiles(home, {
        "outside/deep/x": "x",
        "secret": "secret",
        "wt/deep": { link: "../outside/deep" },
        "wt/inside/a.txt": "a",
        "wt/inside/secret": { link: "../deep/../../secret" }
      })
      for (const command of ["cat deep/../../secret", "cat inside/secret", "cat inside/*", "cat deep/x"]) {
        assert.strictEqual(judge(command, `${home}/wt`)._tag, "Deny", command)
      }
      assert.doesNotThrow(() => accessSync(`${home}/wt/inside/secret`))
    }))

  it.scoped("follows links as the kernel does: .. in a link's target leaves what the link before it leads to", () =>
    Effect.map(scratchFolder, (home) => {
      writeFiles(home, {
        "outside/deep/x": "x",
        "outside/notes": "outside",
        "wt/notes": "inside",
        "wt/deep": { link: "../outside/deep" },
        "wt/tricky": { link: "deep/../notes" }
      })
      assert.strictEqual(readFileSync(`${home}/wt/tricky`, "utf8"), "outside")
      const realpath = (path: string) => existsSync(path) ? realpathSync.native(path) : undefined
      for (const command of ["cat tricky", "cat trick?"]) {
        assert.strictEqual(judge(command, `${home}/wt`, { realpath })._tag, "Deny", command)
      }
    }))
})
