/** Completions as the shells themselves work them out. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { completionScript, type Shell, shells } from "../../src/cli/completionScripts.ts"
import { topics } from "../../src/cli/topics.ts"
import { gitRepo } from "../support/GitRepo.ts"

const has = (program: string): boolean => spawnSync(program, ["-c", "true"]).status === 0

/** What each shell offers after a line that is typed so far; of names with a description, the names. */
const askers: Readonly<Record<Shell, (script: string, line: string, cwd: string) => ReadonlyArray<string>>> = {
  bash: (script, line, cwd) =>
    run("bash", [
      "--norc",
      "-c",
      `source ${script}; COMP_WORDS=(${
        line.endsWith(" ") ? `${line} ''` : line
      }); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); ` +
      "_codex_runner; printf '%s\\n' \"${COMPREPLY[@]}\""
    ], cwd),
  fish: (script, line, cwd) =>
    run("fish", ["--no-config", "-c", `source ${script}; complete -C '${line}'`], cwd).map((offer) =>
      offer.split("\t")[0]?.replace(/\/$/, "") ?? ""
    ),
  // Its completions need a terminal of their own: a shell within, that is typed at.
  zsh: (script, line, cwd) => {
    const typed = `autoload -Uz compinit; compinit -u -D; source ${script}; ` +
      "zstyle ':completion:*' list-grouped false; zstyle ':completion:*' format ''; LISTMAX=1000; " +
      "compadd() { local -a hits; builtin compadd -O hits \\\"\\$@\\\"; print -rl -- \\\"<\\$^hits[@]>\\\" >> offers; builtin compadd \\\"\\$@\\\" }"
    run("zsh", [
      "-f",
      "-c",
      `zmodload zsh/zpty; rm -f offers; zpty z 'zsh -f -i'; zpty -w z "PS1=; ${typed}; echo re''ady"; ` +
      `zpty -r z seen '*ready*'; zpty -n -w z $'${line}\\t\\t'; while [[ ! -s offers ]]; do sleep 0.1; done; zpty -n -w z $'\\003'; ` +
      "zpty -w z 'echo do''ne'; zpty -r z seen '*done*'; zpty -d z"
    ], cwd)
    // What the first Tab has completed already, the second offers as it stands on the line: quoted.
    return run("cat", ["offers"], cwd).map((offer) => offer.slice(1, -1).replaceAll("\\", ""))
  }
}

const run = (program: string, args: ReadonlyArray<string>, cwd: string): ReadonlyArray<string> => {
  const { stderr, stdout } = spawnSync(program, [...args], { cwd, encoding: "utf8", timeout: 20_000 })
  assert.strictEqual(stderr.trim(), "")
  return [...new Set(stdout.split("\n").filter((text) => text !== ""))]
}

for (const shell of shells) {
  describe.runIf(has(shell))(`completions for ${shell}`, () => {
    it.scoped("are commands, options, their values, files and folders", () =>
      Effect.gen(function*() {
        const { home } = yield* gitRepo()
        const cwd = `${home}/place`
        mkdirSync(`${cwd}/a folder`, { recursive: true })
        writeFileSync(`${cwd}/tasks.json`, "")
        const script = `${home}/completions`
        writeFileSync(script, completionScript(shell, topics))
        const offers = (line: string) => askers[shell](script, line, cwd)

        assert.includeMembers([...offers("codex-runner ")], ["run", "runs", "review", "doctor", "completions"])
        assert.include(offers("codex-runner runs "), "verify")
        assert.notInclude(offers("codex-runner runs "), "run")
        assert.includeMembers([...offers("codex-runner run --")], ["--json", "--repo", "--keep-worktrees", "--help"])
        assert.sameMembers([...offers("codex-runner run --keep-worktrees ")], ["never", "on_failure", "always"])
        assert.include(offers("codex-runner run "), "tasks.json")
        assert.include(offers("codex-runner run --json --repo "), "a folder")
        assert.notInclude(offers("codex-runner run --json --repo "), "tasks.json")
        assert.sameMembers([...offers("codex-runner completions ")], [...shells])
      }))
  })
}

describe("completions for every shell", () => {
  it("name every command and option of the help", () => {
    for (const shell of shells) {
      const script = completionScript(shell, topics)
      for (const { name, options } of topics) {
        for (const word of name.split(" ")) assert.include(script, word)
        for (const option of options) {
          const [flag = ""] = /^--[a-z-]+/.exec(option.name) ?? []
          assert.include(script, shell === "fish" ? flag.replace("--", "-l ").trim() : flag)
        }
      }
    }
  })
})
