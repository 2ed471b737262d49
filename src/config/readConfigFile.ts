/** The bytes of a configuration file as JSON, with every way in which a file can be none. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { formatProblem, Problem } from "../domain/Problem.ts"
import { configFileName } from "./decodeConfig.ts"
import { parseJson } from "./json.ts"

/** The configuration as a whole is refused. Holds every problem found, at least one. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  /** The file; null where the configuration was given as a value. */
  path: Schema.NullOr(Schema.String),
  problems: Schema.NonEmptyArray(Problem)
}) {
  override get message(): string {
    const where = this.path === null ? "The configuration" : this.path
    return `${where} is not valid.\n${this.problems.map((problem) => `  - ${formatProblem(problem)}`).join("\n")}`
  }
}

export interface ConfigFile {
  readonly json: unknown
  /** Of the bytes as they are, in hex. */
  readonly sha256: string
}

const maxBytes = 1024 * 1024

/** The file's JSON; undefined where there is no file. `name` is what problems call it. */
export const readConfigFile = Effect.fn("RunnerConfig.readFile")(
  function*(path: string, name: string = configFileName) {
    const fs = yield* FileSystem.FileSystem
    const refuse = (...messages: Arr.NonEmptyReadonlyArray<string>) =>
      new ConfigInvalid({
        path,
        problems: Arr.map(messages, (message): Problem => ({ area: "configuration", at: name, message }))
      })

    // A link could lead to a private file, whose content the problems below would quote.
    const isLink = yield* fs.readLink(path).pipe(Effect.isSuccess)
    if (isLink) return yield* refuse("is a symbolic link: put a regular file there, or name its target with --config")
    const info = yield* fs.stat(path).pipe(
      Effect.catchTags({
        SystemError: (error) =>
          error.reason === "NotFound" ? Effect.succeed(undefined) : refuse(`can't be read: ${error.reason}`),
        BadArgument: () => refuse("can't be read: not a path")
      })
    )
    if (info === undefined) return undefined
    if (info.type !== "File") return yield* refuse(`is not a regular file (${info.type})`)

    const bytes = yield* fs.stream(path, { bytesToRead: maxBytes + 1 }).pipe(
      Stream.runCollect,
      Effect.map((chunks) => Buffer.concat([...chunks])),
      Effect.catchAll((error) => refuse(`can't be read: ${error._tag === "SystemError" ? error.reason : "not a path"}`))
    )
    if (bytes.length > maxBytes) return yield* refuse("is larger than 1 MiB")
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => refuse("is not UTF-8 text")
    })
    const json = yield* Either.mapLeft(
      parseJson(text),
      (faults) =>
        refuse(...Arr.map(faults, ({ line, column, message }) => `line ${line}, column ${column}: ${message}`))
    )
    return { json, sha256: createHash("sha256").update(bytes).digest("hex") } satisfies ConfigFile
  }
)
