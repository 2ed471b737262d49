/** The resources as clients are told of them, without anything loaded. */

export const mimeTypes = { patch: "text/x-diff", log: "application/jsonl" } as const

export const resourceTemplates = [
  {
    uriTemplate: "codex-run://{run_id}/{task_id}/patch",
    name: "patch",
    title: "The patch of a task",
    description: "The unified diff, secrets masked.",
    mimeType: mimeTypes.patch
  },
  {
    uriTemplate: "codex-run://{run_id}/{task_id}/log",
    name: "log",
    title: "The log of a task",
    description: "The events of Codex, secrets masked.",
    mimeType: mimeTypes.log
  }
]
