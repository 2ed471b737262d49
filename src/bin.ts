/** The command line's entry. Nothing is loaded that the command doesn't need: `--version` needs nothing. */
import { version } from "./version.ts"

if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  process.stdout.write(`${version}\n`)
} else {
  const [{ main }, NodeContext, NodeRuntime] = await Promise.all([
    import("./cli/main.ts"),
    import("@effect/platform-node/NodeContext"),
    import("@effect/platform-node/NodeRuntime")
  ])
  main(process.argv, { layer: NodeContext.layer, runMain: NodeRuntime.runMain })
}
