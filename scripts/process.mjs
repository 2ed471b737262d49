// @ts-check
import { spawn } from "node:child_process"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The package's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url))

/** A program that an npm package brings along, as arguments of Node. @param {string} path */
export const dependency = (path) => join(root, "node_modules", path)

/**
 * npm as a command line: the very npm that runs us, where there is one.
 * @returns {[string, ...Array<string>]}
 */
export const npm = () => {
  const running = process.env["npm_execpath"]
  return running !== undefined && basename(running) === "npm-cli.js" ? [process.execPath, running] : ["npm"]
}

/**
 * Runs a program and keeps what it printed: on standard output, and on both in one.
 * @param {ReadonlyArray<string>} command
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, stdout: string, output: string }>}
 */
export const capture = ([program = "", ...args], { cwd = root, env = {} } = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    /** @type {Array<Buffer>} */
    const both = []
    /** @type {Array<Buffer>} */
    const out = []
    child.stdout.on("data", (chunk) => both.push(chunk) && out.push(chunk))
    child.stderr.on("data", (chunk) => both.push(chunk))
    child.once("error", (error) => resolve({ code: 127, stdout: "", output: error.message }))
    child.once("close", (code) =>
      resolve({ code: code ?? 1, stdout: Buffer.concat(out).toString(), output: Buffer.concat(both).toString() }))
  })

/**
 * Runs a program in our place: its terminal, its signals, its exit code.
 * @param {ReadonlyArray<string>} command
 * @param {import("node:child_process").StdioOptions} [stdio]
 * @returns {Promise<number>}
 */
export const become = ([program = "", ...args], stdio = "inherit") =>
  new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio })
    // A terminal's Ctrl-C reaches the child by itself; we only have to outlive it.
    const ignore = () => {}
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => void child.kill(signal)
    process.on("SIGINT", ignore).on("SIGTERM", forward).on("SIGHUP", forward)
    /** @param {number} code */
    const end = (code) => {
      process.off("SIGINT", ignore).off("SIGTERM", forward).off("SIGHUP", forward)
      resolve(code)
    }
    child.once("error", (error) => {
      console.error(`${program}: ${error.message}`)
      end(127)
    })
    child.once("close", (code) => end(code ?? 1))
  })
