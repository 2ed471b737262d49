/** The declarations that the package ships, read as a consumer's compiler reads them. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript5"

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")
const dist = join(root, "dist")
const entries = ["index.d.ts", "testing.d.ts"].map((name) => join(dist, name))
const missing = entries.find((entry) => !existsSync(entry))
if (missing !== undefined) throw new Error(`There is no ${missing}: run \`npm run build\` first.`)

const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  types: ["node"],
  skipLibCheck: true
})
const checker = program.getTypeChecker()
const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${dist}/`))

/** What a name stands for, wherever it was imported from. */
const resolved = (symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

const exportsOf = (symbol: ts.Symbol): ReadonlyArray<ts.Symbol> =>
  checker.getExportsOfModule(symbol).map(resolved).flatMap((one) =>
    (one.flags & ts.SymbolFlags.ValueModule) === 0 ? [one] : exportsOf(one)
  )

/** A node and all below, comments left out. */
const nodesIn = (node: ts.Node): ReadonlyArray<ts.Node> => {
  const found: Array<ts.Node> = [node]
  ts.forEachChild(node, (child) => void found.push(...nodesIn(child)))
  return found
}

const inOurs = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((one) => one.getSourceFile().fileName.startsWith(`${dist}/`)) === true

/** What stands at the top of a file, and could be exported. */
const isTopLevel = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((one) =>
    ts.isVariableDeclaration(one)
      ? ts.isSourceFile(one.parent.parent.parent)
      : !ts.isSourceFile(one) && ts.isSourceFile(one.parent)
  ) === true

/** The compiler's own name for what a class extends: not a name that anybody could need, but what stands in it counts. */
const isBase = (symbol: ts.Symbol): boolean => symbol.name.endsWith("_base")

/** The names of ours that a declaration mentions. */
const mentionedBy = (symbol: ts.Symbol): ReadonlyArray<ts.Symbol> =>
  (symbol.declarations ?? []).flatMap(nodesIn).flatMap((node) => {
    const found = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
    const named = found === undefined ? undefined : resolved(found)
    return named === undefined || named === symbol || !inOurs(named) || !isTopLevel(named) ? [] : [named]
  })

describe("the declarations", () => {
  const open = new Set(entries.flatMap((entry) => {
    const file = program.getSourceFile(entry)
    const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file)
    return symbol === undefined ? [] : exportsOf(symbol)
  }))

  it("export every type that an exported one mentions", () => {
    const known = new Set(open)
    const forgotten = new Set<string>()
    for (const symbol of known) {
      for (const named of mentionedBy(symbol)) {
        if (isBase(named)) known.add(named)
        else if (!open.has(named)) forgotten.add(`${symbol.name} mentions ${named.name}`)
      }
    }
    assert.isAbove(open.size, 50)
    assert.deepStrictEqual([...forgotten].sort(), [])
  })

  it("say what each export is", () => {
    const bare = [...open].filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
    assert.deepStrictEqual(bare.map(({ name }) => name).sort(), [])
  })

  it("hold no any", () => {
    const found = ours.flatMap((file) =>
      nodesIn(file).filter(({ kind }) => kind === ts.SyntaxKind.AnyKeyword).map((node) =>
        `${file.fileName}: ${node.parent.getText()}`
      )
    )
    assert.deepStrictEqual(found, [])
  })

  it("ask for nothing but the peers and Node", () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const asked = ours.flatMap((file) =>
      nodesIn(file).flatMap((node) => {
        const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
          ? node.moduleSpecifier
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined
        return specifier !== undefined && ts.isStringLiteral(specifier) ? [specifier.text] : []
      })
    )
    const others = asked.filter((name) =>
      !name.startsWith(".") && !name.startsWith("node:") &&
      !Object.keys(peerDependencies).some((peer) => name === peer || name.startsWith(`${peer}/`))
    )
    assert.deepStrictEqual(others, [])
  })
})
