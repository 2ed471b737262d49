/** Programs for other processes, written in a test with the sources at hand. */
import * as Effect from "effect/Effect"
import { buildSync } from "esbuild"
import { execFile, spawnSync } from "node:child_process"
import * as Path from "node:path"

/** Bundles a program for Node into a folder; its imports are relative to the project's root. Gives its path. */
export const bundle = (folder: string, contents: string): string => {
  const outfile = `${folder}/program.mjs`
  buildSync({
    stdin: { contents, resolveDir: Path.resolve("."), loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  })
  return outfile
}

/**
 * Runs a program to its end. What takes more than a moment must not hold up the worker: a minute without an answer,
 * and vitest gives it up.
 */
export const toEnd = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env: Readonly<Record<string, string>> }
) =>
  Effect.async<{ code: number | null; signal: string | null; stdout: string; stderr: string }>((resume) => {
    const child = execFile(
      command,
      args,
      { ...options, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) =>
        resume(Effect.succeed({ code: child.exitCode, signal: child.signalCode, stdout, stderr }))
    )
    child.stdin?.end()
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/**
 * Runs a bundled program as somebody whom permissions hold: root is above them,
 * as long as it has its capabilities. Its end, with both outputs.
 */
export const runWithoutPrivileges = (program: string, ...args: ReadonlyArray<string>) => {
  const drop = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []
  const [command = "", ...rest] = [...drop, process.execPath, program, ...args]
  const { status, stderr, stdout } = spawnSync(command, rest, { encoding: "utf8" })
  return { status, stdout, stderr }
}
