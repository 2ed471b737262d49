// @ts-check
/** Numbers into what a reader can judge them by. */
import { execFileSync } from "node:child_process"
import { cpus, loadavg, release, totalmem } from "node:os"

/** @param {ReadonlyArray<number>} values @param {number} share between 0 and 1 */
export const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

/** @param {ReadonlyArray<number>} values */
export const median = (values) => quantile(values, 0.5)

/** @param {ReadonlyArray<number>} values */
export const spread = (values) => `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`

/** What the figures depend on. */
export const machine = () => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
  node: process.versions.node,
  git: execFileSync("git", ["--version"], { encoding: "utf8" }).replace("git version ", "").trim(),
  /** Of the minute before: other work makes every figure worse. */
  load: Number((loadavg()[0] ?? 0).toFixed(2))
})

/**
 * A table with its first row as the head; numbers are for the caller to format.
 * @param {ReadonlyArray<ReadonlyArray<string>>} rows
 */
export const table = (rows) => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  const line = (/** @type {ReadonlyArray<string>} */ row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))
      .join("  ").trimEnd()
  return rows.map(line).join("\n")
}

/**
 * Prints the table for people, or everything as JSON.
 * @param {{ json: boolean, table: string, data: object }} report
 */
export const report = ({ data, json, table }) => {
  const where = machine()
  console.log(
    json
      ? JSON.stringify({ machine: where, ...data }, null, 2)
      : `${table}\n\n${where.cores} × ${where.cpu}, ${where.memoryGb} GB, ${where.system}, Node ${where.node}, ` +
        `git ${where.git}, load at the end ${where.load}`
  )
}
