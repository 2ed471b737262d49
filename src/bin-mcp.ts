/** The MCP server's entry: `codex-mcp-runner`, and `codex-runner mcp`. */
import "./bin-memory.ts"
import { Console } from "node:console"
import { version } from "./version.ts"

const [first, ...rest] = process.argv.slice(2)
const args = first === "mcp" ? rest : first === undefined ? [] : [first, ...rest]

const tell = (line: string): void => {
  process.stderr.write(`codex-mcp-runner: ${line}\n`)
}

const start = async (): Promise<void> => {
  const [{ readOptions }, { serve }] = await Promise.all([import("./mcp/options.ts"), import("./mcp/serve.ts")])
  const options = readOptions(args)
  if ("fault" in options) {
    tell(options.fault)
    process.exitCode = 2
    return
  }
  const { stderr, stdin, stdout } = process
  // From here on standard output is the protocol's alone, whoever writes to what he takes for it.
  Object.defineProperty(process, "stdout", { value: stderr })
  globalThis.console = new Console(stderr)
  stderr.on("error", () => undefined)
  if (stdin.isTTY) tell(`${version}, an MCP server on standard input and output; MCP clients start it. Ctrl-C ends it.`)
  await serve(options, {
    stdin,
    stdout,
    tell,
    onSignal: (signal, then) => process.on(signal, then),
    exit: (code) => process.exit(code),
    platform: async () => (await import("./bin-platform.ts")).layer
  })
}

if (args.includes("--version") || args.includes("-V")) {
  process.stdout.write(`${version}\n`)
} else if (args.includes("--help") || args.includes("-h")) {
  const [{ helpFor }, { paletteOf }] = await Promise.all([import("./cli/help.ts"), import("./cli/palette.ts")])
  process.stdout.write(`${helpFor(["mcp"], paletteOf(process.stdout), process.stdout.columns)}\n`)
} else {
  await start()
}
