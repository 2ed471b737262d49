import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { buildSync } from "esbuild"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import { readGateLog } from "../../src/gate/gateLog.ts"
import { floodedSuffix, hookCommand, unansweredSuffix } from "../../src/gate/hookCommand.ts"
import type { GatePolicy } from "../../src/gate/policyFile.ts"
import { policyVariable } from "../../src/gate/policyFile.ts"
import { processesOf } from "../e2e/support/untouched.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { eventually } from "../support/processes.ts"
import { policyFor } from "./support.ts"

/** The hook program as a build makes it. */
const program = buildSync({
  entryPoints: [fileURLToPath(new URL("../../src/gate/hook.ts", import.meta.url))],
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  banner: { js: "import{createRequire as __cr}from\"node:module\";const require=__cr(import.meta.url);" }
}).outputFiles[0]?.text ?? ""

const hasShell = (shell: string): boolean => spawnSync(shell, ["-c", ":"]).status === 0
const shells = ["sh", "bash", "dash", "zsh", "ksh", "busybox"].filter(hasShell)

interface Asked {
  readonly shell?: string
  /** The hook program's source; undefined: there is no such file. */
  readonly source?: string | undefined
  readonly node?: string
  readonly call?: string
  readonly env?: Readonly<Record<string, string>>
  readonly policy?: (policy: GatePolicy) => unknown
  /** That the program may take; as it ships by default. */
  readonly seconds?: number
  /** What is in the gate's log already. */
  readonly log?: string
}

interface Answered {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly folder: string
  readonly log: string
}

const callOf = (tool: string, input: unknown): string =>
  JSON.stringify({ hook_event_name: "PreToolUse", tool_name: tool, tool_input: input, tool_use_id: "call_1" })

const test = callOf("Bash", { command: "npm test" })
const touch = callOf("Bash", { command: "touch x" })

/** One call, as Codex makes it; once it is answered, nothing of it may be left running. */
const ask = (
  { call = test, env = {}, log: earlier, node = process.execPath, policy, seconds, shell = "sh", source }: Asked
) =>
  Effect.gen(function*() {
    const folder = yield* Effect.map(scratchFolder, (home) => `${home}/it's a folder`)
    writeFiles(folder, { "wt/src/a.ts": "a\n", ...(source === undefined ? {} : { "hook.mjs": source }) })
    if (earlier !== undefined) Fs.writeFileSync(`${folder}/gate.jsonl`, earlier)
    const known = policyFor(`${folder}/wt`)
    Fs.writeFileSync(`${folder}/policy.json`, JSON.stringify(policy === undefined ? known : policy(known)))
    const answer = yield* Effect.promise(() =>
      new Promise<Omit<Answered, "folder" | "log">>((resolve) => {
        const child = spawn(shell, ["-c", hookCommand(node, `${folder}/hook.mjs`, { seconds })], {
          cwd: folder,
          // Its standard input is a socket here: a bash whose level is below 2 would take itself for a remote login.
          env: {
            PATH: process.env["PATH"],
            HOME: folder,
            SHLVL: "1",
            [policyVariable]: `${folder}/policy.json`,
            ...env
          }
        })
        const said = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (text: string) => said.stdout += text)
        child.stderr.setEncoding("utf8").on("data", (text: string) => said.stderr += text)
        child.stdin.on("error", () => undefined)
        child.stdin.end(call)
        child.once("close", (code) => resolve({ code, ...said }))
      })
    )
    // The watch is told to end, and ends a moment later.
    yield* eventually(() => processesOf(folder).length === 0)
    const log = Fs.existsSync(`${folder}/gate.jsonl`) ? Fs.readFileSync(`${folder}/gate.jsonl`, "utf8") : ""
    return { ...answer, folder, log } satisfies Answered
  })

const Answer = Schema.parseJson(Schema.Struct({
  hookSpecificOutput: Schema.Struct({
    hookEventName: Schema.Literal("PreToolUse"),
    permissionDecision: Schema.Literal("allow"),
    updatedInput: Schema.optional(Schema.Struct({ command: Schema.String }))
  })
}))

