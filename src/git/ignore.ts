/** What ignore files leave out. */
import * as Effect from "effect/Effect"
import { Git, type GitTarget, joinNul, splitNul } from "./Git.ts"

export const isIgnoreFile = (path: string): boolean => path === ".gitignore" || path.endsWith("/.gitignore")

/** Which of these paths the ignore files of the target's tree leave out, tracked or not; none of them need be there. */
export const ignoredIn = Effect.fn("git.ignoredIn")(function*(target: GitTarget, paths: ReadonlyArray<string>) {
  if (paths.length === 0) return new Set<string>()
  const git = yield* Git
  const answer = yield* git.run({
    target,
    // It takes paths for pathspecs and refuses the literal ones: `./` keeps a colon at the start from being magic.
    args: ["--no-literal-pathspecs", "check-ignore", "--no-index", "-z", "--stdin"],
    stdin: joinNul(paths.map((path) => `./${path}`)),
    accept: [0, 1],
    timeout: "1 minute"
  })
  return new Set(splitNul(answer.stdout).map((path) => path.slice(2)))
})
