/** What one kind of project brings to a configuration. */
export interface Finding {
  readonly name: string
  readonly commands: ReadonlyArray<{ readonly command: string; readonly why: string }>
  /** Of the root, holding sources or tests. */
  readonly folders: ReadonlyArray<string>
  readonly globs?: ReadonlyArray<string>
  readonly lockfile: boolean
  /** Where its dependencies lie, in the checkout. */
  readonly dependencies: string | null
  readonly install: string | null
  /** Whole sentences on what nobody but the user can decide. */
  readonly notes: ReadonlyArray<string>
}