/** What Codex runs; throws unless the call was allowed. */
const runs = ({ code, stderr, stdout }: Answered): string | undefined => {
  assert.strictEqual(code, 0, stderr)
  return Schema.decodeUnknownSync(Answer)(stdout).hookSpecificOutput.updatedInput?.command
}

/** Codex takes this for a denial whatever is on stdout, and for an allowance where stderr is empty. */
const assertDenied = ({ code, stderr }: Pick<Answered, "code" | "stderr">, says: RegExp): void => {
  assert.strictEqual(code, 2)
  assert.match(stderr, says)
}

const noAnswer = /The policy gate gave no answer: denied\.\n$/

const unanswered = ({ folder }: Answered): string => `${folder}/policy.json${unansweredSuffix}`

const allow =
  `process.stdout.write('{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}')\n`

/** Hooks that must not let anything through, by what is wrong with them. */
const broken: Readonly<Record<string, string | undefined>> = {
  "crashes": "throw new Error('crashed')",
  "ends with 1": "process.exit(1)",
  "allows, then crashes": `${allow}throw new Error('crashed')`,
  "allows, then ends with 1": `${allow}process.exitCode = 1`,
  "is missing": undefined,
  "is empty": "",
  "is cut off": program.slice(0, program.length / 2),
  "is another program, which allows": allow,
  "is killed": "process.kill(process.pid, 'SIGKILL')",
  "is killed by a signal that it could have caught":
    "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)",
  "hangs, busy": "for (;;);",
  "hangs, idle": "setInterval(() => {}, 1000)",
  "hangs and ignores signals":
    "for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {}); setInterval(() => {}, 1000)",
  "is stopped": "process.kill(process.pid, 'SIGSTOP')",
  "allows, then hangs": `${allow}setInterval(() => {}, 1000)`
}

describe.concurrent("the hook's command", () => {
  for (const shell of shells) {
    it.scopedLive(`${shell}: what the program allows is allowed, in its canonical form, and logged`, () =>
      Effect.gen(function*() {
        const answer = yield* ask({ shell, source: program })
        assert.match(runs(answer) ?? "", /; cd '.*' && '\/\S+\/npm' 'test'$/)
        assert.include(answer.log, `"what":"npm test"`)
        assert.include(answer.log, `"allow":true`)
      }))

    it.scopedLive(`${shell}: what the program denies is denied, in its words, and logged`, () =>
      Effect.gen(function*() {
        const answer = yield* ask({ shell, source: program, call: touch })
        assertDenied(answer, /^Command not in allowlist: "touch x"/)
        assert.strictEqual(answer.stdout, "")
        assert.notMatch(answer.stderr, noAnswer)
        assert.isFalse(Fs.existsSync(unanswered(answer)))
        assert.include(answer.log, `"allow":false`)
      }))

    for (const [what, source] of Object.entries(broken)) {
      it.scopedLive(`${shell}: a program that ${what} lets nothing through`, () =>
        Effect.gen(function*() {
          const answer = yield* ask({ shell, source, seconds: 1 })
          assertDenied(answer, noAnswer)
          assert.strictEqual(Fs.readFileSync(unanswered(answer), "utf8"), "\n", "counted once")
        }))
    }

    it.scopedLive(`${shell}: without the Node that it was made for, nothing gets through`, () =>
      Effect.gen(function*() {
        assertDenied(yield* ask({ shell, source: program, node: "/nonexistent/node" }), noAnswer)
      }))
  }
})

/** For a user without privileges: root is spared its limits. Not every sh can set this one. */
const withoutProcesses = (shell: string, folder: string) =>
  spawnSync("bash", [
    "-c",
    `ulimit -u 0 && exec "$@"`,
    "bash",
    shell,
    "-c",
    hookCommand(process.execPath, "/nonexistent")
  ], {
    ...(process.getuid?.() === 0 ? { uid: 65_534 } : {}),
    cwd: "/",
    env: { PATH: process.env["PATH"], HOME: "/", SHLVL: "1", [policyVariable]: `${folder}/policy.json` },
    input: touch,
    encoding: "utf8"
  })

