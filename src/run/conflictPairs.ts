/**
 * Which pairs of tasks could conflict at all. git finds a conflict only where
 * both sides touched a path, where one's file is the other's folder, or where
 * one adds a file to a folder that the other took files away from (it may have
 * been renamed). All other pairs need no merge to be tried.
 */
import { withParents } from "../domain/Changes.ts"
import type { TreeChange } from "../git/treeChanges.ts"

type Changes = ReadonlyArray<TreeChange>

/** The folders above a path, the root (`""`) too. */
const foldersAbove = (path: string): ReadonlyArray<string> => [...withParents(path).slice(1), ""]

/** By path, the tasks (by number) that have it. */
const gather = (tasks: ReadonlyArray<Changes>, pathsOf: (changes: Changes) => Iterable<string>) => {
  const known = new Map<string, Set<number>>()
  tasks.forEach((changes, task) => {
    for (const path of pathsOf(changes)) {
      const there = known.get(path)
      if (there === undefined) known.set(path, new Set([task]))
      else there.add(task)
    }
  })
  return known
}

export interface ConflictPairs {
  /** Numbers of tasks, the lower first, in order. */
  readonly pairs: ReadonlyArray<readonly [number, number]>
  /** How many more there are. */
  readonly leftOut: number
}

/** The first pairs, so many at most: of a thousand tasks that change one file there are half a million. */
export const conflictPairs = (tasks: ReadonlyArray<Changes>, most: number): ConflictPairs => {
  const touched = gather(tasks, (changes) => changes.map(({ path }) => path))
  const inFolders = gather(tasks, (changes) => changes.flatMap(({ path }) => withParents(path).slice(1)))
  const addedTo = gather(
    tasks,
    (changes) => changes.filter(({ before }) => before === null).flatMap(({ path }) => foldersAbove(path))
  )
  const takenFrom = gather(
    tasks,
    (changes) => changes.filter(({ after }) => after === null).flatMap(({ path }) => foldersAbove(path))
  )

  const found = new Set<number>()
  const meet = (some: ReadonlySet<number>, others: ReadonlySet<number> | undefined) => {
    for (const a of others === undefined ? [] : some) {
      for (const b of others ?? []) if (a !== b) found.add(Math.min(a, b) * tasks.length + Math.max(a, b))
    }
  }
  for (const [path, some] of touched) {
    meet(some, some)
    meet(some, inFolders.get(path))
  }
  for (const [folder, some] of addedTo) meet(some, takenFrom.get(folder))
  const pairs = [...found].sort((a, b) => a - b).slice(0, most)
    .map((pair) => [Math.floor(pair / tasks.length), pair % tasks.length] as const)
  return { pairs, leftOut: found.size - pairs.length }
}
