/** A program at a pseudo-terminal of its own, and what a person at it would see. */
import * as Pty from "@lydell/node-pty"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Screen, screen } from "./screen.ts"

export interface Terminal {
  readonly pid: number
  readonly screen: Screen
  /** Everything that was written to it and stands on the screen. */
  readonly bytes: () => string
  /** Waits until the screen is so. */
  readonly until: (is: (screen: Screen) => boolean) => Effect.Effect<void>
  /** Waits until this text stands on the screen. */
  readonly shows: (text: string | RegExp) => Effect.Effect<void>
  readonly type: (keys: string) => Effect.Effect<void>
  readonly resize: (columns: number, rows: number) => Effect.Effect<void>
  /** Takes nothing more, as after Ctrl-S; and goes on. */
  readonly stop: Effect.Effect<void>
  readonly goOn: Effect.Effect<void>
  /** The exit code, once everything that was written stands on the screen. */
  readonly ended: Effect.Effect<number>
}

export interface AtTerminal {
  readonly columns: number
  readonly rows: number
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
}

/** Starts a program; it is killed with the scope. */
export const atTerminal = (
  command: string,
  args: ReadonlyArray<string>,
  { columns, cwd, env, rows }: AtTerminal
): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const pty = Pty.spawn(command, [...args], { cols: columns, rows, cwd, env: { ...env } })
        const shown = screen(columns, rows)
        const watchers = new Set<() => void>()
        let [bytes, written] = ["", Promise.resolve()]
        pty.onData((data) => {
          written = written.then(() => shown.write(data)).then(() => {
            bytes += data
            for (const look of watchers) look()
          })
        })
        const ended = new Promise<number>((resolve) =>
          pty.onExit(({ exitCode, signal }) =>
            // What was written last may come after the end.
            void setImmediate(() =>
              void written.then(() => resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal))
            )
          )
        )
        const until = (is: (screen: Screen) => boolean) =>
          Effect.async<void>((resume) => {
            const look = () => {
              if (!is(shown)) return
              watchers.delete(look)
              resume(Effect.void)
            }
            watchers.add(look)
            look()
            // A program that has ended shows nothing more.
            void ended.then((code) => {
              look()
              if (watchers.has(look)) resume(Effect.dieMessage(`ended with ${code}, without it:\n${shown.history()}`))
            })
            return Effect.sync(() => watchers.delete(look))
          })
        return { pty, shown, ended, until, bytes: () => bytes }
      }),
      ({ pty }) =>
        Effect.sync(() => {
          try {
            pty.kill("SIGKILL")
          } catch {
            // Gone.
          }
        })
    ),
    ({ bytes, ended, pty, shown, until }) => ({
      pid: pty.pid,
      screen: shown,
      bytes,
      until,
      shows: (text) => until((at) => typeof text === "string" ? at.text().includes(text) : text.test(at.text())),
      type: (keys) => Effect.sync(() => pty.write(keys)),
      resize: (toColumns, toRows) =>
        Effect.sync(() => {
          shown.resize(toColumns, toRows)
          pty.resize(toColumns, toRows)
        }),
      stop: Effect.sync(() => pty.pause()),
      goOn: Effect.sync(() => pty.resume()),
      ended: Effect.promise(() => ended)
    })
  )
