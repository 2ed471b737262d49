/** How much is logged, by the words that people type. Loads nothing: it is read before a program knows what it needs. */

export const levels = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"] as const
export type Level = (typeof levels)[number]

export const levelOf = (word: string): Level | undefined => levels.find((level) => level === word.trim().toLowerCase())

const name = "--log-level"

export const levelFault = `${name}: expected one of ${levels.join(", ")}`

export interface Taken {
  /** Without the option. */
  readonly args: ReadonlyArray<string>
  readonly level?: Level
  /** What is wrong with it. */
  readonly fault?: string
}

/** `--log-level`, which every command takes. */
export const takeLevel = (args: ReadonlyArray<string>): Taken => {
  const end = args.indexOf("--")
  const at = args.findIndex((arg, index) => (end < 0 || index < end) && (arg === name || arg.startsWith(`${name}=`)))
  if (at < 0) return { args }
  const [, joined] = args[at]?.split("=") ?? []
  const rest = args.toSpliced(at, joined === undefined ? 2 : 1)
  const level = levelOf(joined ?? args[at + 1] ?? "")
  return level === undefined ? { args: rest, fault: levelFault } : { args: rest, level }
}
