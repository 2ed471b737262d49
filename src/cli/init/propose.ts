/** A configuration that fits a checkout, with a reason for each part. Pure, but for the looking. */
import { commandEntryFault } from "../../config/commandEntry.ts"
import { copyPathFault } from "../../config/pathEntry.ts"
import type { RunnerConfigInput } from "../../config/RunnerConfig.ts"
import { version } from "../../version.ts"
import { type Checkout, dependencyFolders } from "./Checkout.ts"
import type { Finding } from "./Finding.ts"
import { javascript } from "./javascript.ts"
import { go, make, python, rust } from "./otherLanguages.ts"

export interface Proposal {
  readonly config: RunnerConfigInput & { readonly $schema: string }
  /** What was chosen, and why: a field, a value, a reason. */
  readonly reasons: ReadonlyArray<readonly [field: string, value: string, why: string]>
  readonly notes: ReadonlyArray<string>
}

const installedSchema = "node_modules/codex-mcp-runner/config.schema.json"

/** Folders that hold sources or tests wherever they are. */
const usualFolders = ["src", "lib", "app", "apps", "packages", "source", "test", "tests", "__tests__", "spec", "specs"]

export const propose = (checkout: Checkout): Proposal => {
  const findings = [javascript, python, go, rust, make].flatMap((look) => look(checkout) ?? [])
  const commands = findings.flatMap((finding) => finding.commands)
    .filter(({ command }) => commandEntryFault(command) === undefined)
  const paths = pathsOf(checkout, findings)
  const setup = setupOf(checkout, findings)
  const [schema, schemaWhy] = checkout.has(installedSchema)
    ? [`./${installedSchema}`, "the package is installed here"]
    : [`https://unpkg.com/codex-mcp-runner@${version}/config.schema.json`, "the package is not installed here"]
  return {
    config: {
      $schema: schema,
      ...(commands.length === 0 ? {} : { allowed_commands: commands.map(({ command }) => command) }),
      ...(paths.length === 0 ? {} : { default_allowed_paths: paths.map(([glob]) => glob) }),
      ...(setup === undefined ? {} : { setup: setup.value })
    },
    reasons: [
      ["$schema", schema, schemaWhy] as const,
      ...commands.map(({ command, why }) => ["allowed_commands", command, why] as const),
      ...paths.map(([glob, why]) => ["default_allowed_paths", glob, why] as const),
      ...(setup?.reasons ?? [])
    ],
    notes: [
      ...(findings.length === 0
        ? ["No package manager, pyproject.toml, go.mod, Cargo.toml or Makefile was found."]
        : []),
      ...(commands.length === 0
        ? ["No test or lint command was found: add yours to allowed_commands; until then the default ones hold."]
        : []),
      ...findings.flatMap((finding) => finding.notes)
    ]
  }
}

const pathsOf = (checkout: Checkout, findings: ReadonlyArray<Finding>): ReadonlyArray<readonly [string, string]> => {
  const known = [...new Set([...usualFolders, ...findings.flatMap(({ folders }) => folders)])]
  const folders = known.filter((folder) => checkout.folders.includes(folder) && isPlain(folder))
  return [
    ...folders.map((folder) => [`${folder}/**`, "a folder of sources or tests"] as const),
    ...findings.flatMap(({ globs = [] }) => globs.map((glob) => [glob, "sources in the root"] as const))
  ]
}

/** A name that stands for itself in a glob; of others nobody would expect a proposal. */
const isPlain = (name: string): boolean => /^[\w.@ -]+$/.test(name)

/** What a fresh worktree lacks: copied where it lies in the checkout, else installed by the project's own tool. */
const setupOf = (checkout: Checkout, findings: ReadonlyArray<Finding>) => {
  const nested = checkout.folders.flatMap((folder) =>
    checkout.foldersIn(folder).map((inner) => `${folder}/${inner}/node_modules`)
  )
  const copy = [...dependencyFolders, ...nested].filter((folder) =>
    checkout.has(folder) && checkout.isIgnored(folder) && copyPathFault(folder) === undefined
  )
  const commands = findings.flatMap(({ dependencies, install, lockfile }) =>
    install !== null && lockfile && !copy.includes(dependencies ?? "") ? [install] : []
  )
  if (copy.length === 0 && commands.length === 0) return undefined
  return {
    value: { ...(copy.length === 0 ? {} : { copy }), ...(commands.length === 0 ? {} : { commands }) },
    reasons: [
      ...copy.map((folder) => ["setup.copy", folder, "ignored by git, so that a fresh worktree lacks it"] as const),
      ...commands.map((command) =>
        ["setup.commands", command, "no dependencies lie in the checkout to be copied"] as const
      )
    ]
  }
}
