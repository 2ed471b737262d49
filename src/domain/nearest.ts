/** Which known name somebody probably meant. */

/** Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`. */
const distance = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current.push(Math.min(
        (last[column] ?? Infinity) + 1,
        (current[column - 1] ?? Infinity) + 1,
        (last[column - 1] ?? Infinity) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity
      ))
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? Infinity
}

/** `allowedCommands` and `allowed-commands` are `allowed_commands`. */
const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "")

/** The candidate nearest to `name`, if one is near enough to be what was meant. */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  // Past this no candidate is near, and a hostile name would only cost time.
  if (name.length > 64) return undefined
  const wanted = bare(name)
  let best: { readonly candidate: string; readonly steps: number } | undefined
  for (const candidate of candidates) {
    const known = bare(candidate)
    const near = Math.max(1, Math.floor(candidate.length / 4))
    if (Math.abs(known.length - wanted.length) > near) continue
    const steps = distance(wanted, known)
    if (steps <= near && steps < (best?.steps ?? Infinity)) {
      best = { candidate, steps }
    }
  }
  // `timeout` is short for `timeout_sec`, unless it could be for another as well.
  const longer = best === undefined && wanted.length >= 4
    ? candidates.filter((candidate) => bare(candidate).startsWith(wanted))
    : []
  return best?.candidate ?? (longer.length === 1 ? longer[0] : undefined)
}
