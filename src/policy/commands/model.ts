/**
 * The shapes of the command policy. Plain TypeScript without services: the same
 * rules run in the gate's tiny program, before execution, and in the audit after.
 */

/** What the rules ask of the machine. Answers are facts about this moment; no answer may throw. */
export interface CommandHost {
  /** The path with every symlink followed as the kernel does it; undefined where nothing is there. */
  readonly realpath: (path: string) => string | undefined
  readonly isDirectory: (path: string) => boolean
  /** The absolute path that a bare name has in the PATH that commands get, symlinks not followed. */
  readonly resolveProgram: (name: string) => string | undefined
  /** The names in a folder, without `.` and `..`; undefined where it can't be read. */
  readonly list: (path: string) => ReadonlyArray<string> | undefined
}

export interface CommandInput {
  readonly command: string
  /** The call's working folder, as asked for. */
  readonly cwd: string
  readonly worktree: string
  readonly allowedCommands: ReadonlyArray<string>
  readonly allowReadOnly: boolean
  readonly host: CommandHost
}

/** One simple command as the model wrote it: its words without their quotes. */
export interface SimpleCommand {
  readonly words: ReadonlyArray<string>
  /** Where it runs: absolute, symlinks followed. */
  readonly cwd: string
}

export type CommandVerdict =
  /** `canonical` is what to run in place of the model's text. */
  | { readonly _tag: "Allow"; readonly canonical: string; readonly simple: ReadonlyArray<SimpleCommand> }
  /**
   * An edit asked for through the shell: allowed only if the path rules allow the
   * patch's paths, relative to `cwd`. `canonical` is then what to hand to Codex.
   */
  | { readonly _tag: "ApplyPatch"; readonly patch: string; readonly cwd: string; readonly canonical: string }
  | { readonly _tag: "Deny"; readonly reason: string }

/** The folder that a command runs in. `worktree` and `cwd` are real paths. */
export interface Place {
  readonly worktree: string
  readonly cwd: string
  readonly host: CommandHost
}

/** Thrown by the rules, caught in `judgeCommand` alone: the first rule that is broken ends the judgement. */
export class Refusal extends Error {}

export const refuse = (reason: string): never => {
  throw new Refusal(reason)
}

/** A text as a message may show it: on one line and cut. */
export const shown = (text: string): string => {
  const line = text.trim().replace(/\s+/g, " ")
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
