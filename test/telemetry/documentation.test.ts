/** The guide to observability names what there is, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { attribute } from "../../src/telemetry/attributes.ts"
import { levels } from "../../src/telemetry/levels.ts"
import { codes, document, root, rows, section } from "../docs/documents.ts"

const guide = document("docs/observability.md")
const firsts = (heading: string) => rows(section(guide, heading)).flatMap(([first = ""]) => codes(first))

describe("the guide to observability", () => {
  it("has every attribute, of spans or of metrics", () => {
    const ofMetrics = rows(section(guide, "Metrics")).flatMap(([, , , by = ""]) => codes(by))
    assert.sameMembers([...new Set([...firsts("Spans"), ...ofMetrics])], Object.values(attribute))
  })

  it("has every metric with its unit", () => {
    const source = readFileSync(join(root, "src/telemetry/metrics.ts"), "utf8")
    const made = [
      ...source.matchAll(/(counter|seconds)\(\s*"([\w.]+)",(?: \{ description[^}]+\}\),\s*"unit",)?\s*"([^"]+)"/g)
    ]
    const known = made.map(([, kind, name = "", unit = ""]) => `${name} ${kind === "seconds" ? "s" : unit}`)
    const told = rows(section(guide, "Metrics")).map((cells) => cells.slice(0, 2).flatMap(codes).join(" "))
    assert.isAtLeast(known.length, 8)
    assert.sameMembers(told, known)
  })

  it("has every variable that is read", () => {
    const source = ["settings", "observed", "traceContext"]
      .map((name) => readFileSync(join(root, `src/telemetry/${name}.ts`), "utf8")).join("\n")
    const written = source.match(/"(?:OTEL|CODEX)_[A-Z_]+"/g)?.map((name) => name.slice(1, -1)) ?? []
    for (const name of [...written, "TRACEPARENT", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"]) {
      assert.include(guide.text, `\`${name}\``)
    }
  })

  it("has every level", () => {
    const named = codes(section(guide, "Log lines"))
    assert.includeMembers([...named], [...levels])
  })
})
