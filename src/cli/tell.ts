/** How commands tell of what they could not do. */
import * as Effect from "effect/Effect"
import { plainText } from "../audit/plainText.ts"
import type { RunRejected } from "../domain/Problem.ts"
import { exitCodeOfProblems, exitCodes, ExitWith } from "./exit.ts"
import { Output } from "./output.ts"
import { renderNotStarted, renderProblems } from "./render.ts"

const tellAll = (renderAll: typeof renderProblems) => ({ problems }: RunRejected) =>
  Effect.gen(function*() {
    const output = yield* Output
    yield* output.err(renderAll(output.onErr, problems))
    return yield* new ExitWith({ code: exitCodeOfProblems(problems) })
  })

/** Tells on stderr why a command was refused, with the exit code that this calls for. */
export const tellProblems = tellAll(renderProblems)

/** The same of a command that would have started Codex. */
export const tellNotStarted = tellAll(renderNotStarted)

const tellAndExit = (message: string, code: number) =>
  Effect.zipRight(Effect.flatMap(Output, ({ err, onErr }) => err(onErr.red(message))), new ExitWith({ code }))

/** Tells why a command can't do its work here. */
export const tellNotReady = (message: string) => tellAndExit(message, exitCodes.notReady)

/** Tells why a command that was started came to nothing. */
export const tellFailure = (message: string) => tellAndExit(plainText(message), exitCodes.failure)
