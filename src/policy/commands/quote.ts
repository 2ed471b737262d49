/** Text that bash, dash, zsh and every other POSIX shell read back as the one word given. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
