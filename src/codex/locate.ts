/**
 * The Codex binary. npm's `codex` is a JavaScript wrapper, and a signal to it
 * can leave the real process alive: the native binary behind it is found and
 * started directly.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs"
import * as path from "node:path"
import { reasonOf } from "../domain/reasonOf.ts"
import { findProgram, isExecutable } from "../process/findProgram.ts"

/** The native binary behind `codex_command`. */
export interface CodexBinary {
  /** Absolute, symlinks resolved. */
  readonly path: string
  /** Size, times of change and inode: with the path the key under which what is known of it is cached. */
  readonly fingerprint: string
}

/** No Codex CLI where the configuration says. */
export class CodexMissing extends Schema.TaggedError<CodexMissing>()("CodexMissing", {
  command: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `ENOENT: spawn ${this.command} ENOENT (${this.reason}). Install it with: npm install -g @openai/codex`
  }
}

const triples: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin"
}

const isScript = (file: string): boolean => {
  const start = Buffer.alloc(2)
  const fd = openSync(file, "r")
  try {
    readSync(fd, start, 0, 2, 0)
  } finally {
    closeSync(fd)
  }
  return start.toString("latin1") === "#!"
}

/** The native binary that npm installed for this system beside the wrapper `codex.js`. */
const behindWrapper = (wrapper: string): string | undefined => {
  const system = `${process.platform}-${process.arch}`
  const triple = triples[system]
  if (triple === undefined || path.basename(wrapper) !== "codex.js") return undefined
  const packageRoot = path.dirname(path.dirname(wrapper))
  const vendors = [
    path.join(packageRoot, "node_modules", "@openai", `codex-${system}`, "vendor"),
    path.join(path.dirname(packageRoot), `codex-${system}`, "vendor"),
    path.join(packageRoot, "vendor")
  ]
  return vendors.flatMap((vendor) => [
    path.join(vendor, triple, "bin", "codex"),
    path.join(vendor, triple, "codex", "codex")
  ]).find(isExecutable)
}

/** Finds the binary that a configured `codex_command` stands for. */
export const locateCodex = Effect.fn("Codex.locate")(
  (command: string, searchPath: string | undefined): Effect.Effect<CodexBinary, CodexMissing> =>
    Effect.try({
      try: () => {
        const found = findProgram(command, searchPath)
        if (found === undefined) {
          throw new Error(command.includes("/") ? "no executable file there" : "not in PATH")
        }
        const real = realpathSync(found)
        const binary = isScript(real) ? behindWrapper(real) ?? real : real
        const { ctimeMs, ino, mtimeMs, size } = statSync(binary)
        return { path: binary, fingerprint: [size, Math.round(mtimeMs), Math.round(ctimeMs), ino].join("-") }
      },
      catch: (cause) => new CodexMissing({ command, reason: reasonOf(cause) })
    })
)
