/** The runner's own surroundings: its environment variables and the folder it was started in. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** The runner's own surroundings. */
export class Host extends Context.Tag("codex-runner/Host")<
  Host,
  {
    readonly env: Readonly<Record<string, string | undefined>>
    /** Absolute. Where the repository is looked for. */
    readonly directory: string
  }
>() {
  /** This process as it is. */
  static readonly layer = Layer.sync(Host, () => ({ env: process.env, directory: process.cwd() }))
}
