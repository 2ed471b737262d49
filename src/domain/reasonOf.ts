/** Why something went wrong, in the words of what was thrown. */
export const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)
