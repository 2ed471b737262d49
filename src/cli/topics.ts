/** What `help.json` is written from; of no use to the program itself, and not in it. */
import { applyTopic } from "./apply.ts"
import { cancelTopic } from "./cancel.ts"
import { completionsTopic } from "./completions.ts"
import { demoTopic } from "./demo.ts"
import { doctorTopic } from "./doctor.ts"
import { initTopic } from "./init.ts"
import { mcpTopic } from "./mcp.ts"
import { resumeTopic } from "./resume.ts"
import { reviewTopic } from "./review.ts"
import { runTopic } from "./run.ts"
import { runsTopics } from "./runs/command.ts"
import { trustTopic } from "./trust.ts"

export const topics = [
  runTopic,
  reviewTopic,
  applyTopic,
  ...runsTopics,
  resumeTopic,
  cancelTopic,
  initTopic,
  doctorTopic,
  trustTopic,
  mcpTopic,
  demoTopic,
  completionsTopic
]
