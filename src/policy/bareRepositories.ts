/**
 * Folders that git takes for a repository, though none is called `.git`. Whoever runs git inside of one, be it by a
 * prompt in a shell, runs what its configuration names, aliases among it.
 */
import { type ChangedFile, foldPath, withParents } from "../domain/Changes.ts"

/** Those that a task has changed or made; `others` are the base commit's paths, folders included, by their folded form. */
export const bareRepositories = (
  files: ReadonlyArray<ChangedFile>,
  others: ReadonlyMap<string, string>
): ReadonlyArray<string> => {
  const written = files.filter(({ status }) => status !== "D").flatMap(({ path }) => withParents(path))
  const gone = new Set(files.filter(({ status }) => status === "D").map(({ path }) => path))
  const present = new Set([
    ...[...others].filter(([, path]) => !gone.has(path)).map(([folded]) => folded),
    ...written.map(foldPath)
  ])
  const isRepository = (folder: string): boolean => {
    const has = (name: string) => present.has(foldPath(folder === "" ? name : `${folder}/${name}`))
    return has("HEAD") && (has("commondir") || (has("objects") && has("refs")))
  }
  return [...new Set(["", ...written])].filter(isRepository)
}
