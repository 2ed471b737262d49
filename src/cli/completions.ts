/** `codex-runner completions`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { quotedShort } from "../domain/quoted.ts"
import type { Shell } from "./completionScripts.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import topics from "./help.json" with { type: "json" }
import { Output } from "./output.ts"
import { topic } from "./topic.ts"

const shells: ReadonlyArray<Shell> = ["bash", "zsh", "fish"]

const options = {
  shell: Args.text({ name: "shell" }).pipe(Args.withDescription(`The shell: ${shells.join(", ")}.`))
}

export const completionsCommand = Command.make("completions", options, ({ shell }) => handle(shell))

export const completionsTopic = /* @__PURE__ */ topic(completionsCommand, {
  name: "completions",
  usage: "<bash|zsh|fish>",
  summary: "Prints completions of commands, options and files for a shell.",
  examples: [
    "codex-runner completions bash \\\n  > ~/.local/share/bash-completion/completions/codex-runner",
    "codex-runner completions fish > ~/.config/fish/completions/codex-runner.fish"
  ]
})

const handle = Effect.fnUntraced(function*(asked: string) {
  const { err, onErr, out } = yield* Output
  const shell = shells.find((known) => known === asked)
  if (shell !== undefined) {
    const { completionScript } = yield* Effect.promise(() => import("./completionScripts.ts"))
    return yield* out(completionScript(shell, topics))
  }
  yield* err(onErr.red(`No completions for ${quotedShort(asked)}: give one of ${shells.join(", ")}.`))
  return yield* new ExitWith({ code: exitCodes.usage })
})
