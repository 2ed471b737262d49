import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { CodexRunner } from "../../src/CodexRunner.ts"
import type { RunEvent } from "../../src/domain/RunEvent.ts"
import { type RunRequest, TaskId } from "../../src/domain/Task.ts"
import { maxLogBytes } from "../../src/store/cappedLog.ts"
import { processesOf } from "../e2e/support/untouched.ts"
import {
  lives,
  type PipelineOptions,
  requestFor,
  shippedRunner,
  stateOf,
  unlessOver,
  worktreesOf
} from "../run/pipeline.ts"
import { hasNamespaces } from "../support/containment.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import { aTurn, type FakeCodex, fakeCodex, prints } from "./fakeCodex.ts"

const started = prints({ type: "thread.started", thread_id: "thread" }, { type: "turn.started" })

interface Options extends PipelineOptions {
  readonly fake?: FakeCodex
  readonly request?: RunRequest
  readonly watch?: (event: RunEvent) => Effect.Effect<void>
}

/** A run of task `a` with a Codex that does this when it is given the task. */
const runWith = (repo: GitRepo, exec: string, options: Options = {}) => {
  const codex_command = fakeCodex(`${repo.home}/bin`, { exec, ...options.fake })
  const env = { ...repo.env, CODEX_API_KEY: "the-key", ...options.env }
  return Effect.flatMap(
    CodexRunner,
    (runner) => runner.run(options.request ?? requestFor(["a"], { run_id: "r" }), options.watch)
  ).pipe(
    Effect.map((result) => result.results[0]),
    Effect.provide(shippedRunner(repo, { config: { codex_command, ...options.config }, env }))
  )
}

const note = (repo: GitRepo, name: string): string => Fs.readFileSync(`${repo.home}/${name}`, "utf8")

const variables = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.trimEnd().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
  )

describe("what Codex is given", () => {
  it.scopedLive("its own environment: the key, what was asked to pass, and nothing else", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* runWith(repo, `env > '${repo.home}/env'; ${aTurn}`, {
        config: { env_passthrough: ["MY_PROVIDER_KEY"] },
        env: {
          OPENAI_API_KEY: "o",
          AWS_SECRET_ACCESS_KEY: "s",
          MY_PROVIDER_KEY: "m",
          NODE_OPTIONS: "--x",
          HTTPS_PROXY: "p"
        }
      })
      const env = variables(note(repo, "env"))
      const { CODEX_API_KEY, HTTPS_PROXY, MY_PROVIDER_KEY } = env
      assert.deepStrictEqual({ CODEX_API_KEY, HTTPS_PROXY, MY_PROVIDER_KEY }, {
        CODEX_API_KEY: "the-key",
        HTTPS_PROXY: "p",
        MY_PROVIDER_KEY: "m"
      })
      assert.isTrue(env["CODEX_RUNNER_TASK"]?.startsWith(`r/a@${repo.home}/state/`))
      for (
        const name of ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "NODE_OPTIONS", "GIT_AUTHOR_NAME", "XDG_STATE_HOME"]
      ) {
        assert.notProperty(env, name)
      }
    }))

  it.scopedLive("a home of the run's own with a key: outside the worktree, 0700, gone with the run", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* runWith(
        repo,
        `echo "$CODEX_HOME" > '${repo.home}/home'; ls -ld "$CODEX_HOME" >> '${repo.home}/home'; ${aTurn}`
      )
      const [home = "", mode] = note(repo, "home").split("\n")
      assert.strictEqual(home, Path.join(stateOf(repo), "runs/r/codex-home"))
      assert.match(mode ?? "", /^drwx------/)
      assert.isFalse(Fs.existsSync(home))
    }))

  it.scopedLive("that home stays where sessions are kept", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* runWith(repo, `touch "$CODEX_HOME/session"; ${aTurn}`, { config: { codex_ephemeral: false } })
      assert.isTrue(Fs.existsSync(Path.join(stateOf(repo), "runs/r/codex-home/session")))
    }))

  it.scopedLive("the user's home with a login, and where the user's configuration is inherited", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const exec = `echo "$CODEX_HOME" > '${repo.home}/home'; ${aTurn}`
      yield* runWith(repo, exec, { env: { CODEX_API_KEY: "" }, fake: { loggedIn: true } })
      assert.strictEqual(note(repo, "home"), `${repo.home}/.codex\n`)
      yield* runWith(repo, exec, {
        request: requestFor(["a"]),
        config: { codex_user_config: "inherit" },
        env: { CODEX_HOME: `${repo.home}/mine` }
      })
      assert.strictEqual(note(repo, "home"), `${repo.home}/mine\n`)
    }))

  it.scopedLive("the prompt as an argument with an empty standard input, or on standard input where it is long", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const exec = `for last; do :; done; printf %s "$last" > '${repo.home}/last'; cat > '${repo.home}/stdin'; ${aTurn}`
      const withPrompt = (prompt: string) => {
        const request = { tasks: [{ task_id: TaskId.make("a"), prompt }] }
        return Effect.map(
          runWith(repo, exec, { request }),
          (result) => [result?.status, note(repo, "last"), note(repo, "stdin")]
        )
      }
      assert.deepStrictEqual(yield* withPrompt("--help"), ["success", "--help", ""])
      const long = "ä long prompt\n".repeat(20_000)
      assert.deepStrictEqual(yield* withPrompt(long), ["success", "-", long])
    }))

  it.scopedLive("low priority under the conservative policy alone", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const niceness = (resource_policy: "conservative" | "normal") =>
        Effect.map(
          runWith(repo, `nice > '${repo.home}/nice'; ${aTurn}`, { request: requestFor(["a"], { resource_policy }) }),
          () => Number(note(repo, "nice"))
        )
      const normal = yield* niceness("normal")
      assert.strictEqual((yield* niceness("conservative")) - normal, 10)
    }))
})

