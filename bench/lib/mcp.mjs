// @ts-check
/** A server of the protocol from its start to its first answer, and a bare one to hold it against. */
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./codex.mjs"

const hello = `${
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } }
  })
}\n`

const bare = `
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
const server = new Server({ name: "bare", version: "1.0.0" }, { capabilities: { tools: {} } })
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [] }))
server.setRequestHandler(CallToolRequestSchema, () => ({ content: [] }))
await server.connect(new StdioServerTransport())
`

/** The least that the protocol's own library makes, bundled as our programs are. @param {string} folder */
export const bareServer = async (folder) => {
  const outfile = join(folder, "bare.mjs")
  await build({
    stdin: { contents: bare, resolveDir: root },
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: "import{createRequire as __cr}from\"node:module\";const require=__cr(import.meta.url);" }
  })
  return outfile
}

/**
 * Milliseconds from its start to the answer to `initialize`, and its resident size then in MiB.
 * @param {string} program
 * @param {{ cwd: string, env: Record<string, string | undefined> }} options
 */
export const greet = (program, options) =>
  new Promise((/** @type {(greeted: { ms: number, mb: number }) => void} */ resolve, reject) => {
    const start = performance.now()
    const child = spawn(process.execPath, [program], { ...options, stdio: ["pipe", "pipe", "ignore"] })
    child.once("error", reject)
    child.stdin.on("error", () => undefined).write(hello)
    child.stdout.once("data", () => {
      const ms = performance.now() - start
      const mb = residentMb(child.pid ?? 0)
      child.removeAllListeners("exit").once("close", () => resolve({ ms, mb }))
      child.kill("SIGKILL")
    })
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code} before it answered`)))
  })

/** NaN where the system doesn't tell. @param {number} pid */
const residentMb = (pid) => {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024
  } catch {
    return Number.NaN
  }
}
