/** What a project of npm, pnpm, yarn or bun asks for. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Checkout } from "./Checkout.ts"
import type { Finding } from "./Finding.ts"

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

const Package = Schema.parseJson(Schema.Struct({
  packageManager: Schema.optional(Schema.String),
  scripts: Schema.optional(Texts),
  devDependencies: Schema.optional(Texts),
  dependencies: Schema.optional(Texts),
  workspaces: Schema.optional(
    Schema.Union(Schema.Array(Schema.String), Schema.Struct({ packages: Schema.Array(Schema.String) }))
  )
}))
type Package = typeof Package.Type

interface Manager {
  readonly name: string
  readonly lockfiles: ReadonlyArray<string>
  readonly script: (name: string) => string
  /** A program of a package that is installed. */
  readonly program: (words: string) => string
  readonly install: string
}

const managers: ReadonlyArray<Manager> = [
  {
    name: "npm",
    lockfiles: ["package-lock.json", "npm-shrinkwrap.json"],
    script: (name) => name === "test" ? "npm test" : `npm run ${name}`,
    program: (words) => `npx ${words}`,
    install: "npm ci"
  },
  {
    name: "pnpm",
    lockfiles: ["pnpm-lock.yaml"],
    script: (name) => name === "test" ? "pnpm test" : `pnpm run ${name}`,
    program: (words) => `pnpm exec ${words}`,
    install: "pnpm install --frozen-lockfile"
  },
  {
    name: "yarn",
    lockfiles: ["yarn.lock"],
    script: (name) => name === "test" ? "yarn test" : `yarn run ${name}`,
    program: (words) => `yarn ${words}`,
    install: "yarn install --immutable"
  },
  {
    name: "bun",
    lockfiles: ["bun.lock", "bun.lockb"],
    // `bun test` is bun's own runner, whatever the script says.
    script: (name) => `bun run ${name}`,
    program: (words) => `bunx ${words}`,
    install: "bun install --frozen-lockfile"
  }
]

/** Scripts that check and change nothing; not those that wait for ever, mend files or talk to the world. */
const checks = /^(test|tests|unit|lint|typecheck|type-check|types|check|tsc)([:.-][\w.-]+)*$/
const unwanted = /(^|[:.-])(watch|fix|write|update|ui|open|debug|dev|serve|publish|deploy|release|e2e)($|[:.-])/

export const javascript = (checkout: Checkout): Finding | undefined => {
  const read = Schema.decodeUnknownEither(Package)(checkout.text("package.json"))
  if (Either.isLeft(read)) return undefined
  const { manager, why } = managerOf(checkout, read.right)
  const commands = commandsOf(checkout, read.right, manager)
  const workspaces = workspacesOf(checkout, read.right)
  return {
    name: `${manager.name} (${why})`,
    commands,
    folders: workspaces,
    lockfile: manager.lockfiles.some((file) => checkout.has(file)),
    dependencies: "node_modules",
    install: manager.install,
    notes: []
  }
}

const managerOf = (checkout: Checkout, { packageManager = "" }: Package) => {
  const named = managers.find(({ name }) => packageManager.startsWith(`${name}@`))
  if (named !== undefined) return { manager: named, why: `"packageManager": "${named.name}" in package.json` }
  for (const manager of managers) {
    const lockfile = manager.lockfiles.find((file) => checkout.has(file))
    if (lockfile !== undefined) return { manager, why: lockfile }
  }
  const [npm] = managers
  if (npm === undefined) throw new Error("no package manager")
  return { manager: npm, why: "package.json, no lockfile" }
}

const commandsOf = (checkout: Checkout, { dependencies, devDependencies, scripts = {} }: Package, manager: Manager) => {
  const wanted = Object.entries(scripts).filter(([name, text]) =>
    checks.test(name) && !unwanted.test(name) && !text.includes("no test specified")
  ).map(([name]) => name)
  const typed = checkout.has("tsconfig.json") && { ...dependencies, ...devDependencies }["typescript"] !== undefined &&
    !Object.entries(scripts).some(([name, text]) => wanted.includes(name) && /\btsc\b/.test(text))
  return [
    ...wanted.map((name) => ({ command: manager.script(name), why: `script "${name}" in package.json` })),
    ...(typed
      ? [{ command: manager.program("tsc --noEmit"), why: "tsconfig.json, and no script that checks types" }]
      : [])
  ]
}

/** Folders that hold workspaces. */
const workspacesOf = (checkout: Checkout, { workspaces = [] }: Package): ReadonlyArray<string> => {
  const globs = "packages" in workspaces ? workspaces.packages : workspaces
  const others = [...checkout.text("pnpm-workspace.yaml").matchAll(/^\s*-\s*['"]?([\w@./*-]+)/gm)].map((
    [, glob = ""]
  ) => glob)
  const firsts = [...globs, ...others].map((glob) => glob.replace(/^\.\//, "").split("/")[0] ?? "")
  return [...new Set(firsts)].filter((folder) => checkout.folders.includes(folder))
}
