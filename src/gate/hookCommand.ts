/**
 * How Codex starts the hook program, and how it comes to trust it.
 *
 * Codex lets a call through when its hook crashes, hangs, is missing or answers
 * nonsense. So a shell stands around the program: unless it ends in time, with a
 * code that nothing but a decision ends it with, the shell says no. The text is
 * the same for every task, and so is the hash by which Codex trusts it; the
 * task's policy is found by a variable.
 */

import { policyVariable } from "./policyFile.ts"

/** How the program ends once it has decided. An empty or foreign program ends with 0, one that crashes with 1. */
export const endCodes = { allowed: 42, denied: 43 } as const

/** Beside the task's policy: a line for each call that was denied because the program came to no decision. */
export const unansweredSuffix = ".unanswered"

/** Seconds the hook program may take. */
const hookSeconds = 8

/**
 * Seconds after which Codex would stop waiting and let the call through: longer than any task may take. Where
 * processes are short, bash alone waits half a minute for its two.
 */
const codexSeconds = 86_400

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const noAnswer = "echo 'The policy gate gave no answer: denied.' >&2; exit 2"

export interface HookOptions {
  /** The file name of the binary that asks. */
  readonly codex?: string
  /** That the program may take. */
  readonly seconds?: number | undefined
}

/**
 * For any POSIX shell; starts nothing but `/bin/sh`, the program and `/bin/sleep`. To end with 2, and something said
 * on stderr, is a denial whatever stands on stdout: the user's own shell may have printed there before.
 */
export const hookCommand = (node: string, program: string, options: HookOptions = {}): string =>
  // Not the user's own shell: zsh that can start no process ends with 1, whatever it was told to do at its end.
  `trap ${quote(noAnswer)} EXIT\nexec /bin/sh -c ${quote(guarded(node, program, options))}`

/** What Codex may have running at once, calls and commands: above `atWork` a call is denied, above `atMost` Codex ends. */
export const calls = { atWork: 24, atMost: 96 } as const

/** Beside the task's policy where Codex was ended because it made too many calls at once. */
export const floodedSuffix = ".flooded"

/**
 * A model that makes hundreds of calls at once brings Codex to where it can't start the hook, and then it lets the call
 * through. So few of them are judged at a time, and long before that Codex is ended. Builtins alone: to start a program
 * takes longer. Only Linux lists the children of a process, and knows it by the first 15 letters of its file's name: of a
 * Codex that is gone, somebody else has taken the children over.
 */
const tooMany = (codex: string) => [
  `n=0; for list in /proc/$PPID/task/*/children; do line=; read -r line <$list; set -- $line; n=$((n + $#)); ` +
  `done 2>/dev/null`,
  `if [ $n -gt ${calls.atMost} ] && read -r name </proc/$PPID/comm && [ "$name" = ${quote(codex.slice(0, 15))} ]; then`,
  // Told first: whoever sees that Codex has ended looks for why.
  `[ -z "$${policyVariable}" ] || echo >> "$${policyVariable}${floodedSuffix}"; kill -9 $PPID; fi`,
  `if [ $n -gt ${calls.atWork} ]; then ` +
  `echo 'More than ${calls.atWork} calls and commands at once: make fewer at a time.' >&2; exit 2; fi`
]

const guarded = (
  node: string,
  program: string,
  { codex = "codex", seconds = hookSeconds }: HookOptions
): string =>
  [
    // However this shell ends (one that can start no process ends at once, by a code of its own), that is a denial
    // until there is a decision. The program has logged nothing.
    "gate=",
    `trap ${
      quote(
        `[ -z "$gate" ] || kill -9 $gate; [ -z "$${policyVariable}" ] || echo >> "$${policyVariable}${unansweredSuffix}"; ` +
          noAnswer
      )
    } EXIT`,
    ...tooMany(codex),
    // What would load foreign code; and certificates, which Node would read for longer than the program takes.
    "unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE LD_PRELOAD NODE_EXTRA_CA_CERTS",
    // A background process gets no standard input unless it is handed on.
    "exec 3<&0",
    `${quote(node)} ${quote(program)} <&3 & gate=$!`,
    // The watch ends its own sleep, so that nothing outlives the call; before it has one, $! is still the program's.
    `( trap '[ $! = $gate ] || kill $!; exit' TERM; exec 3<&- >/dev/null 2>&1; ` +
    `/bin/sleep ${seconds} & wait $!; kill -9 $gate ) & watch=$!`,
    "wait $gate; end=$? gate=; kill $watch 2>/dev/null",
    `[ $end -eq ${endCodes.allowed} ] && trap - EXIT && exit 0`,
    `[ $end -eq ${endCodes.denied} ] && trap - EXIT && exit 2`,
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
