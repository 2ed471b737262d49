/**
 * How Codex starts the hook program, and how it comes to trust it.
 *
 * Codex lets a call through when its hook crashes, hangs, is missing or answers
 * nonsense. So a shell stands around the program: unless it ends in time, with a
 * code that nothing but a decision ends it with, the shell says no. The text is
 * the same for every task, and so is the hash by which Codex trusts it; the
 * task's policy is found by a variable.
 */

/** How the program ends once it has decided. An empty or foreign program ends with 0, one that crashes with 1. */
export const endCodes = { allowed: 42, denied: 43 } as const

/** Seconds the hook program may take, and those after which Codex would stop waiting and let the call through. */
const hookSeconds = 8
const codexSeconds = 30

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/**
 * For any POSIX shell; starts nothing but the program and `/bin/sleep`. To end
 * with 2, and something said on stderr, is a denial whatever stands on stdout:
 * the user's own shell may have printed there before.
 */
export const hookCommand = (node: string, program: string, seconds: number = hookSeconds): string =>
  [
    // What would load foreign code; and certificates, which Node would read for longer than the program takes.
    "unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE LD_PRELOAD NODE_EXTRA_CA_CERTS",
    // A background process gets no standard input unless it is handed on.
    "exec 3<&0",
    `${quote(node)} ${quote(program)} <&3 & gate=$!`,
    // The watch ends its own sleep, so that nothing outlives the call; before it has one, $! is still the program's.
    `( trap '[ $! = $gate ] || kill $!; exit' TERM; exec 3<&- >/dev/null 2>&1; ` +
    `/bin/sleep ${seconds} & wait $!; kill -9 $gate ) & watch=$!`,
    "wait $gate; end=$?; kill $watch 2>/dev/null",
    `[ $end -eq ${endCodes.allowed} ] && exit 0`,
    `[ $end -eq ${endCodes.denied} ] || echo 'The policy gate gave no answer: denied.' >&2`,
    "exit 2"
  ].join("\n")

/** The `-c` settings of one invocation: the hook, before every tool, and the hash that makes Codex trust it. */
export const hookSettings = (command: string, trustedHash: string | undefined): ReadonlyArray<string> => [
  `hooks.PreToolUse=[{matcher=".*",hooks=[{type="command",command=${
    JSON.stringify(command)
  },timeout=${codexSeconds}}]}]`,
  ...(trustedHash === undefined
    ? []
    : [`hooks.state={"${hookKey}"={enabled=true,trusted_hash=${JSON.stringify(trustedHash)}}}`])
]

/** What Codex calls a hook that the command line gave it. */
export const hookKey = "/<session-flags>/config.toml:pre_tool_use:0:0"
