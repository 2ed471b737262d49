/** What the command line needs of Node beside: a terminal. */
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Layer from "effect/Layer"
import * as Platform from "./bin-platform.ts"

export const layer = Layer.merge(Platform.layer, NodeTerminal.layer)
