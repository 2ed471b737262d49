/** `codex-runner mcp`, as help and completions tell of it: the program itself starts the server, before any of this is loaded. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { tellFailure } from "./tell.ts"
import { topic } from "./topic.ts"

const options = {
  root: Options.text("root").pipe(
    Options.withDescription("A folder whose repositories clients may name with repo_dir. May be given several times."),
    Options.withPseudoName("DIR"),
    Options.repeated
  ),
  allowDangerFullAccess: Options.boolean("allow-danger-full-access").pipe(
    Options.withDescription("Let clients run tasks where the configuration turns Codex's sandbox off.")
  )
}

export const mcpCommand = Command.make(
  "mcp",
  options,
  () => tellFailure("mcp must be the first word: codex-runner mcp")
)

export const mcpTopic = /* @__PURE__ */ topic(mcpCommand, {
  name: "mcp",
  usage: "[options]",
  summary: "Serves agents over MCP, on standard input and output. The program codex-mcp-runner does the same.",
  examples: [
    "claude mcp add codex-runner -- npx -y codex-mcp-runner",
    "CODEX_RUNNER_REPO=~/work/app codex-runner mcp",
    "codex-runner mcp --root ~/work"
  ]
})
