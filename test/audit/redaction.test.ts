import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { makeRedactor, type Redactor, secretsOf } from "../../src/audit/redaction.ts"
import { harmless, named, pem, tokens } from "./redactionCorpus.ts"

const literals = ["correct-horse-battery", "line one\nline two\n", "a b&c=\"d\"", "postgres"]
const redactor = makeRedactor([])
const withLiterals = makeRedactor(literals)

/** The text in pieces of the given lengths, over and over. */
const inPieces = ({ stream }: Redactor, text: string, lengths: ReadonlyArray<number>): string => {
  const { end, push } = stream()
  const out: Array<string> = []
  for (let from = 0, turn = 0; from < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    out.push(push(text.slice(from, from + length)))
    from += length
  }
  out.push(end())
  return out.join("")
}

/** Fragments of secrets, of what is around them, and of neither. */
const text = fc.array(
  fc.oneof(
    fc.constantFrom(...tokens.map(([, token]) => token), ...named.map(([from]) => from), ...harmless, ...literals),
    fc.constantFrom(
      "token",
      "=",
      "\"",
      "'",
      ":",
      " ",
      "\n",
      "\\",
      "\\n",
      "@",
      "://",
      "[",
      "(",
      ".",
      "-",
      "_",
      "%20",
      "😀"
    ),
    fc.constantFrom(...tokens.map(([, token]) => token)).chain((token) =>
      fc.nat(Math.min(token.length, 80)).map((length) => token.slice(0, length))
    ),
    fc.constantFrom("a".repeat(400), "A1".repeat(900), " ".repeat(800), "eyJ", "-----END PRIVATE KEY-----"),
    fc.string({ maxLength: 8 })
  ),
  { maxLength: 12 }
).map((parts) => parts.join(""))

describe("what is masked", () => {
  it.each(tokens)("a token by its shape: %s", (_, token, label) => {
    for (
      const [before, after] of [["", ""], ["see ", " there"], ["\"", "\","], ["(", ")"], ["\\n", "\\n"], ["x=", "\n"]]
    ) {
      assert.strictEqual(redactor.text(`${before}${token}${after}`), `${before}[redacted:${label}]${after}`)
    }
  })

  it.each(named.map(([from, masked]) => [masked.split("\n", 1)[0], from, masked] as const))("%j", (_, from, masked) => {
    assert.strictEqual(redactor.text(from), masked)
  })

  it("every secret of a text, and nothing else of it", () => {
    const all = tokens.map(([, token], index) => `${index}: ${token};\n`).join("")
    const masked = tokens.map(([, , label], index) => `${index}: [redacted:${label}];\n`).join("")
    assert.strictEqual(redactor.text(all), masked)
  })

  it("a token however long it is", () => {
    const token = "gh" + "p_" + "a1".repeat(100_000)
    assert.strictEqual(redactor.text(`${token} end`), "[redacted:github-token] end")
    assert.strictEqual(redactor.text(`API_KEY="${"x y".repeat(50_000)}" end`), `API_KEY="[redacted:key]" end`)
  })

  it("a private key with text on both sides, and the next one", () => {
    assert.strictEqual(
      redactor.text(`a\n${pem()}\nb\n${pem("EC ")}\nc`),
      "a\n[redacted:private-key]\nb\n[redacted:private-key]\nc"
    )
  })
})

describe("what stays", () => {
  it.each(harmless)("%j", (from) => {
    assert.strictEqual(redactor.text(from), from)
  })
})

