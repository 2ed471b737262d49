/** What the programs need of Node, and no more: `NodeContext` would load workers and sockets as well. */
import * as NodeCommandExecutor from "@effect/platform-node/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Layer from "effect/Layer"

export const layer = Layer.merge(NodePath.layer, Layer.provideMerge(NodeCommandExecutor.layer, NodeFileSystem.layer))
