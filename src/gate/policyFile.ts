/**
 * What the gate knows of a task, in a file that the task can't write. Plain
 * TypeScript: the hook program reads it with nothing but what it carries.
 */

export interface GatePolicy {
  /** Real path. */
  readonly worktree: string
  readonly allowedCommands: ReadonlyArray<string>
  readonly allowReadOnly: boolean
  readonly allowedPaths: ReadonlyArray<string>
  readonly protectedPaths: ReadonlyArray<string>
  readonly disposablePaths: ReadonlyArray<string>
  /** PATH of the model's commands. */
  readonly searchPath: string
  /** Where each decision is appended. */
  readonly log: string
}

/** The environment variable of the Codex process that names the file. */
export const policyVariable = "CODEX_RUNNER_GATE"

const isText = (value: unknown): value is string => typeof value === "string"

const isTexts = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isText)

const field = (source: object, name: keyof GatePolicy): unknown =>
  Object.entries(source).find(([key]) => key === name)?.[1]

/** The policy in a file's text. Throws where anything is missing: a gate without its policy lets nothing through. */
export const parsePolicy = (text: string): GatePolicy => {
  const source: unknown = JSON.parse(text)
  if (typeof source !== "object" || source === null) throw new TypeError("no policy")
  const needed = <A>(name: keyof GatePolicy, is: (value: unknown) => value is A): A => {
    const value = field(source, name)
    if (!is(value)) throw new TypeError(`policy without ${name}`)
    return value
  }
  return {
    worktree: needed("worktree", isText),
    allowedCommands: needed("allowedCommands", isTexts),
    allowReadOnly: needed("allowReadOnly", (value) => typeof value === "boolean"),
    allowedPaths: needed("allowedPaths", isTexts),
    protectedPaths: needed("protectedPaths", isTexts),
    disposablePaths: needed("disposablePaths", isTexts),
    searchPath: needed("searchPath", isText),
    log: needed("log", isText)
  }
}