describe("the values of secrets", () => {
  it("wherever they stand, also as JSON or a URL writes them", () => {
    const value = literals[2] ?? ""
    for (const written of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
      assert.strictEqual(withLiterals.text(`x${written}y`), "x[redacted:environment-secret]y")
    }
    assert.strictEqual(withLiterals.text("line one\nline two\n!"), "[redacted:environment-secret]!")
  })

  it("the whole value, also where a part of it has a shape or a name", () => {
    const token = "gh" + "p_" + "a1".repeat(18)
    const secret = `${token}!and the rest`
    assert.strictEqual(makeRedactor([secret]).text(`x ${secret} y`), "x [redacted:github-token] y")
    assert.strictEqual(makeRedactor(["two words"]).text("X_KEY=two words."), "X_KEY=[redacted:key]")
  })

  it("also where it is an address with a password, or only a part of one", () => {
    const address = "postgres://user:p4ss@db/x?y=z"
    assert.strictEqual(makeRedactor([address]).text(`at ${address}.`), "at [redacted:environment-secret].")
    assert.strictEqual(
      makeRedactor(["user-name"]).text("https://user-name:p4ss@host"),
      "https://[redacted:environment-secret]:[redacted:url-password]@host"
    )
  })

  it("the longer of two that begin alike", () => {
    const both = makeRedactor(["longsecret", "longsecret-and-more"])
    assert.strictEqual(
      both.text("longsecret-and-more longsecret-"),
      "[redacted:environment-secret] [redacted:environment-secret]-"
    )
  })

  it("not short ones: they are everyday words", () => {
    assert.strictEqual(makeRedactor(["short", ""]).text("a short text"), "a short text")
  })

  it("longer than any shape, in pieces", () => {
    const secret = "s3cret ".repeat(2_000)
    assert.strictEqual(inPieces(makeRedactor([secret]), `a${secret}b`, [97]), "a[redacted:environment-secret]b")
  })

  it("of an environment are those with a secret's name", () => {
    assert.deepStrictEqual(
      secretsOf({
        CODEX_API_KEY: "value-one",
        github_token: " value-two ",
        DB_PASSWORD: "value-three",
        PGPASSWORD: "value-four",
        APP_SECRET: "value-five",
        SAME_SECRET: "value-five",
        PATH: "/usr/bin:/bin",
        KEYBOARD: "qwertyuiop",
        TOKENIZER: "sentencepiece",
        SHORT_KEY: "1234567",
        MISSING_KEY: undefined
      }),
      ["value-one", "value-two", "value-three", "value-four", "value-five"]
    )
  })
})

describe("in pieces", () => {
  it("any pieces make up what the whole gives", () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 5 }),
        (whole, lengths) => {
          assert.strictEqual(inPieces(withLiterals, whole, lengths), withLiterals.text(whole))
          assert.strictEqual(inPieces(withLiterals, whole, [1]), withLiterals.text(whole))
        }
      ),
      { numRuns: 300 }
    )
  })

  it("redacting twice is redacting once", () => {
    fc.assert(
      fc.property(text, (whole) => {
        const once = withLiterals.text(whole)
        assert.strictEqual(withLiterals.text(once), once)
      }),
      { numRuns: 500 }
    )
  })

  it("holds back a bounded part only, and never half a character", () => {
    for (const unit of ["some text 😀 ", "😀", "x😀"]) {
      const { push } = redactor.stream()
      let came = push("x").length
      for (let n = 0; n < 10_000; n++) {
        const piece = push(unit)
        assert.notMatch(piece, /\p{Surrogate}/u)
        came += piece.length
      }
      assert.isBelow(10_000 * unit.length - came, 4_096)
    }
  })

  it("what came before a piece still counts", () => {
    for (let length = 1_000; length < 1_100; length++) {
      // A part of a longer word, not a key.
      const whole = `${"x".repeat(length)}sk-${"a1".repeat(20)} ${"y ".repeat(1_500)}`
      assert.strictEqual(inPieces(redactor, whole, [1]), whole)
    }
  })

  it("a private key that never ends is not waited for", () => {
    const { push } = redactor.stream()
    let out = push(pem().slice(0, 200))
    for (let n = 0; n < 100; n++) out += push(" a (line) of text\n".repeat(100))
    assert.isAbove(out.length, 100_000)
  })

  it.effect("as a stream", () =>
    Effect.gen(function*() {
      const token = tokens[0]?.[1] ?? ""
      const pieces = yield* Stream.make("key: ", token.slice(0, 9), token.slice(9), " end").pipe(
        redactor.transform,
        Stream.runCollect
      )
      assert.strictEqual(Chunk.join(pieces, ""), "key: [redacted:openai-key] end")
    }))
})

describe("hostile text", () => {
  it.each([
    "a",
    "eyJ",
    "eyJa.",
    " eyJaaaaaaaa",
    "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA\n",
    "-----BEGIN ",
    "http://",
    "http://a:",
    "sk-",
    "token=",
    "token = ",
    "\\",
    "\\\"",
    "password=\\\"",
    "ghp_",
    "[0;",
    "%20",
    "Bearer ",
    "authorization: ",
    "access-",
    "[redacted:",
    "\ud83d"
  ])("a megabyte of %j is got through", (unit) => {
    const whole = unit.repeat(1_000_000 / unit.length)
    assert.isAtMost(redactor.text(whole).length, 2 * whole.length)
  })
})
