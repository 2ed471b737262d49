/** What ignore files leave out. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { Git, type GitTarget, joinNul, splitNul } from "./Git.ts"

export const isIgnoreFile = (path: string): boolean => path === ".gitignore" || path.endsWith("/.gitignore")

/** As many as one call of git is told of: a task may make hundreds of thousands of files. */
const pathsAtOnce = 20_000

/** Which of these paths the ignore files of the target's tree leave out, tracked or not; none of them need be there. */
export const ignoredIn = Effect.fn("git.ignoredIn")(function*(target: GitTarget, paths: ReadonlyArray<string>) {
  const ignored = new Set<string>()
  for (const some of Arr.chunksOf(paths, pathsAtOnce)) {
    for (const path of yield* ask(target, some)) ignored.add(path)
  }
  return ignored
})

const ask = Effect.fnUntraced(function*(target: GitTarget, paths: ReadonlyArray<string>) {
  const git = yield* Git
  const answer = yield* git.run({
    target,
    // It takes paths for pathspecs and refuses the literal ones: `./` keeps a colon at the start from being magic.
    args: ["--no-literal-pathspecs", "check-ignore", "--no-index", "-z", "--stdin"],
    stdin: joinNul(paths.map((path) => `./${path}`)),
    accept: [0, 1],
    timeout: "1 minute"
  })
  return splitNul(answer.stdout).map((path) => path.slice(2))
})
