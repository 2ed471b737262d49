/** What Codex keeps of a thread, in its home. */
import { existsSync, readdirSync } from "node:fs"

/** By the name of its record: `sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`. */
export const hasThread = (codexHome: string, thread: string): boolean => {
  const sessions = `${codexHome}/sessions`
  return existsSync(sessions) &&
    readdirSync(sessions, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith(`-${thread}.jsonl`))
}
