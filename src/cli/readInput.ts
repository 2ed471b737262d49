/** A file, or standard input, as text; of a task file its JSON or YAML as data. */
import * as Effect from "effect/Effect"
import { createReadStream } from "node:fs"
import type { Problem } from "../domain/Problem.ts"
import { RunRejected } from "../domain/Problem.ts"
import { reasonOf } from "../domain/reasonOf.ts"

/** Bytes of one file. */
const maxInputBytes = 16 * 1024 * 1024

const problem = (at: string, message: string, remedy?: string): RunRejected => {
  const one: Problem = { area: "request", at, message, ...(remedy === undefined ? {} : { remedy }) }
  return new RunRejected({ problems: [one] })
}

/** All of it, never more than the cap: a device has no end. */
const collect = async (stream: AsyncIterable<unknown>): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.byteLength
    if (bytes > maxInputBytes) throw new Error(`more than ${maxInputBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8").replace(/^\uFEFF/, "")
}

const readStandardInput = Effect.tryPromise({
  try: () => collect(process.stdin),
  catch: (cause) => problem("-", `cannot read standard input: ${reasonOf(cause)}.`)
})

/** The text of a file, or of standard input for `-`, without a byte order mark. `wanted` says what the file would be. */
export const readText = (file: string, wanted: string): Effect.Effect<string, RunRejected> =>
  file === "-" ? readStandardInput : Effect.tryPromise({
    try: () => collect(createReadStream(file)),
    catch: (cause) =>
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? problem(file, "there is no such file.", `Give the path of ${wanted}.`)
        : problem(file, `cannot be read: ${reasonOf(cause)}.`)
  })

/** The content of a task file as an unknown value; a bare list of tasks becomes a request. */
export const readTaskFile = Effect.fn("cli.readTaskFile")(function*(file: string) {
  const text = yield* readText(file, "a tasks.json, or - for standard input")
  if (text.trim() === "") return yield* problem(file, "is empty.", "Give the tasks as JSON or YAML.")
  const value = yield* parse(file, text)
  return Array.isArray(value) ? { tasks: value } : value
})

const parse = (file: string, text: string): Effect.Effect<unknown, RunRejected> => {
  const json = Effect.try((): unknown => JSON.parse(text))
  // Every JSON text is YAML too, but only YAML's reader says where the mistake is.
  return Effect.catchAll(json, () =>
    // CommonJS: once bundled, its names are there on the default alone.
    Effect.flatMap(Effect.promise(() => import("yaml")), ({ default: { parseDocument } }) => {
      const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true })
      const [error] = document.errors
      if (error !== undefined) {
        return Effect.fail(
          problem(file, `is neither JSON nor YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}.`)
        )
      }
      return Effect.try({
        try: (): unknown => document.toJS({ maxAliasCount: 100 }),
        catch: (cause) => problem(file, `cannot be read as YAML: ${String(cause)}`)
      })
    }))
}
