/**
 * What secrets look like by themselves. Every pattern looks at a bounded
 * stretch of text, so that a stream can be searched with a bounded window, and
 * what belongs to a secret beyond that stretch is told by `rest`.
 */

export interface Shape {
  /** What the mask says: `[redacted:<label>]`. */
  readonly label: string
  /** The source of a pattern that needs at most {@link reach} characters, look-ahead included. */
  readonly pattern: string
  /** The text that `pattern` matched stays, only `rest` is masked. */
  readonly keeps?: true
  /**
   * Sticky; what else belongs to the secret. Made of units of one or two
   * characters, each told by at most {@link restReach} characters.
   */
  readonly rest: RegExp
}

/** Characters that a pattern looks at, from its start. */
export const reach = 1024
/** Characters that a unit of a `rest` looks at, from its start; it needs all of them to be a unit. */
export const restReach = 2
/** Characters that a pattern looks back at. */
export const lookBack = 32

// A word starts here: also after an escaped line end in JSON, a colour's escape sequence, a percent-encoded byte.
const startOfWord = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[bfnrt])|(?<=\[[0-9;]{0,12}m)|(?<=%[0-9A-Fa-f]{2}))`
// The same for words that may be part of a name: `x_token`.
export const startOfPart = startOfWord.replace("_-", "")

const word = /[A-Za-z0-9_-]*/y
const dotted = /(?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*/y
const base64 = /[A-Za-z0-9+/=]*/y
const bearer = /[A-Za-z0-9._~+/=-]*/y

const pemType = "[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?"

/** A PEM private key is the one secret of many lines: its end is looked for. */
export const pemLabel = "private-key"
export const pemEnd = new RegExp(`-----END ${pemType}-----`)
/** How far from its start a private key's end is looked for: the longest RSA keys, quoted or in a diff, are half of it. */
export const pemReach = 32 * 1024

export const shapes: ReadonlyArray<Shape> = [
  // A key's name without a key after it is no secret: `text.startsWith("-----BEGIN PRIVATE KEY-----")`.
  {
    label: pemLabel,
    pattern: `-----BEGIN ${pemType}-----` +
      String.raw`(?=(?:\\[nr]|[\s+>|"',-]){0,40}(?:[A-Za-z0-9+/]{16}|[A-Z][A-Za-z-]{2,24}: ))`,
    // Where the end is missing (a text that was cut), all that could be of a key.
    rest: /[A-Za-z0-9+/=\\\s-]*/y
  },
  { label: "anthropic-key", pattern: "sk-ant-[A-Za-z0-9_-]{8}", rest: word },
  { label: "openai-key", pattern: "sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{16}", rest: word },
  // Solid, and with a digit: `sk-folding-cube` is a class name of a well-known style sheet.
  { label: "openai-key", pattern: `${startOfWord}sk-(?=[A-Za-z]{0,40}[0-9]|[A-Za-z]{40})[A-Za-z0-9]{16}`, rest: word },
  { label: "github-token", pattern: "gh[pousr]_[A-Za-z0-9]{20}", rest: dotted },
  { label: "github-token", pattern: "github_pat_[A-Za-z0-9_]{20}", rest: word },
  { label: "aws-access-key-id", pattern: "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}", rest: word },
  { label: "google-api-key", pattern: `${startOfWord}AIza[A-Za-z0-9_-]{35}`, rest: word },
  { label: "google-oauth-token", pattern: `${startOfWord}ya29\\.[A-Za-z0-9_-]{20}`, rest: dotted },
  { label: "google-oauth-secret", pattern: "GOCSPX-[A-Za-z0-9_-]{20}", rest: word },
  { label: "slack-token", pattern: "xox(?:[abeoprs]|e\\.xox[bp])-[A-Za-z0-9-]{10}", rest: word },
  { label: "slack-token", pattern: "xapp-[0-9]-[A-Za-z0-9-]{10}", rest: word },
  {
    label: "slack-webhook",
    pattern: "hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{3}",
    rest: /[A-Za-z0-9/]*/y
  },
  { label: "npm-token", pattern: "npm_[A-Za-z0-9]{30}", rest: word },
  { label: "stripe-key", pattern: "[sr]k_(?:live|test)_[A-Za-z0-9]{16}", rest: word },
  { label: "stripe-webhook-secret", pattern: `${startOfWord}whsec_[A-Za-z0-9+/]{20}`, rest: base64 },
  {
    label: "jwt",
    pattern: `${startOfWord}eyJ[A-Za-z0-9_-]{8,600}\\.eyJ[A-Za-z0-9_-]{8}`,
    rest: dotted
  },
  {
    label: "authorization",
    pattern: String.raw`[Aa]uthorization\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?` +
      String.raw`(?:[Bb]earer|[Bb]asic|[Tt]oken)[ \t]{1,4}(?=[A-Za-z0-9._~+/=-]{8})`,
    keeps: true,
    rest: bearer
  },
  {
    label: "bearer-token",
    pattern: String.raw`[Bb]earer[ \t]{1,4}(?=[A-Za-z._~+/=-]{0,80}[0-9])(?=[A-Za-z0-9._~+/=-]{20})`,
    keeps: true,
    rest: bearer
  },
  {
    label: "url-password",
    // Not a variable or a placeholder in the password's place.
    pattern: String.raw`(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^\s:/?#@'"<>[\\\x60]{0,256}:` +
      String.raw`(?![$%]?[{(<]|\$[A-Za-z_]{1,64}@|\*|\[redacted:)(?=[^\s/?#@'"<>\\\x60]{1,400}@)`,
    keeps: true,
    rest: /[^\s/?#@'"<>\\`]*/y
  }
]
