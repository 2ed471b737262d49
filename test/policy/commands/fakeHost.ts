import { dirname, join } from "node:path"
import type { CommandHost } from "../../../src/policy/commands/model.ts"

/** A file system in memory: folders, files and symlinks by absolute path. */
export interface FakeTree {
  readonly folders: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
  readonly links: Readonly<Record<string, string>>
  /** Names of programs, found in /usr/bin unless they are paths. */
  readonly programs: ReadonlyArray<string>
}

export const fakeHost = (tree: FakeTree): CommandHost => {
  const folders = new Set(["/"])
  const addFolder = (path: string): void => {
    if (folders.has(path)) return
    folders.add(path)
    addFolder(dirname(path))
  }
  const files = new Set(tree.files)
  const links = new Map(Object.entries(tree.links))
  for (const path of tree.folders) addFolder(path)
  for (const path of [...files, ...links.keys()]) addFolder(dirname(path))

  const realpath = (path: string, depth = 0): string | undefined => {
    if (depth > 10) return undefined
    let real = "/"
    for (const part of path.split("/")) {
      if (part === "" || part === ".") continue
      const next = part === ".." ? dirname(real) : join(real, part)
      const target = links.get(next)
      const found: string | undefined = target === undefined
        ? (folders.has(next) || files.has(next) ? next : undefined)
        : realpath(target.startsWith("/") ? target : `${real}/${target}`, depth + 1)
      if (found === undefined) return undefined
      real = found
    }
    return real
  }
  return {
    realpath,
    isDirectory: (path) => folders.has(realpath(path) ?? ""),
    resolveProgram: (name) => {
      const found = tree.programs.find((program) => program === name || program.endsWith(`/${name}`))
      return found === undefined || found.startsWith("/") ? found : `/usr/bin/${found}`
    },
    list: (path) =>
      folders.has(path)
        ? [...folders, ...files, ...links.keys()].filter((entry) => entry !== "/" && dirname(entry) === path)
          .map((entry) => entry.slice(path === "/" ? 1 : path.length + 1))
        : undefined
  }
}

export const worktree = "/wt"

export const repository: FakeTree = {
  folders: [
    "/wt/src/deep",
    "/wt/packages/b",
    "/wt/node_modules/x",
    "/wt/nested/sub",
    "/wt/nested/.git",
    "/wt-other",
    "/outside/dir"
  ],
  files: [
    "/wt/.git",
    "/wt/package.json",
    "/wt/README.md",
    "/wt/-dash.txt",
    "/wt/gradlew",
    "/wt/packages/a/package.json",
    "/wt/packages/a/gradlew",
    "/wt/packages/a/.hidden.json",
    "/wt/packages/b/package.json",
    "/wt/src/a.ts",
    "/wt/src/b.ts",
    "/wt/src/-x.ts",
    "/wt/linked/b.ts",
    "/wt/tests/test_a.py",
    "/wt/with space/notes.md",
    "/wt/scripts/check.mjs",
    "/wt/scripts/run.sh",
    "/wt-other/x",
    "/outside/secret",
    "/etc/passwd",
    "/dev/null",
    "/dev/stdin"
  ],
  links: {
    "/wt/link-out": "/outside",
    "/wt/link-in": "src",
    "/wt/src/to-stdin": "/proc/self/fd/0",
    "/wt/linked/link.ts": "../../outside/secret"
  },
  programs: [
    ..."ls cat head tail wc nl sed grep rg find pwd true echo sort uniq cut stat file git".split(" "),
    ..."npm npx pnpm yarn bun env timeout node python pytest cargo go make printf bash".split(" ")
  ]
}

export const allowedCommands: ReadonlyArray<string> = [
  "npm test",
  "npm run lint",
  "npx tsc --noEmit",
  "pnpm test",
  "yarn test",
  "bun test",
  "pytest",
  "python -m pytest",
  "node --test",
  "node scripts/check.mjs",
  "bash scripts/run.sh",
  "cargo test",
  "go test",
  "make check",
  "./gradlew test",
  "printf"
]
