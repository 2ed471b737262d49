/** Whether Codex will be given the key that a model provider of the user's own asks for. */
import type { Problem } from "../domain/Problem.ts"

type Host = Readonly<Record<string, string | undefined>>

/** Something that the machine or the repository lacks. */
export const environmentProblem = (at: string, message: string, remedy?: string): Problem => ({
  area: "environment",
  at,
  message,
  ...(remedy === undefined ? {} : { remedy })
})

/** A provider that reads its key from a variable which Codex won't see would fail only after the start. */
export const providerKeyProblems = (
  codexConfig: ReadonlyArray<string>,
  passthrough: ReadonlyArray<string>,
  host: Host
): ReadonlyArray<Problem> =>
  codexConfig.flatMap((entry) => [...entry.matchAll(/\benv_key"?\s*=\s*["']?(\w+)/g)]).flatMap(([, name = ""]) => {
    if (name === "CODEX_API_KEY") return []
    if (!passthrough.includes(name)) {
      return [
        environmentProblem(
          "auth",
          `the provider reads its key from ${name}, which Codex is not given.`,
          `Add "${name}" to env_passthrough.`
        )
      ]
    }
    return (host[name] ?? "") === ""
      ? [environmentProblem("auth", `the provider reads its key from ${name}, which is not set.`, `Export ${name}.`)]
      : []
  })
