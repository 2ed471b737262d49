import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

// Tests see nothing of who runs them: no keys, no homes of other tools, and no
// repository (a git hook that starts the tests exports GIT_DIR and GIT_INDEX_FILE).
for (const name of Object.keys(process.env)) {
  if (/^(CODEX|OPENAI|XDG|GIT)_/.test(name)) delete process.env[name]
}

/** Each limit is for what hangs, not for what is slow: a machine can be busy. */
const tier = (
  name: string,
  pool: "threads" | "forks",
  seconds: number,
  include: string,
  exclude: Array<string> = []
) => ({
  extends: true as const,
  test: {
    name,
    include: [include],
    exclude,
    pool,
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
    // Processes are started only after the pure tests, which keep every core busy.
    sequence: { groupOrder: pool === "threads" ? 0 : 1 }
  }
})

export default defineConfig({
  test: {
    env: {
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "Test",
      GIT_AUTHOR_EMAIL: "test@example.invalid",
      GIT_COMMITTER_NAME: "Test",
      GIT_COMMITTER_EMAIL: "test@example.invalid"
    },
    poolOptions: {
      // One module cache for all tests of a worker: Effect is loaded once, not once a file.
      threads: { minThreads: 1, maxThreads: availableParallelism(), isolate: false },
      // As many from the beginning: with fewer, the pool ends some in the middle of their work.
      forks: { minForks: 4, maxForks: 4, isolate: false }
    },
    projects: [
      tier("unit", "threads", 60, "test/**/*.test.ts", ["test/**/*.{process,long}.test.ts", "test/e2e/**"]),
      tier("process", "forks", 180, "test/**/*.process.test.ts", ["test/e2e/**"]),
      tier("e2e", "forks", 300, "test/e2e/**/*.test.ts", ["test/**/*.long.test.ts"]),
      // What takes a minute a file, and breaks seldom: `npm run endure`.
      tier("long", "forks", 600, "test/**/*.long.test.ts")
    ]
  }
})
