/** What `codex-runner doctor --json` says. */
import * as Schema from "effect/Schema"
import type { Ended } from "./program.ts"

const Report = Schema.parseJson(Schema.Struct({
  ready: Schema.Boolean,
  checks: Schema.Array(Schema.Struct({
    name: Schema.String,
    state: Schema.Literal("ok", "warning", "failed", "skipped"),
    detail: Schema.String,
    remedy: Schema.NullOr(Schema.String)
  }))
}))

export const reportOf = (ended: Ended) => {
  const { checks, ready } = Schema.decodeUnknownSync(Report, { onExcessProperty: "error" })(ended.stdout)
  return { ready, states: Object.fromEntries(checks.map(({ name, state }) => [name, state])), checks }
}

export const checkNamed = (ended: Ended, name: string) => {
  const check = reportOf(ended).checks.find((one) => one.name === name)
  if (check === undefined) throw new Error(`no check ${name} in ${ended.stdout}`)
  return check
}
