/** The command line's entry. Nothing is loaded that the command doesn't need: `--version` needs nothing. */
import "./bin-memory.ts"
import { version } from "./version.ts"

const args = process.argv.slice(2)
const [only] = args.length === 1 ? args : []
const asksForHelp = args.length === 0 || args[0] === "help" || only === "runs" ||
  args.includes("--help") || args.includes("-h")

if (only === "--version" || only === "-V") {
  process.stdout.write(`${version}\n`)
} else if (asksForHelp) {
  const [{ helpFor }, { paletteOf }] = await Promise.all([import("./cli/help.ts"), import("./cli/palette.ts")])
  process.stdout.write(`${helpFor(args, paletteOf(process.stdout), process.stdout.columns)}\n`)
} else if (args[0] === "mcp") {
  await import("./bin-mcp.ts")
} else {
  // Until the program listens itself, there is nothing to end gracefully.
  const leave = () => process.exit(130)
  process.once("SIGINT", leave)
  const [{ main }, { layer }, { runMain }] = await Promise.all([
    import("./cli/main.ts"),
    import("./bin-terminal.ts"),
    import("@effect/platform-node/NodeRuntime")
  ])
  process.off("SIGINT", leave)
  main(process.argv, { layer, runMain })
}
