/**
 * Unknown input through a schema: either the value, or every problem at once,
 * each with its path, what was expected in plain words, and what was found.
 *
 * A schema says what it expects by a `message` annotation that completes
 * "expected …" ("a whole number from 1 to 8"); a filter that returns a string
 * says by it, as a sentence of its own, what is wrong.
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { nearest } from "./nearest.ts"
import type { Problem, ProblemArea } from "./Problem.ts"
import { quoted, quotedShort } from "./quoted.ts"

export interface DecodeOptions {
  readonly area: ProblemArea
  /** What a problem of the whole input is said to be about (`request`, a file's name). */
  readonly root: string
}

/** So many are told one by one; of the rest, how many there are. */
const maxProblems = 100

type Path = ReadonlyArray<PropertyKey>

interface Place {
  readonly options: DecodeOptions
  readonly path: Path
  /** What a refinement around the value expects: plainer than the bare type within. */
  readonly expected: string | undefined
  /** The object that the field is in. */
  readonly parent: AST.AST | undefined
}

/** Decodes unknown input, unknown fields being errors at any depth. Never throws. */
export const decode = <A, I>(schema: Schema.Schema<A, I>, options: DecodeOptions) => {
  const parse = ParseResult.decodeUnknownEither(schema, { errors: "all", onExcessProperty: "error" })
  return (input: unknown): Either.Either<A, Arr.NonEmptyReadonlyArray<Problem>> =>
    Either.mapLeft(parse(input), (issue) => {
      const place: Place = { options, path: [], expected: undefined, parent: undefined }
      const problems = collect(issue, place)
      return Arr.isNonEmptyReadonlyArray(problems) ? capped(problems, options) : [problem(place, "is not valid")]
    })
}

/** `["tasks", 2, "timeout_sec"]` as `tasks[2].timeout_sec`. */
const formatPath = (path: Path): string =>
  path.map((segment, index) =>
    typeof segment === "number"
      ? `[${segment}]`
      : /^[A-Za-z_$][\w$]{0,63}$/.test(String(segment))
      ? `${index === 0 ? "" : "."}${String(segment)}`
      : `[${quotedShort(String(segment))}]`
  ).join("")

const capped = (
  problems: Arr.NonEmptyReadonlyArray<Problem>,
  { area, root }: DecodeOptions
): Arr.NonEmptyReadonlyArray<Problem> =>
  problems.length <= maxProblems ? problems : [
    problems[0],
    ...problems.slice(1, maxProblems),
    { area, at: root, message: `and ${problems.length - maxProblems} more problems` }
  ]

const problem = ({ options, path }: Place, message: string): Problem => ({
  area: options.area,
  at: path.length === 0 ? options.root : formatPath(path),
  message
})

const collect = (issue: ParseResult.ParseIssue, place: Place): ReadonlyArray<Problem> => {
  switch (issue._tag) {
    case "Pointer":
      return collect(issue.issue, { ...place, path: place.path.concat(issue.path), expected: undefined })
    case "Transformation":
      return collect(issue.issue, place)
    case "Refinement":
      return collect(issue.issue, { ...place, expected: place.expected ?? messageOf(issue.ast, issue) })
    case "Composite": {
      const within = { ...place, parent: issue.ast }
      return AST.isUnion(issue.ast)
        ? collectUnion(issue, issue.ast, within)
        : issuesOf(issue).flatMap((child) => collect(child, within))
    }
    case "Missing":
      return [problem(place, `is missing: expected ${describe(issue.ast.type, issue)}`)]
    case "Unexpected":
      return [unexpected(place)]
    case "Type": {
      const got = show(issue.actual, place.path)
      if (issue.message !== undefined) {
        return [problem(place, got === undefined ? issue.message : `${issue.message} (got ${got})`)]
      }
      const expected = `expected ${place.expected ?? describe(issue.ast, issue)}`
      return [problem(place, got === undefined ? expected : `${expected}, got ${got}`)]
    }
    case "Forbidden":
      return [problem(place, "can't be decoded here")]
  }
}