describe("what Codex prints", () => {
  it.scopedLive("lines that end in CRLF, a last one without an end, blank ones and chatter among them", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const result = yield* runWith(
        repo,
        "printf '{\"type\":\"thread.started\",\"thread_id\":\"t1\"}\\r\\n\\r\\nnot json\\r\\n{\"type\":\"new.kind\",\"x\":1}\\r\\n" +
          "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"caf\\303\\251\"}}\\r\\n" +
          "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}'"
      )
      assert.strictEqual(result?.status, "success")
      assert.strictEqual(result?.thread_id, "t1")
      assert.strictEqual(result?.summary, "café")
      assert.strictEqual(result?.usage?.input_tokens, 3)
    }))

  it.scopedLive("no end of the turn: the exit code is 0, the task has failed", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const result = yield* runWith(repo, `${started}; echo 'thread panicked' >&2`)
      assert.strictEqual(result?.status, "failed")
      assert.strictEqual(result?.exit_code, 0)
      assert.strictEqual(result?.error?.kind, "codex_crashed")
      assert.include(result?.error?.message, "Codex ended with exit code 0 in the middle of its turn.")
      assert.include(result?.error?.message, "thread panicked")
    }))

  it.scopedLive("nothing at all, and a death by a signal", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const silent = yield* runWith(repo, "exit 3")
      assert.strictEqual(silent?.exit_code, 3)
      assert.include(silent?.error?.message, "Codex could not start (exit code 3).")
      const killed = yield* runWith(repo, `${started}; kill -KILL $$`, { request: requestFor(["a"]) })
      assert.isNull(killed?.exit_code ?? null)
      assert.include(killed?.error?.message, "Codex was ended by SIGKILL")
    }))

  it.scopedLive("a flood on stderr blocks nothing; the whole is in the log, its end in the result", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const result = yield* runWith(
        repo,
        `yes 'a line of chatter' | head -c 5000000 >&2; echo 'last words' >&2; ${aTurn}`
      )
      assert.strictEqual(result?.status, "success")
      assert.isTrue(result?.logs.stderr.trimEnd().endsWith("last words"))
      assert.isBelow(result?.logs.stderr.length ?? 0, 20_000)
      assert.isAtLeast(Fs.statSync(Path.join(result?.log_dir ?? "", "stderr.log")).size, 5_000_000)
    }))

  it.scopedLive("200 MB on stdout: the turn is read to its end, the log stops at its cap, the result stays small", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const exec = `x=$(head -c 1000000 /dev/zero | tr '\\0' x)
for i in $(seq 20); do
  for j in 1 2 3 4 5 6 7 8 9; do echo "$x"; done
  printf '{"type":"item.completed","item":{"id":"i%s","type":"command_execution","command":"ls","aggregated_output":"%s","exit_code":0,"status":"completed"}}\\n' "$i" "$x"
done
${aTurn}`
      const result = yield* runWith(repo, exec)
      assert.strictEqual(result?.status, "success", result?.error?.message)
      assert.strictEqual(result?.commands_run.length, 20)
      const log = Fs.statSync(Path.join(result?.log_dir ?? "", "events.jsonl")).size
      assert.isAtLeast(log, maxLogBytes)
      assert.isBelow(log, maxLogBytes + 1000)
      assert.include(result?.notes_for_manager, "events.jsonl is cut at its cap")
      assert.isBelow(JSON.stringify(result).length, 500_000)
    }))

  it.scopedLive("one line without an end is cut, and doesn't fail the turn", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const result = yield* runWith(repo, `head -c 40000000 /dev/zero | tr '\\0' x; echo; ${aTurn}`)
      assert.strictEqual(result?.status, "success", result?.error?.message)
      assert.strictEqual(result?.summary, "done")
    }))
})

