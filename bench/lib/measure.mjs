// @ts-check
/** A program's time and memory, seen from outside. */
import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"

/** What is running: an interrupted bench leaves nothing behind. @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set()
process.once("exit", () => running.forEach((child) => child.kill()))

/**
 * Runs a program to its end: seconds on the wall, and of processor time with
 * all the children that it waited for. Its output goes to a file, so that
 * nobody's reading speed counts.
 * @param {ReadonlyArray<string>} command
 * @param {{ cwd: string, env: Record<string, string>, output: string, stdin?: string }} options
 */
export const timed = (command, { cwd, env, output, stdin = "/dev/null" }) =>
  new Promise((/** @type {(end: { code: number, wall: number, cpu: number }) => void} */ resolve, reject) => {
    const [input, out, times] = [openSync(stdin, "r"), openSync(output, "w"), openSync(`${output}.times`, "w")]
    const start = performance.now()
    // bash knows what its children used; Node doesn't.
    const script = `TIMEFORMAT='%R %U %S'; { time "$@" 2>&4 4>&-; } 2>&3 4>&1; exit`
    const child = spawn("bash", ["-c", script, "timed", ...command], { cwd, env, stdio: [input, out, out, times] })
    running.add(child)
    child.once("error", reject)
    child.once("close", (code) => {
      running.delete(child)
      const wall = (performance.now() - start) / 1000
      const [, user = 0, system = 0] = readFileSync(`${output}.times`, "utf8").trim().split(" ").map(Number)
      resolve({ code: code ?? 1, wall, cpu: user + system })
    })
    for (const fd of [input, out, times]) closeSync(fd)
  })

/** A line of /proc/PID/status in MiB; 0 once the process is gone. @param {number} pid @param {string} name */
const statusMb = (pid, name) => {
  try {
    return Number(
      new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0
    ) / 1024
  } catch {
    return 0
  }
}

/**
 * Runs a program to its end and watches its memory: the highest resident size
 * that the kernel saw, and samples over time.
 * @param {ReadonlyArray<string>} command
 * @param {{ cwd: string, env: Record<string, string>, output: string, complaints?: string }} options
 */
export const watched = ([program = "", ...args], { complaints, cwd, env, output }) =>
  new Promise(
    (
      /** @type {(end: { code: number, wall: number, peakMb: number, samples: Array<number> }) => void} */ resolve,
      reject
    ) => {
      const out = openSync(output, "w")
      const err = complaints === undefined ? out : openSync(complaints, "w")
      const start = performance.now()
      const child = spawn(program, args, { cwd, env, stdio: ["ignore", out, err] })
      for (const fd of new Set([out, err])) closeSync(fd)
      running.add(child)
      /** @type {Array<number>} */
      const samples = []
      let peakMb = 0
      const pid = child.pid ?? 0
      const timer = setInterval(() => {
        peakMb = Math.max(peakMb, statusMb(pid, "VmHWM"))
        const now = statusMb(pid, "VmRSS")
        if (now > 0) samples.push(now)
      }, 50)
      child.once("error", reject)
      child.once("close", (code) => {
        clearInterval(timer)
        running.delete(child)
        resolve({ code: code ?? 1, wall: (performance.now() - start) / 1000, peakMb, samples })
      })
    }
  )
