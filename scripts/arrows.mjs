// @ts-check
/**
 * Which part of src may import which. Types count as well as values: a part
 * that knows another's types knows the other.
 */
import { isBuiltin } from "node:module"
import { posix } from "node:path"

/** From the ground floor up: a part imports from its own floor and from those below. */
const floors = [
  ["domain", "version"],
  ["config", "process", "scripted", "telemetry"],
  ["policy", "git"],
  ["worktree", "codex", "gate", "audit", "patch", "store"],
  ["run"],
  ["CodexRunner", "Runs"],
  ["index", "testing", "mcp", "cli"],
  ["bin"]
]
const faces = ["mcp", "cli"]
/** The scripted model is for proofs, demonstrations and tests, never for a real run. */
const usersOfScripted = ["scripted", "gate", "cli", "CodexRunner", "index", "testing", "bin"]
/** What Node runs before each tool use of Codex: it starts in milliseconds or it is of no use. */
const isHook = (/** @type {string} */ file) => /^src\/gate\/(start|hook|hookCommand|decide|policyFile)\.ts$/.test(file)
/** What an installed library can import: anything else is there by luck alone. */
const libraryEntries = ["src/index.ts", "src/testing.ts"]

/** A file's part of the house: its folder, or its own name at the top. @param {string} file */
const partOf = (file) => {
  const name = (file.split("/")[1] ?? "").replace(/\.ts$/, "")
  return /^bin\b/.test(name) ? "bin" : name
}

/** @param {string} part */
const floorOf = (part) => floors.findIndex((floor) => floor.includes(part))

/** @typedef {{ from: string, specifier: string, target: string | undefined, typeOnly: boolean }} Import */

/** Leaves out comments and templates: what they say of imports is for a reader, or for another program. @param {string} source */
const codeOf = (source) =>
  source.replace(
    /("(?:\\.|[^"\\\n])*")|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, text) => text ?? ""
  )

/**
 * The imports and re-exports of a file.
 * @param {string} from its path, such as `src/run/runTask.ts`
 * @param {string} source
 * @returns {Array<Import>}
 */
export const importsOf = (from, source) => {
  const code = codeOf(source)
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\s+(type\b(?!\s*(?:,|from)))?[^"'`;=]*?\bfrom\s*["']([^"']+)["']/gm),
    ...code.matchAll(/^\s*import\s*()["']([^"']+)["']/gm),
    ...code.matchAll(/\bimport\s*\(\s*()["']([^"']+)["']/g)
  ]
  return found.map(([, type, specifier = ""]) => ({
    from,
    specifier,
    target: specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined,
    typeOnly: type === "type"
  }))
}

/** The package that a bare specifier names. @param {string} specifier */
const packageOf = (specifier) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

/** Why one import is not allowed, if so. @param {Import} edge @returns {string | undefined} */
const judge = ({ from, specifier, target }) => {
  const part = partOf(from)
  if (floorOf(part) < 0) return `"${part}" has no floor in scripts/arrows.mjs`
  if (target === undefined) {
    if (isHook(from) && !isBuiltin(specifier)) return "the gate's hook imports policy and Node alone"
    if (packageOf(specifier) === "@effect/platform-node" && part !== "bin") {
      return "the program alone chooses the platform: src/bin*.ts"
    }
    return undefined
  }
  if (target === "package.json") return undefined
  if (!target.startsWith("src/")) return "src imports nothing from outside itself"
  const other = partOf(target)
  if (isHook(from) && !isHook(target) && other !== "policy") return "the gate's hook imports policy and Node alone"
  if (floorOf(other) < 0) return `"${other}" has no floor in scripts/arrows.mjs`
  if (part === other) return undefined
  if (floorOf(other) > floorOf(part)) return `${part} is below ${other}`
  if (part !== "bin" && faces.includes(other)) return "a face is imported by the program alone"
  if (other === "scripted" && !usersOfScripted.includes(part)) return "the scripted model is not for real runs"
  return undefined
}

/**
 * Every circle in a graph, each once, as the path around it.
 * @param {Map<string, ReadonlyArray<string>>} graph
 */
const circles = (graph) => {
  /** @type {Array<Array<string>>} */
  const found = []
  const done = new Set()
  /** @param {string} node @param {ReadonlyArray<string>} path */
  const visit = (node, path) => {
    const start = path.indexOf(node)
    if (start >= 0) found.push([...path.slice(start), node])
    if (start >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return found
}

/** @param {ReadonlyArray<readonly [string, string]>} pairs @returns {Map<string, ReadonlyArray<string>>} */
const graphOf = (pairs) =>
  new Map([...new Set(pairs.map(([from]) => from))].map((node) => [
    node,
    [...new Set(pairs.flatMap(([from, to]) => from === node ? [to] : []))]
  ]))

/**
 * What is loaded with a file: each file reached at run time, with the way to it.
 * @param {ReadonlyArray<string>} entries
 * @param {ReadonlyArray<Import>} imports
 */
const loadedWith = (entries, imports) => {
  const values = imports.filter(({ typeOnly }) => !typeOnly)
  const reached = new Set(entries)
  for (const file of reached) {
    for (const { from, target } of values) if (from === file && target !== undefined) reached.add(target)
  }
  return values.filter(({ from, target }) => target === undefined && reached.has(from))
}

/**
 * Every import that breaks the rules, a line each.
 * @param {Record<string, string>} files the sources by path, such as `src/run/runTask.ts`
 * @param {ReadonlySet<string>} declared the packages an installed library has: dependencies and peers
 * @returns {Array<string>}
 */
export const arrows = (files, declared) => {
  const imports = Object.entries(files).flatMap(([path, source]) => importsOf(path, source))
  const local = imports.flatMap(({ from, target }) =>
    target === undefined ? [] : [/** @type {const} */ ([from, target])]
  )
  const parts = local.map(([from, to]) => /** @type {const} */ ([partOf(from), partOf(to)]))
  const hooks = Object.keys(files).filter(isHook)
  return [
    ...imports.flatMap((edge) => {
      const reason = judge(edge)
      return reason === undefined ? [] : [`${edge.from} imports ${edge.specifier}: ${reason}`]
    }),
    ...circles(graphOf(local)).map((path) => `circle: ${path.join(" -> ")}`),
    ...circles(graphOf(parts.filter(([from, to]) => from !== to))).map((path) =>
      `circle of folders: ${path.join(" -> ")}`
    ),
    ...loadedWith(hooks, imports)
      .filter(({ from, specifier }) => !isHook(from) && /^(effect$|effect\/|@effect\/)/.test(specifier))
      .map(({ from, specifier }) =>
        `${from} imports ${specifier}: it is loaded with the gate's hook, which has no Effect`
      ),
    ...loadedWith(libraryEntries.filter((entry) => entry in files), imports)
      .filter(({ specifier }) => !isBuiltin(specifier) && !declared.has(packageOf(specifier)))
      .map(({ from, specifier }) =>
        `${from} imports ${specifier}: the library reaches it, and it is neither a dependency nor a peer`
      )
  ]
}