const issuesOf = (issue: ParseResult.Composite): ReadonlyArray<ParseResult.ParseIssue> =>
  "_tag" in issue.issues ? [issue.issues] : issue.issues

/** A member that looked inside the value says more than "none of these". */
const collectUnion = (issue: ParseResult.Composite, union: AST.Union, place: Place): ReadonlyArray<Problem> => {
  const inside = issuesOf(issue).find((child) => pointsInside(child))
  if (inside !== undefined) return collect(inside, place)
  const members = union.types.filter((member) => !AST.isUndefinedKeyword(member))
  const notUndefined = issuesOf(issue).filter((child) => child._tag !== "Type" || !AST.isUndefinedKeyword(child.ast))
  const only = members.length === 1 ? notUndefined[0] : undefined
  return collect(only ?? new ParseResult.Type(union, issue.actual), place)
}

const pointsInside = (issue: ParseResult.ParseIssue): boolean => {
  switch (issue._tag) {
    case "Pointer":
      return true
    case "Composite":
      return issuesOf(issue).some(pointsInside)
    case "Refinement":
    case "Transformation":
      return pointsInside(issue.issue)
    default:
      return false
  }
}

const unexpected = (place: Place): Problem => {
  const key = String(place.path.at(-1) ?? "")
  const parent = place.parent
  if (parent === undefined || !AST.isTypeLiteral(parent)) return problem(place, "is one entry too many")
  const rule = parent.indexSignatures[0]
  if (rule !== undefined) {
    // An object with free keys refuses this one: its rule for keys says why.
    const refused = ParseResult.validateEither(Schema.make(rule.parameter))(key)
    const why = Either.isLeft(refused) ? collect(refused.left, { ...place, expected: undefined })[0] : undefined
    return why ?? problem(place, "is not a valid name")
  }
  const known = parent.propertySignatures.map((signature) => String(signature.name))
  const meant = nearest(key, known)
  const hint = meant !== undefined
    ? `: did you mean ${quoted(meant)}?`
    : known.length <= 12
    ? `; known here: ${known.join(", ")}`
    : ""
  return problem(place, `unknown field ${quotedShort(key)}${hint}`)
}

const messageOf = (ast: AST.AST, issue: ParseResult.ParseIssue): string | undefined => {
  const annotation = Option.getOrUndefined(AST.getMessageAnnotation(ast))?.(issue)
  return typeof annotation === "string" ? annotation : undefined
}

/** What the schema expects, as it would be said to a person. */
const describe = (ast: AST.AST, issue: ParseResult.ParseIssue): string => {
  const message = messageOf(ast, issue)
  if (message !== undefined) return message
  switch (ast._tag) {
    case "StringKeyword":
      return "a string"
    case "NumberKeyword":
      return "a number"
    case "BooleanKeyword":
      return "true or false"
    case "Literal":
      return typeof ast.literal === "string" ? quoted(ast.literal) : String(ast.literal)
    case "TupleType":
      return "a list"
    case "TypeLiteral":
      return "an object"
    case "Refinement":
    case "Transformation":
      return describe(ast.from, issue)
    case "Union": {
      const members = ast.types.filter((member) => !AST.isUndefinedKeyword(member))
      return members.map((member) => describe(member, issue)).join(" or ")
    }
    default:
      return "another kind of value"
  }
}

/** Fields whose content is private, or long and of no help. */
const unshown =
  /secret|token|password|passwd|credential|auth|key$|^(command_env|codex_config|prompt|plan_text|repo_context)$/i

/** What was found, in short; nothing where the field may hold a secret. */
const show = (value: unknown, path: Path): string | undefined => {
  if (path.some((segment) => unshown.test(String(segment)))) return undefined
  if (typeof value === "string") return quotedShort(value)
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`
  if (typeof value === "object" && value !== null) return "an object"
  return typeof value === "number" || typeof value === "boolean" || value === null ? String(value) : typeof value
}
