/** How commands tell of what they could not do. */
import * as Effect from "effect/Effect"
import type { RunRejected } from "../domain/Problem.ts"
import { exitCodeOfProblems, exitCodes, ExitWith } from "./exit.ts"
import { Output } from "./output.ts"
import { renderProblems } from "./render.ts"

/** Tells a refused run's problems on stderr, with the exit code they call for. */
export const tellProblems = ({ problems }: RunRejected) =>
  Effect.gen(function*() {
    const output = yield* Output
    yield* output.err(renderProblems(output.onErr, problems))
    return yield* new ExitWith({ code: exitCodeOfProblems(problems) })
  })

/** Tells why a command can't do its work here. */
export const tellNotReady = (message: string) =>
  Effect.flatMap(Output, ({ err, onErr }) => err(onErr.red(message))).pipe(
    Effect.zipRight(new ExitWith({ code: exitCodes.notReady }))
  )
