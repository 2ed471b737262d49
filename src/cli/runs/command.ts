/** `codex-runner runs …`: the runs that are on record, one file for each subcommand. */
import * as Command from "@effect/cli/Command"
import { cleanCommand, cleanTopic } from "./clean.ts"
import { diffCommand, diffTopic } from "./diff.ts"
import { listCommand, listTopic } from "./list.ts"
import { logsCommand, logsTopic } from "./logs.ts"
import { showCommand, showTopic } from "./show.ts"
import { verifyCommand, verifyTopic } from "./verify.ts"

export const runsCommand = Command.make("runs").pipe(
  Command.withSubcommands([listCommand, showCommand, logsCommand, diffCommand, verifyCommand, cleanCommand])
)

export const runsTopics = [listTopic, showTopic, logsTopic, diffTopic, verifyTopic, cleanTopic]
