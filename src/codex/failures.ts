/**
 * Why Codex failed. It gives no codes, only text: {@link failures} is the table
 * that tells them apart, first match wins, each row with a sample in the tests.
 */
import { clipEnd, plainText } from "../audit/plainText.ts"
import type { Transcript } from "../audit/Transcript.ts"
import type { ErrorKind, TaskError } from "../domain/Result.ts"
import type { Exit } from "../process/Processes.ts"

interface Failure {
  readonly kind: ErrorKind
  readonly when: RegExp
  /** Said before Codex's own words, where they don't tell a manager what is wrong. */
  readonly says?: string
  /** What to do about it. */
  readonly remedy: string
}

const failures: ReadonlyArray<Failure> = [
  {
    kind: "disk",
    when: /no space left on device|disk quota exceeded|\bENOSPC\b/i,
    remedy: "Free some disk space, then run the task again."
  },
  {
    kind: "codex_missing",
    when: /\bspawn \S+ ENOENT\b/,
    remedy: "Install the Codex CLI: npm install -g @openai/codex"
  },
  {
    kind: "auth",
    when:
      /\b401 Unauthorized\b|\b403 Forbidden\b|missing environment variable|incorrect api key|invalid api key|not logged in|access token could not be refreshed|sign in again/i,
    says: "No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'.",
    remedy: "A key or login that is there was refused, or is not the one that the model provider asks for."
  },
  {
    kind: "quota",
    when:
      /quota exceeded|insufficient_quota|hit your usage limit|usage limit reached|out of credits|spend cap|upgrade to plus/i,
    remedy: "Wait until the limit resets or raise it, then run the task again."
  },
  {
    kind: "rate_limit",
    when: /\b429 too many requests\b|rate.limit (?:exceeded|reached)|rate_limit_exceeded/i,
    remedy: "Run fewer tasks at a time (concurrency), or run the task again later."
  },
  {
    kind: "context_window",
    when: /context.window|context_length_exceeded|maximum context length/i,
    remedy: "Split the task into smaller ones, or name the files it needs in the prompt."
  },
  {
    kind: "model",
    when:
      /\bmodel\b.{0,80}(?:does not exist|not exist|is not supported|not found|is at capacity)|do not have access to (?:it|the model)|model_not_found/i,
    remedy: "Set codex_model (and codex_config, for a model provider) to one that your account can use."
  },
  {
    kind: "model",
    when: /incomplete response returned|flagged for possible|content policy|policy violation/i,
    remedy: "The model stopped before its answer was complete: ask for less in one task, or in other words."
  },
  {
    kind: "sandbox",
    when: /\bbwrap\b|bubblewrap|landlock|seccomp|codex-linux-sandbox|sandbox-exec/i,
    remedy: "Codex could not set up its sandbox here: run codex-runner doctor."
  },
  {
    kind: "network",
    when:
      /stream disconnected|error sending request|connection (?:refused|reset|closed|failed)|timed out|dns error|high demand|server overloaded|unexpected status \d{3}\b|last status: 5\d\d\b|capacity is unavailable/i,
    remedy: "The model provider could not be reached or had trouble of its own: run the task again later."
  }
]

/** Characters of Codex's own words in a message. */
const maxWords = 1_000

/** The kind that a message's text tells, undefined where it tells none. */
export const classify = (text: string): ErrorKind | undefined => failures.find(({ when }) => when.test(text))?.kind

/** A failure in Codex's own words, with a remedy where the words are known. */
const explain = (words: string, otherwise: TaskError): TaskError => {
  const failure = failures.find(({ when }) => when.test(words))
  if (failure === undefined) return otherwise
  const said = short(words)
  const message = failure.says === undefined ? sentence(said) : `${failure.says} Codex said: ${sentence(said)}`
  return { kind: failure.kind, message: `${message} ${failure.remedy}` }
}

export interface End {
  readonly transcript: Transcript
  readonly exit: Exit
  /** The last of what Codex wrote to stderr. */
  readonly stderrTail: string
}

export type Judgement = { readonly ok: true } | { readonly ok: false; readonly error: TaskError }

/**
 * Whether Codex did its turn to the end. A turn that it has reported as
 * completed counts, however the process ended afterwards: it may have had to be
 * stopped while a command still ran.
 */
export const judgeEnd = ({ exit, stderrTail, transcript }: End): Judgement => {
  switch (transcript.final._tag) {
    case "TurnCompleted":
      return { ok: true }
    case "TurnFailed": {
      const words = transcript.final.message
      return failed(explain(words, { kind: "codex_crashed", message: `Codex gave up its turn: ${short(words)}` }))
    }
    case "None":
      return failed(judgeSilence(transcript, exit, stderrTail))
  }
}

/** No end of the turn was reported: what is left to go by is the exit, stderr, and the last complaint. */
const judgeSilence = (transcript: Transcript, exit: Exit, stderrTail: string): TaskError => {
  const complaint = lastComplaint(stderrTail)
  const said = complaint === undefined ? "" : ` The last line of its stderr: ${short(complaint)}`
  const signal = exit.signal ?? signalOf(exit.code)
  if (signal !== undefined) {
    const hint = signal === "SIGKILL" ? " Where nobody killed it, memory ran out: run fewer tasks at a time." : ""
    return crashed(`Codex was ended by ${signal} before its turn was over.${said}${hint}`)
  }
  // Without an event, Codex never came to its work: its own words say what is in the way.
  const how = transcript.threadId === null
    ? `Codex could not start (exit code ${exit.code}).`
    : `Codex ended with exit code ${exit.code} in the middle of its turn.`
  const otherwise = crashed(`${how}${said}`)
  const words = complaint ?? transcript.warnings.at(-1)
  return words === undefined ? otherwise : explain(words, otherwise)
}

const failed = (error: TaskError): Judgement => ({ ok: false, error })

const crashed = (message: string): TaskError => ({ kind: "codex_crashed", message })

/** How a shell tells of a child's death by a signal, where `codex` is a script. */
const signalOf = (code: number | null): string | undefined =>
  code === 137 ? "SIGKILL" : code === 143 ? "SIGTERM" : code === 130 ? "SIGINT" : undefined

/** The last line of stderr that tells of Codex itself: no chatter, no backtrace, no tool call that went wrong. */
const lastComplaint = (stderr: string): string | undefined => {
  const lines = plainText(stderr).split("\n").map((line) => line.trimEnd()).filter((line) =>
    line !== "" &&
    !/^Reading additional input from stdin|^Stack backtrace:|^\s+\d+: |^\s+at |codex_core::tools::/.test(line)
  )
  return lines.findLast((line) => /^(?:error|thread '.*' panicked)\b/i.test(line)) ?? lines.at(-1)
}

const short = (words: string): string => clipEnd(plainText(words).trim(), maxWords, "in the task's log")

const sentence = (words: string): string => /[.!?…\]]$/.test(words) ? words : `${words}.`
