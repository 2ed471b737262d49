import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readable, unwrapShell } from "../../src/audit/shellCommand.ts"
import { intoTmpdir } from "../../src/policy/environment.ts"

describe("unwrapShell", () => {
  it.each<[string, string]>([
    ["/bin/bash -lc 'npm test'", "npm test"],
    ["/bin/bash -c 'npm test'", "npm test"],
    ["/usr/bin/zsh -lc ls", "ls"],
    ["sh -c ls", "ls"],
    ["'/opt/my shells/bash' -lc 'ls'", "ls"],
    [`/bin/bash -lc "echo 'Permission denied'; exit 1"`, "echo 'Permission denied'; exit 1"],
    [`/bin/bash -lc "echo \\"\\$HOME\\" \\\`id\\\` \\\\ \\n"`, "echo \"$HOME\" `id` \\ \\n"],
    [`/bin/bash -lc 'it'"'"'s'`, "it's"],
    [`/bin/bash -lc "it's "'$HOME'`, "it's $HOME"],
    [`/bin/bash -lc 'it'\\''s'`, "it's"],
    ["/bin/bash -lc 'a\nb'", "a\nb"],
    ["/bin/bash -lc ''", ""],
    ["/bin/bash -lc 'bash -c \"ls\"'", "bash -c \"ls\""]
  ])("%s", (shown, command) => {
    assert.strictEqual(unwrapShell(shown), command)
  })

  it.each([
    "npm test",
    "/bin/bash -lc",
    "/bin/bash -lc 'ls' more",
    "/bin/bash -lc 'ls",
    "/bin/bash -lc \"ls",
    "/bin/bash -lc \"echo $HOME\"",
    "/bin/bash -lc ls; id",
    "/bin/bash -lc $(id)",
    "/bin/bash -x 'ls'",
    "/bin/bash  -lc 'ls'",
    "/usr/bin/python -c 'print(1)'",
    "X=1 /bin/bash -lc 'ls'",
    "/bin/bash -lc ls\\",
    ""
  ])("%s is left as it is", (shown) => {
    assert.strictEqual(unwrapShell(shown), shown)
  })

  const character = fc.constantFrom("'", "\"", "\\", "$", "`", " ", "\n", "!", "a", "é", "-", "~", "*", ";", "{")

  it("undoes any mix of the ways to quote, as a shell does", () => {
    const quotings: ReadonlyArray<(text: string) => string> = [
      (text) => `'${text.replaceAll("'", `'\\''`)}'`,
      (text) => `"${text.replace(/[$`"\\]/g, "\\$&")}"`,
      (text) => Array.from(text, (char) => char === "\n" ? "'\n'" : `\\${char}`).join("")
    ]
    const part = fc.tuple(fc.array(character, { minLength: 1 }).map((chars) => chars.join("")), fc.nat(2))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const word = parts.map(([text, how]) => quotings[how]?.(text)).join("")
        assert.strictEqual(unwrapShell(`/bin/bash -lc ${word}`), parts.map(([text]) => text).join(""))
      })
    )
  })
})

describe("readable", () => {
  it("shows a command without what the gate puts before it", () => {
    assert.strictEqual(
      readable(`${intoTmpdir}cd '/state/it'\\''s a worktree' && '/usr/bin/npm' 'test' '--' 'a b'`),
      "npm test -- 'a b'"
    )
  })
})
