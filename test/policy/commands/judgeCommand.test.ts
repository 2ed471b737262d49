import { assert, describe, it } from "@effect/vitest"
import { judgeCommand } from "../../../src/policy/commands/judgeCommand.ts"
import type { CommandInput } from "../../../src/policy/commands/model.ts"
import { allowedCommands, fakeHost, repository, worktree } from "./fakeHost.ts"

const host = fakeHost(repository)

const judge = (command: string, options: Partial<CommandInput> = {}) =>
  judgeCommand({ command, cwd: worktree, worktree, allowedCommands, allowReadOnly: true, host, ...options })

const canonical = (command: string, options: Partial<CommandInput> = {}): string => {
  const verdict = judge(command, options)
  return verdict._tag === "Deny" ? assert.fail(verdict.reason) : verdict.canonical
}

const reason = (command: string, options: Partial<CommandInput> = {}): string => {
  const verdict = judge(command, options)
  return verdict._tag === "Deny" ? verdict.reason : assert.fail(verdict.canonical)
}

describe("the canonical form", () => {
  const forms: ReadonlyArray<readonly [string, string]> = [
    ["npm test", "cd '/wt' && '/usr/bin/npm' 'test'"],
    ["npm test -- 'a b' \"c'd\"", "cd '/wt' && '/usr/bin/npm' 'test' '--' 'a b' 'c'\\''d'"],
    ["npm test 2>&1 | tail -20", "cd '/wt' && '/usr/bin/npm' 'test' 2>&1 | '/usr/bin/tail' '-n' '20'"],
    ["npm test 2>&1 >/dev/null", "cd '/wt' && '/usr/bin/npm' 'test' 2>&1 >/dev/null"],
    ["npm test > /dev/null 2>&1", "cd '/wt' && '/usr/bin/npm' 'test' >/dev/null 2>&1"],
    ["npm test 2> /dev/null", "cd '/wt' && '/usr/bin/npm' 'test' 2>/dev/null"],
    ["pwd && ls", "cd '/wt' && '/usr/bin/pwd' && '/usr/bin/ls'"],
    ["true || pwd; ls\npwd", "cd '/wt' && { '/usr/bin/true' || '/usr/bin/pwd'; '/usr/bin/ls'; '/usr/bin/pwd'; }"],
    ["./gradlew test", "cd '/wt' && './gradlew' 'test'"],
    ["rg foo", "cd '/wt' && '/usr/bin/rg' '--no-config' '--' 'foo'"],
    ["ls src -la", "cd '/wt' && '/usr/bin/ls' '-la' '--' 'src'"],
    ["grep -rnA3 foo", "cd '/wt' && '/usr/bin/grep' '-rn' '-A' '3' '--' 'foo'"],
    ["grep -rn foo --include=*.ts", "cd '/wt' && '/usr/bin/grep' '-rn' '--include=*.ts' '--' 'foo'"],
    ["sed -n 1,5p -- src/a.ts", "cd '/wt' && '/usr/bin/sed' '-n' '-e' '1,5p' '--' 'src/a.ts'"],
    ["find -name *.ts", "cd '/wt' && '/usr/bin/find' '.' '-name' '*.ts'"],
    [
      "git diff -U5 main -- src",
      "cd '/wt' && '/usr/bin/git' '--no-pager' 'diff' '--no-ext-diff' '--no-textconv' '--ignore-submodules=all' " +
      "'-U5' 'main' '--' 'src'"
    ],
    [
      "git grep foo src",
      "cd '/wt' && '/usr/bin/git' '--no-pager' 'grep' '--no-textconv' '--no-recurse-submodules' '-e' 'foo' 'src'"
    ]
  ]
  for (const [command, expected] of forms) {
    it(`of ${JSON.stringify(command)}`, () => assert.strictEqual(canonical(command), expected))
  }

  it("writes patterns out, one name for each match, none of which is an option", () => {
    assert.strictEqual(canonical("wc -l src/?.ts"), "cd '/wt' && '/usr/bin/wc' '-l' '--' 'src/a.ts' 'src/b.ts'")
    assert.strictEqual(canonical("cd src && echo *"), "cd '/wt/src' && '/usr/bin/echo' './-x.ts' 'a.ts' 'b.ts' 'deep'")
    assert.strictEqual(
      canonical("cat packages/[!b]/*.json"),
      "cd '/wt' && '/usr/bin/cat' '--' 'packages/a/package.json'"
    )
    assert.strictEqual(
      canonical("cat packages/a/.*"),
      "cd '/wt' && '/usr/bin/cat' '--' 'packages/a/.hidden.json'"
    )
    assert.strictEqual(canonical("cat *.none"), "cd '/wt' && '/usr/bin/cat' '--' '*.none'")
  })

  it("calls a builtin past aliases and functions", () => {
    const verdict = canonical("source env.sh", { allowedCommands: ["source"] })
    assert.strictEqual(verdict, "cd '/wt' && command -- 'source' 'env.sh'")
  })

  it("starts in the real folder, whatever link led there", () => {
    assert.strictEqual(canonical("pwd", { cwd: "/wt/link-in" }), "cd '/wt/src' && '/usr/bin/pwd'")
    assert.strictEqual(canonical("cd link-in && pwd"), "cd '/wt/src' && '/usr/bin/pwd'")
    assert.strictEqual(canonical("cd ../tests && pwd", { cwd: "/wt/link-in" }), "cd '/wt/tests' && '/usr/bin/pwd'")
  })

  it("follows cd in later commands", () => {
    assert.strictEqual(
      canonical("ls && cd packages/a && npm test && cd ../b && npm test"),
      "cd '/wt' && '/usr/bin/ls' && cd '/wt/packages/a' && '/usr/bin/npm' 'test' && cd '/wt/packages/b' && " +
        "'/usr/bin/npm' 'test'"
    )
    assert.strictEqual(
      canonical("pwd; cd src && pwd; cd deep && pwd"),
      "cd '/wt' && { '/usr/bin/pwd'; cd '/wt/src' && '/usr/bin/pwd'; cd '/wt/src/deep' && '/usr/bin/pwd'; }"
    )
  })
})

