// @ts-check
/** A model for small tasks: a command, a patch, a command, a closing message. Lives until its standard input ends. */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./codex.mjs"

/** @type {typeof import("../../src/testing.ts")} */
const { Reply, makeScriptedModel } = await import(pathToFileURL(join(root, "dist/testing.js")).href)

/** @type {import("../../src/testing.ts").Script} */
const script = ({ prompt, step }) => {
  const file = /src\/[\w-]+\.txt/.exec(prompt)?.[0] ?? "src/unnamed.txt"
  if (step === 0) return Reply.calls([Reply.command("ls src")])
  if (step === 1) {
    const text = ["*** Begin Patch", `*** Add File: ${file}`, "+one", "+two", "+three", "*** End Patch"].join("\n")
    return Reply.calls([Reply.patch(text)])
  }
  if (step === 2) return Reply.calls([Reply.command(`cat ${file}`)])
  return Reply.message(`Wrote ${file}.`)
}

const ended = Effect.async((resume) => {
  process.stdin.on("end", () => resume(Effect.void)).resume()
})

await Effect.gen(function*() {
  const model = yield* makeScriptedModel(script)
  console.log(JSON.stringify(model.codexConfig))
  yield* ended
}).pipe(Effect.scoped, Effect.runPromise)
