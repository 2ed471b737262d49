/** `codex-runner init`: a configuration to start from, fit for the repository. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import { open } from "node:fs/promises"
import * as path from "node:path"
import { configFileName, decodeConfig } from "../config/decodeConfig.ts"
import { reasonOf } from "../domain/reasonOf.ts"
import { discover } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { hostLayer, repoOption } from "./inRepository.ts"
import { Output } from "./output.ts"
import { tellFailure, tellNotReady } from "./tell.ts"
import { topic } from "./topic.ts"

const options = {
  repo: repoOption,
  print: Options.boolean("print").pipe(
    Options.withDescription("Print the configuration on standard output, write nothing.")
  )
}

export const initCommand = Command.make("init", options, (flags) => handle(flags))

export const initTopic = /* @__PURE__ */ topic(initCommand, {
  name: "init",
  usage: "[options]",
  summary: "Writes a configuration to start from that fits the repository. It says why each part is there.",
  examples: ["codex-runner init", "codex-runner init --print"]
})

interface InitFlags {
  readonly repo: Option.Option<string>
  readonly print: boolean
}

const handle = Effect.fnUntraced(
  function*({ print }: InitFlags) {
    const { err, onErr, out } = yield* Output
    const { directory } = yield* Host
    const repository = yield* discover(directory)
    const [{ lookAt }, { propose }] = yield* Effect.promise(() =>
      Promise.all([import("./init/Checkout.ts"), import("./init/propose.ts")])
    )
    const { config, notes, reasons } = propose(yield* lookAt(repository))
    // What we write we can read: anything else is a bug of ours.
    const read = decodeConfig(config)
    if (Either.isLeft(read)) return yield* Effect.dieMessage(`init proposes ${JSON.stringify(read.left)}`)
    const text = `${JSON.stringify(config, null, 2)}\n`
    const file = path.join(repository.root, configFileName)
    if (print) yield* out(text.trimEnd())
    else if (!(yield* writeNew(file, text))) {
      yield* err(onErr.red(`${file} is there already: nothing was written.`))
      yield* err("What would be written: codex-runner init --print")
      return yield* new ExitWith({ code: exitCodes.failure })
    }
    const told = [...new Set(reasons.map(([field]) => field))].flatMap((field) => [
      onErr.bold(field),
      ...reasons.filter(([one]) => one === field).map(([, value, why]) => `  ${value}  ${onErr.dim(`(${why})`)}`)
    ])
    yield* err([
      ...(print ? [] : [`Wrote ${file}`, ""]),
      ...told,
      ...(notes.length === 0 ? [] : ["", ...notes.map((note) => onErr.yellow(`note: ${note}`))]),
      "",
      onErr.bold("Next"),
      "  look it through: what it doesn't allow, Codex can't run or change",
      ...(config.setup?.commands === undefined
        ? []
        : ["  codex-runner trust     setup.commands run programs: they count once you trust the file"]),
      "  codex-runner doctor    checks everything a run needs",
      "  codex-runner run tasks.json --dry-run"
    ].join("\n"))
  },
  Effect.catchTags({
    NotARepository: (error) =>
      tellNotReady(`${error.message}. Start codex-runner inside a git repository, or name one with --repo.`),
    GitFailed: (error) => tellNotReady(error.message),
    SpawnFailed: (error) => tellNotReady(error.message),
    NotWritten: (error) => tellFailure(`The configuration can't be written: ${error.reason}`)
  }),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** Writes a file that is not there yet, not even as a link; false where it is. */
const writeNew = (file: string, text: string) =>
  Effect.tryPromise({
    try: async () => {
      const handle = await open(file, "wx").catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined
        throw error
      })
      if (handle === undefined) return false
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
      return true
    },
    catch: (cause) => ({ _tag: "NotWritten", reason: reasonOf(cause) }) as const
  })