describe("the simple commands", () => {
  it("are told with their words and folders", () => {
    const verdict = judge("npm test -- 'a b' | head -5; cd src && cat a.ts")
    assert.deepStrictEqual(verdict._tag === "Allow" ? verdict.simple : verdict, [
      { words: ["npm", "test", "--", "a b"], cwd: "/wt" },
      { words: ["head", "-5"], cwd: "/wt" },
      { words: ["cat", "a.ts"], cwd: "/wt/src" }
    ])
  })
})

describe("apply_patch through the shell", () => {
  const patch = "*** Begin Patch\n*** Add File: a.txt\n+it's $HOME `id` \u00a0\r\n*** End Patch\n"

  it("is handed over with its patch and folder", () => {
    assert.deepStrictEqual(judge(`apply_patch <<'EOF'\n${patch}EOF\n`), {
      _tag: "ApplyPatch",
      patch,
      cwd: "/wt",
      canonical: `cd '/wt' && apply_patch <<'END_OF_PATCH'\n${patch}END_OF_PATCH\n`
    })
    assert.deepStrictEqual(judge(`cd link-in && apply_patch <<"PATCH"\n${patch}PATCH`), {
      _tag: "ApplyPatch",
      patch,
      cwd: "/wt/src",
      canonical: `cd '/wt/src' && apply_patch <<'END_OF_PATCH'\n${patch}END_OF_PATCH\n`
    })
  })

  it("ends where the rewritten text says, whatever the patch holds", () => {
    const tricky = "*** Begin Patch\n+END_OF_PATCH\nEOFx\nEND_OF_PATCH_\n*** End Patch\n"
    const verdict = judge(`apply_patch <<'EOF'\n${tricky}EOF`)
    assert.include(
      verdict._tag === "ApplyPatch" ? verdict.canonical : "",
      `<<'END_OF_PATCH__'\n${tricky}END_OF_PATCH__\n`
    )
  })
})

