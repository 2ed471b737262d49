/** A small copy of the package to seed with faults: our scripts and settings, sources of its own. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const copied = [
  ".ci",
  ".oxlintrc.json",
  "LICENSE",
  "dprint.json",
  "package-lock.json",
  "package.json",
  "scripts",
  "tsconfig.build.json",
  "tsconfig.json",
  "vitest.config.ts"
]

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Project {
  readonly folder: string
  readonly write: (files: Record<string, string>) => Promise<void>
  readonly run: (program: string, args: ReadonlyArray<string>, env?: Record<string, string>) => Promise<Run>
  /** `npm run check -- <names>` */
  readonly check: (...names: ReadonlyArray<string>) => Promise<Run>
}

/** Packages by link, but a folder of its own: what is written into it stays in the copy. */
const linkPackages = async (folder: string) => {
  const packages = join(root, "node_modules")
  await mkdir(join(packages, ".cache", "dprint"), { recursive: true })
  await mkdir(join(folder, "node_modules", ".cache"), { recursive: true })
  const names = (await readdir(packages)).filter((name) => name !== ".cache")
  for (const name of [...names, ".cache/dprint"]) {
    await symlink(join(packages, name), join(folder, "node_modules", name))
  }
}

export const withProject = async <A>(files: Record<string, string>, use: (project: Project) => Promise<A>) => {
  const folder = await mkdtemp(join(tmpdir(), "codex-runner-tooling-"))
  const write: Project["write"] = async (contents) => {
    for (const [path, text] of Object.entries(contents)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  }
  const run: Project["run"] = (program, args, env = {}) =>
    new Promise((resolve) => {
      execFile(program, args, { cwd: folder, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1
        resolve({ code, stdout, stderr })
      })
    })
  try {
    // Scripts in TypeScript read the sources of the real package.
    const filter = (path: string) => !path.startsWith(join(root, "scripts")) || !path.endsWith(".ts")
    for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true, filter })
    await linkPackages(folder)
    await write(files)
    return await use({
      folder,
      write,
      run,
      check: (...names) => run(process.execPath, ["scripts/check.mjs", ...names])
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
