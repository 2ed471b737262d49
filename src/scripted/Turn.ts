/** Where a conversation stands when Codex asks the model: what a script decides by. */

/** A turn goes from a prompt of the user to the model's closing words. */
export interface Turn {
  /** The last prompt of the user: neither the environment nor AGENTS.md. */
  readonly prompt: string
  /** How many answers of the model came before in this turn, from 0. */
  readonly step: number
  /** How often this very request came before, from 0: Codex repeats one that failed. */
  readonly attempt: number
  /** What the tools gave back in this turn, in order: a text for each call; see {@link exitCode}. */
  readonly outputs: ReadonlyArray<string>
  readonly model: string
  /** Whether the model calls its tools from JavaScript, within `exec`. */
  readonly codeMode: boolean
  readonly threadId: string
  /**
   * The tools offered: in Code Mode those of the model itself, then those within `exec`. One of a namespace other than
   * `functions` is `namespace.name`.
   */
  readonly tools: ReadonlyArray<string>
  readonly developerTexts: ReadonlyArray<string>
  readonly hasOutputSchema: boolean
}

/** The exit code of a command, as its output tells it; null for another tool, or while the command still runs. */
export const exitCode = (output: string): number | null => {
  const [head = ""] = output.split("\nOutput:\n", 1)
  const code = /^Process exited with code (-?\d+)$/m.exec(head)?.[1]
  return code === undefined ? null : Number(code)
}