describe("denials", () => {
  it("name the command, the rule and what is allowed", () => {
    assert.strictEqual(
      reason("npm run build", { allowedCommands: ["npm test"] }),
      "Command not in allowlist: \"npm run build\". Allowed are commands that begin with: npm test; to read: ls, " +
        "cat, head, tail, wc, nl, sed, grep, rg, pwd, true, echo, sort, uniq, cut, stat, file, find, git."
    )
    assert.strictEqual(
      reason("ls -la", { allowedCommands: ["npm test"], allowReadOnly: false }),
      "Command not in allowlist: \"ls -la\". Allowed are commands that begin with: npm test."
    )
  })

  it("name the one command of a list that is stopped", () => {
    assert.match(reason("ls && npm run build && pwd"), /^Command not in allowlist: "npm run build"\./)
  })

  it("keep long commands short", () => {
    assert.isBelow(reason(`rm ${"x".repeat(5000)}`).length, 1000)
  })

  it("come for a working folder outside, gone, or no folder", () => {
    assert.match(reason("ls", { cwd: "/outside" }), /is outside the worktree/)
    assert.match(reason("ls", { cwd: "/wt-other" }), /is outside the worktree/)
    assert.match(reason("ls", { cwd: "/wt/link-out" }), /is outside the worktree/)
    assert.match(reason("ls", { cwd: "/wt/../etc" }), /is outside the worktree/)
    assert.match(reason("ls", { cwd: "/wt/gone" }), /doesn't exist/)
    assert.match(reason("ls", { cwd: "/wt/package.json" }), /isn't a folder/)
    assert.match(reason("ls", { worktree: "/gone" }), /worktree is gone/)
  })

  it("come for programs that are missing, or found inside the worktree", () => {
    const without = { host: fakeHost({ ...repository, programs: ["/wt/src/ls", "/wt/src/npm"] }) }
    assert.match(reason("rg foo", without), /rg isn't installed here\. Use grep -rn/)
    assert.match(reason("ls", without), /lies inside the worktree/)
    assert.match(reason("npm test", without), /lies inside the worktree/)
    const linked = { host: fakeHost({ ...repository, files: ["/outside/ls"], programs: ["/wt/link-out/ls"] }) }
    assert.match(reason("ls", linked), /lies inside the worktree/)
  })

  it("come for what is too long or too much", () => {
    assert.match(reason(`echo ${"x".repeat(20_000)}`), /too long/)
    assert.match(reason(Array.from({ length: 65 }, () => "ls").join(";")), /Too many commands/)
    const many = Array.from({ length: 1001 }, (_, index) => `/wt/many/${index}`)
    assert.match(reason("ls many/*", { host: fakeHost({ ...repository, files: many }) }), /more than 1000/)
  })

  it("come when the machine gives no answer", () => {
    const broken = {
      ...host,
      realpath: (): never => {
        throw new Error("broken")
      }
    }
    assert.strictEqual(reason("ls", { host: broken }), "The command could not be judged.")
  })
})

describe("entries", () => {
  it("allow what begins with their words, quoted or not", () => {
    const options = { allowedCommands: ["npm run \"type check\""] }
    assert.strictEqual(canonical("npm run 'type check'", options), "cd '/wt' && '/usr/bin/npm' 'run' 'type check'")
    assert.match(reason("npm run type check", options), /not in allowlist/)
  })

  it("allow nothing where they are faulty", () => {
    for (const entry of ["", "  ", "npm test; ls", "npm $x", "npm 'test"]) {
      assert.match(reason("npm test", { allowedCommands: [entry] }), /not in allowlist/, entry)
    }
  })

  it("allow code for an interpreter only where they say so themselves", () => {
    for (
      const [entry, allowed, denied] of [
        ["node -e", "node -e 1", "node -p 1"],
        ["bash", "bash run.sh -c x", "bash -c ls"],
        ["bash -c", "bash -c ls", "bash -x y"],
        ["python", "python run.py", "python -c 1"],
        ["python", "python run.py", "cat src/a.ts | python"],
        ["python", "cat src/a.ts | python tests/test_a.py", "cat src/a.ts | python /dev/stdin"],
        ["node", "cat src/a.ts | node scripts/check.mjs -", "cat src/a.ts | node /proc/self/fd/0"],
        ["node", "cat src/a.ts | node ./scripts/check.mjs", "cat src/a.ts | node src/to-stdin"],
        ["node", "node scripts/check.mjs", "cat src/a.ts | node ''"],
        ["bun", "bun test", "cat src/a.ts | bun run /dev/stdin"],
        ["env A=1 node", "env A=1 node scripts/check.mjs", "env A=1 node -e 1"],
        ["env A=1 npm test", "env A=1 npm test -- --prefix x", "env A=1 npm test --prefix x"],
        ["timeout 60 npm test", "timeout 60 npm test -s", "timeout 60 npm test --script-shell=./x"],
        ["env", "env A=1 npm test", "xargs env"],
        ["xargs wc", "ls | xargs wc -l", "ls | xargs rm"]
      ] as const
    ) {
      const options = { allowedCommands: [entry] }
      canonical(allowed, options)
      assert.match(reason(denied, options), /not in allowlist/, denied)
    }
  })

  it("take any option after --, also where the entry ends in it", () => {
    assert.match(canonical("npm test -- --watch=false", { allowedCommands: ["npm test"] }), /'--watch=false'$/)
    assert.match(canonical("npm test -- --watch=false", { allowedCommands: ["npm test --"] }), /'--watch=false'$/)
  })

  it("never make apply_patch a program", () => {
    assert.match(reason("apply_patch x", { allowedCommands: ["apply_patch"] }), /apply_patch tool/)
  })
})