describe("where no process can be started", () => {
  for (const shell of shells) {
    it.scopedLive(`${shell}: nothing gets through`, () =>
      Effect.gen(function*() {
        const { status, stderr } = withoutProcesses(shell, yield* scratchFolder)
        assert.match(stderr, /fork/)
        assertDenied({ code: status, stderr }, noAnswer)
      }))
  }
})

describe.skipIf(process.platform !== "linux")("more calls at once than can be judged", () => {
  /** A hundred children of a program of this name, and one more that asks. */
  const flood = (name: string, codex: string) =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      Fs.symlinkSync("/bin/bash", `${folder}/${name}`)
      const script = `for i in {1..100}; do /bin/sleep 60 & done; /bin/sh -c "$HOOK"; echo "denied by $?"`
      const asks = spawn(`${folder}/${name}`, ["-c", script], {
        env: {
          HOOK: hookCommand(process.execPath, "/nonexistent", { codex }),
          [policyVariable]: `${folder}/policy.json`
        },
        detached: true,
        stdio: ["ignore", "pipe", "ignore"]
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(-(asks.pid ?? 0), "SIGKILL")))
      let said = ""
      asks.stdout.setEncoding("utf8").on("data", (text: string) => said += text)
      const signal = yield* Effect.promise(() =>
        new Promise<NodeJS.Signals | null>((resolve) => asks.once("exit", (_, by) => resolve(by)))
      )
      return { said, signal, told: Fs.existsSync(`${folder}/policy.json${floodedSuffix}`) }
    })

  for (const name of ["codex", "codex-x86_64-unknown-linux-musl", "it's mine"]) {
    it.scopedLive(`end a Codex whose file is called ${name}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* flood(name, name), { said: "", signal: "SIGKILL", told: true })
      }))
  }

  it.scopedLive("are denied alone where their parent is not Codex: it is gone, and somebody has taken them over", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* flood("systemd", "codex"), { said: "denied by 2\n", signal: null, told: false })
    }))
})

describe.concurrent("a shell that prints on its own", () => {
  it.scopedLive("changes no denial", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      writeFiles(home, { ".bashrc": "echo welcome; echo welcome >&2\n" })
      // A remote login, as bash sees it: the start-up file is read.
      const answer = yield* ask({ shell: "bash", source: program, call: touch, env: { HOME: home, SHLVL: "0" } })
      assert.strictEqual(answer.stdout, "welcome\n")
      assertDenied(answer, /^welcome\nCommand not in allowlist: "touch x"/)
    }))
})

describe.concurrent("the hook program", () => {
  it.scopedLive("loads nothing that the environment names", () =>
    Effect.gen(function*() {
      const evil = yield* scratchFolder
      writeFiles(evil, {
        "evil.cjs": `require("node:fs").writeFileSync(${JSON.stringify(`${evil}/loaded`)}, "");process.exit(42)`,
        "modules/picomatch/index.js": "process.exit(42)"
      })
      const answer = yield* ask({
        source: program,
        call: touch,
        env: { NODE_OPTIONS: `--require ${evil}/evil.cjs`, NODE_PATH: `${evil}/modules` }
      })
      assertDenied(answer, /^Command not in allowlist/)
      assert.isFalse(Fs.existsSync(`${evil}/loaded`))
    }))

  const unjudged: Readonly<Record<string, Omit<Asked, "source">>> = {
    "no policy is named": { env: { [policyVariable]: "" } },
    "the policy isn't there": { env: { [policyVariable]: "/nonexistent/policy.json" } },
    "the policy misses a field": { policy: ({ log: _, ...rest }) => rest },
    "the decision can't be logged": { policy: (policy) => ({ ...policy, log: policy.worktree }) },
    "the call is empty": { call: "" },
    "the call is no JSON": { call: test.slice(1) },
    "the call names no tool": { call: "{}" },
    "the call's tool is no text": { call: JSON.stringify({ tool_name: ["Bash"] }) },
    "a command is missing": { call: callOf("Bash", {}) },
    "a command is no text": { call: callOf("Bash", { command: ["npm", "test"] }) },
    "a patch is missing": { call: callOf("apply_patch", null) },
    "the call is too large": { call: callOf("Bash", { command: `npm test -- ${"x".repeat(33 * 1024 * 1024)}` }) }
  }
  for (const [why, asked] of Object.entries(unjudged)) {
    it.scopedLive(`lets nothing through where ${why}`, () =>
      Effect.gen(function*() {
        const answer = yield* ask({ ...asked, source: program })
        assertDenied(answer, noAnswer)
        assert.strictEqual(answer.log, "")
      }))
  }

  it.scopedLive("denies a tool that it doesn't know, and logs its arguments", () =>
    Effect.gen(function*() {
      const answer = yield* ask({ source: program, call: callOf("mcp__files__write", { path: "x" }) })
      assertDenied(answer, /^The tool "mcp__files__write" is not allowed here/)
      assert.include(answer.log, String.raw`"what":"{\"path\":\"x\"}"`)
    }))

  it.scopedLive("judges a call of a megabyte whole, and logs the start of it", () =>
    Effect.gen(function*() {
      const patch = (name: string) =>
        `*** Begin Patch\n*** Add File: src/x.ts\n${"+text\n".repeat(200_000)}*** Add File: ${name}\n+x\n*** End Patch`
      const inBounds = yield* ask({ source: program, call: callOf("apply_patch", { command: patch("src/y.ts") }) })
      assert.strictEqual(runs(inBounds), undefined)
      assert.isBelow(inBounds.log.length, 100_000)
      const outOfBounds = yield* ask({ source: program, call: callOf("apply_patch", { command: patch("y.ts") }) })
      assertDenied(outOfBounds, /"y.ts"/)
    }))

  const long = "a".repeat(1_500_000)
  const longCalls: Readonly<Record<string, object>> = {
    folder: { tool_name: "Bash", tool_input: { command: "ls" }, cwd: `/${long}` },
    path: {
      tool_name: "apply_patch",
      tool_input: { command: `*** Begin Patch\n*** Add File: ${long}\n+x\n*** End Patch` }
    },
    tool: { tool_name: long, tool_input: {} },
    id: { tool_name: "Bash", tool_input: { command: "touch x" }, tool_use_id: long }
  }
  for (const [part, call] of Object.entries(longCalls)) {
    it.scopedLive(`writes no line that the log's readers would pass over, however long a call's ${part} is`, () =>
      Effect.gen(function*() {
        const answer = yield* ask({ source: program, call: JSON.stringify(call) })
        assertDenied(answer, /./)
        assert.isBelow(answer.stderr.length, 10_000)
        const entries = yield* readGateLog(`${answer.folder}/gate.jsonl`).pipe(Effect.provide(NodeFileSystem.layer))
        assert.deepStrictEqual(entries.map(({ allow }) => allow), [false])
      }))
  }

  it.scopedLive("begins a line of its own in a log whose last one was cut short, as by a full disk", () =>
    Effect.gen(function*() {
      const answer = yield* ask({ source: program, call: callOf("Bash", { command: "ls" }), log: `{"at":"2026` })
      runs(answer)
      const entries = yield* readGateLog(`${answer.folder}/gate.jsonl`).pipe(Effect.provide(NodeFileSystem.layer))
      assert.deepStrictEqual(entries.map(({ allow }) => allow), [true])
    }))

  it.scopedLive("judges by the folder that the call names", () =>
    Effect.gen(function*() {
      const call = (cwd: string) => JSON.stringify({ tool_name: "Bash", tool_input: { command: "ls" }, cwd })
      assertDenied(yield* ask({ source: program, call: call("/etc") }), /outside the worktree/)
      assert.match(runs(yield* ask({ source: program, call: call("") })) ?? "", /\/wt' && '\/\S+\/ls'$/)
    }))
})