describe("logs that can't be kept", () => {
  for (const log of ["events.jsonl", "stderr.log"]) {
    it.scopedLive(`${log} on a full disk: the task fails with \`disk\`, at once`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo()
        const result = yield* runWith(repo, `yes chatter | head -c 5000000 >&2; ${aTurn}; sleep 1000`, {
          watch: (event) =>
            Effect.sync(() => {
              if (event._tag !== "TaskStageEntered" || event.stage !== "codex") return
              Fs.symlinkSync("/dev/full", Path.join(stateOf(repo), `runs/r/tasks/a/${log}`))
            })
        })
        assert.strictEqual(result?.status, "failed")
        assert.strictEqual(result?.error?.kind, "disk", result?.error?.message)
      }))
  }
})

const pidsIn = (repo: GitRepo): ReadonlyArray<number> => note(repo, "pids").trim().split("\n").map(Number)

describe("ending Codex", () => {
  it.scopedLive("a task of the same name in another repository is left alone", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([gitRepo(), gitRepo()])
      const begun = yield* Deferred.make<void>()
      const waiting = yield* Effect.fork(
        runWith(one, `${started}; while [ ! -e '${one.home}/go' ]; do sleep 0.05; done; ${aTurn}`, {
          watch: (event) => event._tag === "TaskCodexEvent" ? Deferred.succeed(begun, undefined) : Effect.void
        })
      )
      yield* Deferred.await(begun)
      assert.strictEqual((yield* runWith(other, aTurn))?.status, "success")
      Fs.writeFileSync(`${one.home}/go`, "")
      assert.strictEqual((yield* Fiber.join(waiting))?.status, "success")
    }))

  /** Starts a run, interrupts it once Codex has begun its turn, and waits for its end. */
  const cancelled = (repo: GitRepo, exec: string, options: Options = {}) =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(runWith(repo, exec, {
        ...options,
        watch: (event) =>
          event._tag === "TaskCodexEvent" && event.event.type === "turn.started"
            ? Deferred.succeed(begun, undefined)
            : Effect.void
      }))
      yield* unlessOver(fiber, Deferred.await(begun))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
    })

  for (const [how, contained] of [["", false], [", in a namespace too (needs them)", true]] as const) {
    it.scopedLive.skipIf(contained && !hasNamespaces)(
      `it is told by SIGINT, and its own end is waited for${how}`,
      () =>
        Effect.gen(function*() {
          const repo = yield* gitRepo()
          yield* cancelled(
            repo,
            `trap 'echo INT > '\\''${repo.home}/signal'\\''; kill $child; exit 1' INT
sleep 1000 & child=$!
${started}
wait`,
            { contained }
          )
          assert.strictEqual(note(repo, "signal"), "INT\n")
          assert.deepStrictEqual(processesOf(repo.home), [])
        })
    )
  }

  it.scopedLive("one that won't listen is killed with its group after its grace", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* cancelled(
        repo,
        `trap '' INT TERM HUP
sleep 1000 & echo $$ > '${repo.home}/pids'; echo $! >> '${repo.home}/pids'
${started}
while :; do sleep 1; done`
      )
      assert.deepStrictEqual(pidsIn(repo).map(lives), [false, false])
    }))

  it.scopedLive("what left its group is found and killed too, also after a turn that went well", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const away = `setsid sh -c 'echo $$ > "${repo.home}/pids"; exec sleep 1000' </dev/null >/dev/null 2>&1 &
while [ ! -s '${repo.home}/pids' ]; do sleep 0.01; done`
      const result = yield* runWith(repo, `${away}\n${aTurn}`)
      assert.strictEqual(result?.status, "success")
      assert.deepStrictEqual(pidsIn(repo).map(lives), [false])
    }))

  it.scopedLive("a stray process that holds its output open doesn't keep the task waiting", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const result = yield* runWith(
        repo,
        `setsid sh -c 'echo $$ > "${repo.home}/pids"; exec sleep 1000' &
while [ ! -s '${repo.home}/pids' ]; do sleep 0.01; done
${aTurn}`
      )
      assert.strictEqual(result?.status, "success")
      assert.deepStrictEqual(pidsIn(repo).map(lives), [false])
    }))
})
