import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import {
  decodePlanReviewRequest,
  maxPlanCharacters,
  type PlanReview,
  planReviewJsonSchema,
  PlanReviewRequest,
  readAnswer
} from "../../src/domain/PlanReview.ts"

const problems = (request: unknown): ReadonlyArray<string> => {
  const decoded = decodePlanReviewRequest(request)
  return Either.isLeft(decoded) ? decoded.left.map(({ at, message }) => `${at}: ${message}`) : []
}

const review: PlanReview = {
  report: {
    missing_tasks: ["one", "two"],
    dependency_issues: [],
    parallelization_suggestions: [],
    test_gaps: ["three"],
    risk_flags: [],
    recommended_task_splits: []
  }
}

describe("a request for a review", () => {
  it("has 1 to 200,000 characters of plan, and as many of context", () => {
    assert.strictEqual(maxPlanCharacters, 200_000)
    assert.deepStrictEqual(problems({ plan_text: "x" }), [])
    assert.deepStrictEqual(problems({ plan_text: "x".repeat(200_000), repo_context: "y".repeat(200_000) }), [])
    assert.deepStrictEqual(problems({ plan_text: "x".repeat(200_001), repo_context: "y".repeat(300_000) }), [
      "plan_text: expected 1 to 200,000 characters, got 200,001",
      "repo_context: expected 1 to 200,000 characters, got 300,000"
    ])
    assert.deepStrictEqual(problems({ plan_text: "", repo_context: " \n\t" }), [
      "plan_text: expected 1 to 200,000 characters, got none",
      "repo_context: expected 1 to 200,000 characters, got white space alone"
    ])
  })

  it("counts characters as a person does", () => {
    assert.deepStrictEqual(problems({ plan_text: "😀".repeat(200_000) }), [])
    assert.deepStrictEqual(problems({ plan_text: `${"😀".repeat(200_000)}!` }), [
      "plan_text: expected 1 to 200,000 characters, got 200,001"
    ])
  })

  it("is told every problem at once, without a word of the plan", () => {
    assert.deepStrictEqual(problems({ plan_text: ["secret"], repo_contxt: "x" }), [
      "repo_contxt: unknown field \"repo_contxt\": did you mean \"repo_context\"?",
      "plan_text: expected a string"
    ])
    assert.deepStrictEqual(problems({ plan_text: "a\0b" }), ["plan_text: holds a NUL byte, which no text has"])
    assert.deepStrictEqual(problems({}), ["plan_text: is missing: expected a string"])
  })

  it("tells its bounds in its JSON Schema, too", () => {
    const { properties } = { properties: {}, ...JSONSchema.make(PlanReviewRequest) }
    assert.deepInclude(properties, {
      plan_text: {
        type: "string",
        description: "The plan, as text or Markdown: 1 to 200,000 characters.",
        minLength: 1,
        maxLength: 200_000
      }
    })
  })
})

describe("the schema that Codex answers by", () => {
  interface Node {
    readonly type?: string
    readonly properties?: Readonly<Record<string, Node>>
    readonly required?: ReadonlyArray<string>
    readonly additionalProperties?: boolean
  }

  it("is what strict providers take: every field required, none beside them, no reference", () => {
    const check = (node: Node) => {
      if (node.type !== "object") return
      assert.sameMembers([...(node.required ?? [])], Object.keys(node.properties ?? {}))
      assert.isFalse(node.additionalProperties)
      Object.values(node.properties ?? {}).forEach(check)
    }
    const schema = planReviewJsonSchema()
    check(schema)
    assert.notMatch(JSON.stringify(schema), /\$/)
    assert.include(
      JSON.stringify(schema),
      "\"recommended_task_splits\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}"
    )
  })
})

describe("an answer", () => {
  const wrong = (answer: string): ReadonlyArray<string> => {
    const read = readAnswer(answer, (text) => text)
    return Either.isLeft(read) ? read.left : []
  }

  it("that is by the schema is the review", () => {
    const same = (text: string) => text
    assert.deepStrictEqual(readAnswer(JSON.stringify(review), same), Either.right(review))
    assert.deepStrictEqual(readAnswer(`\n ${JSON.stringify(review, null, 2)}\n`, same), Either.right(review))
  })

  it("is masked text by text, what is wrong with it too", () => {
    const mask = (text: string) => text.replaceAll(/one|no list.*/g, "[masked]")
    assert.deepStrictEqual(
      readAnswer(JSON.stringify(review), mask),
      Either.right({ report: { ...review.report, missing_tasks: ["[masked]", "two"] } })
    )
    const answer = JSON.stringify({ report: { ...review.report, risk_flags: `no list ${"x".repeat(100)}` } })
    assert.deepStrictEqual(
      readAnswer(answer, mask),
      Either.left(["report.risk_flags: expected a list, got \"[masked]\""])
    )
  })

  it("that is nested beyond measure is no review", () => {
    assert.isNotEmpty(wrong("[".repeat(200_000) + "]".repeat(200_000)))
  })

  it("that is not is told everything that is wrong with it", () => {
    assert.deepStrictEqual(wrong("I refuse."), ["answer: is no JSON text"])
    assert.deepStrictEqual(wrong(""), ["answer: is no JSON text"])
    assert.deepStrictEqual(wrong("```json\n{}\n```"), ["answer: is no JSON text"])
    assert.deepStrictEqual(wrong("null"), ["answer: expected an object, got null"])
    assert.deepStrictEqual(
      wrong(JSON.stringify(review.report))[0]?.slice(0, 46),
      "missing_tasks: unknown field \"missing_tasks\"; "
    )
    const { risk_flags: _, ...report } = review.report
    assert.deepStrictEqual(
      wrong(JSON.stringify({ report: { ...report, missing_tasks: "none", test_gaps: ["fine", 5], praise: [] } })),
      [
        "report.praise: unknown field \"praise\"; known here: missing_tasks, dependency_issues, parallelization_suggestions, test_gaps, risk_flags, recommended_task_splits",
        "report.missing_tasks: expected a list, got \"none\"",
        "report.test_gaps[1]: expected a string, got 5",
        "report.risk_flags: is missing: expected a list"
      ]
    )
  })
})
