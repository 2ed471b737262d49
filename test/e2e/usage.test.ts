import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { version } from "../../src/version.ts"
import { cleanEnv, scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { builtBin, start } from "./support/program.ts"

/** The program with these arguments, in a folder that is no repository. */
const cli = (
  args: ReadonlyArray<string>,
  options: { readonly bin?: string; readonly env?: Record<string, string> } = {}
) =>
  Effect.gen(function*() {
    const folder = yield* scratchFolder
    const program = yield* start({
      args,
      cwd: folder,
      env: { ...cleanEnv(folder), ...options.env },
      ...(options.bin === undefined ? {} : { bin: options.bin })
    })
    const ended = yield* program.ended
    assert.deepStrictEqual(Fs.readdirSync(folder), [], "it leaves nothing behind")
    return ended
  })

const usageErrors: ReadonlyArray<readonly [args: string, says: RegExp]> = [
  ["nonsense", /^Unknown command "nonsense"\. See: codex-runner --help$/m],
  ["run", /^Missing argument <tasks>\nSee: codex-runner run --help\n$/],
  ["run one.json two.json", /^Received unknown argument: 'two\.json'/],
  ["run tasks.json --jsno", /^Unknown option --jsno of codex-runner run\. Did you mean --json\?/],
  ["run tasks.json --frobnicate", /^Unknown option --frobnicate of codex-runner run\. See: codex-runner run --help/],
  ["run tasks.json --concurrency", /^An option of codex-runner run needs a value: --concurrency N$/m],
  ["run tasks.json --concurrency many", /^--concurrency: expected a whole number, got "many"$/m],
  ["run tasks.json --timeout 1.5", /^--timeout: expected a whole number, got "1\.5"$/m],
  [
    "run tasks.json --keep-worktrees some",
    /^--keep-worktrees: expected one of never, on_failure, always, got "some"$/m
  ],
  ["review", /^Missing argument <plan>/],
  ["review plan.md --contxt a.md", /^Unknown option --contxt of codex-runner review\. Did you mean --context\?/],
  ["--frobnicate", /./],
  ["demo extra", /^Received unknown argument: 'extra'/]
]

describe("usage", () => {
  for (const [args, says] of usageErrors) {
    it.scopedLive(`codex-runner ${args}: told on stderr, exit 2`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* cli(args.split(" "))
        assert.match(stderr, says)
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.notInclude(stderr, "\u001b")
        assert.notMatch(stderr, /\n +at /, "no stack trace")
      }))
  }

  for (const args of [["--help"], ["run", "--help"], ["review", "--help"], ["demo", "--help"]]) {
    it(`codex-runner ${args.join(" ")}: on stdout, exit 0, without colour in a pipe`, async () => {
      const { code, stderr, stdout } = await Effect.runPromise(Effect.scoped(cli(args)))
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.notInclude(stdout, "\u001b")
      expect(stdout).toMatchSnapshot()
    })
  }

  it.scopedLive("no arguments and -h are help, too", () =>
    Effect.gen(function*() {
      const help = yield* cli(["--help"])
      assert.deepStrictEqual(yield* cli([]), help)
      assert.deepStrictEqual(yield* cli(["-h"]), help)
      assert.deepStrictEqual(yield* cli(["run", "-h"]), yield* cli(["run", "--help"]))
    }))

  it.scopedLive("Ctrl-C before the program is there ends it with 130 and without a word", () =>
    Effect.gen(function*() {
      const early =
        "process.once('newListener', (name) => name === 'SIGINT' && process.nextTick(process.kill, process.pid, name))"
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(early)}`
      assert.deepStrictEqual(yield* cli(["run", "tasks.json"], { env: { NODE_OPTIONS } }), {
        code: 130,
        stdout: "",
        stderr: ""
      })
    }))

  it.scopedLive("--version loads nothing but the version", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const text = Fs.readFileSync(builtBin, "utf8")
      const chunks = Array.from(text.matchAll(/(?:from|import)"\.\/(chunks\/[^"]+)"/g), ([, name = ""]) => name)
      const names = [Path.basename(builtBin), ...chunks]
      writeFiles(
        folder,
        Object.fromEntries(
          names.map((name) => [name, Fs.readFileSync(Path.join(Path.dirname(builtBin), name), "utf8")])
        )
      )
      const bin = Path.join(folder, Path.basename(builtBin))
      for (const flag of ["--version", "-V"]) {
        assert.deepStrictEqual(yield* cli([flag], { bin }), { code: 0, stdout: `${version}\n`, stderr: "" })
      }
      const size = names.reduce((sum, name) => sum + Fs.statSync(Path.join(folder, name)).size, 0)
      assert.isBelow(size, 20_000, "bytes of what is loaded")
    }))
})
