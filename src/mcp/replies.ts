/** What a tool answers, in the protocol's own shape. */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import { clip } from "./clip.ts"
import { maxTextBytes } from "./fit.ts"

export type Reply = CallToolResult

type Link = Extract<Reply["content"][number], { readonly type: "resource_link" }>

export const link = (uri: string, name: string, mimeType: string): Link => ({
  type: "resource_link",
  uri,
  name,
  mimeType
})

export const reply = (
  text: string,
  structuredContent: Readonly<Record<string, unknown>>,
  links: ReadonlyArray<Link> = []
): Reply => ({ content: [{ type: "text", text }, ...links], structuredContent: { ...structuredContent } })

/** For the model to act on: no protocol error, which it might never see. */
export const failure = (text: string): Reply => ({
  content: [{ type: "text", text: clip(text, maxTextBytes - 200, "left out") }],
  isError: true
})

/** A call as a model would make it: `await_run {"run_id":"x"}`; what is undefined is left out. */
export const callOf = (tool: string, args: Readonly<Record<string, unknown>>): string =>
  `${tool} ${JSON.stringify(args)}`
